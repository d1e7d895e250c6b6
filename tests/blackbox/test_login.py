"""POST /auth/login: a key for a token, and one and the same refusal whatever the cause."""

import time
import uuid

import pytest

from harness import api_keys
from harness.problems import problem
from harness.tokens import decode


def refusal(answer) -> tuple:
    """What a caller can tell a refused login by: all but the request id, the date, and how many
    more it may try."""
    body = problem(answer, 401, "unauthenticated")
    body.pop("request_id")
    headers = {name.lower(): value for name, value in answer.headers.items()
               if name.lower() not in ("x-request-id", "date", "ratelimit", "ratelimit-policy")}
    return body, headers


def test_a_token_lasts_fifteen_minutes_by_default(server):
    answer = server.login(server.register().api_key).json()
    claims = decode(answer["access_token"])[1]
    assert answer["expires_in"] == 900
    assert claims["exp"] - claims["iat"] == 900
    assert abs(claims["iat"] - time.time()) < 60


def test_a_token_is_what_the_contract_says(server):
    agent = server.register()
    header, claims = decode(agent.login())
    assert set(header) == {"alg", "typ", "kid"}
    assert header["alg"] == "HS256"
    assert header["typ"] == "at+jwt"
    assert set(claims) == {"iss", "aud", "sub", "agent_id", "key", "gen", "sid", "iat", "exp", "jti"}
    assert claims["key"] == api_keys.parts(agent.api_key)[0]
    assert claims["sub"] == claims["agent_id"] == agent.agent_id
    assert (claims["iss"], claims["aud"]) == ("agentauth", "agentauth")


def test_every_login_makes_another_token(server):
    agent = server.register()
    identifiers = {decode(agent.login())[1]["jti"] for _ in range(5)}
    assert len(identifiers) == 5


def test_a_token_answer_is_not_to_be_cached(server):
    answer = server.login(server.register().api_key)
    assert "no-store" in answer.headers["Cache-Control"]


def test_every_bad_key_gets_one_and_the_same_answer(server, admin):
    agent, suspended, deleted = (server.register() for _ in range(3))
    assert admin.post(f"{suspended.path}/suspend").status_code == 200
    assert admin.delete(deleted.path).status_code == 204
    spare = agent.post(f"{agent.path}/keys", {}).json()
    assert agent.delete(f"{agent.path}/keys/{spare['key_id']}").status_code == 204
    brief = agent.post(f"{agent.path}/keys", {"expires_in": 1}).json()
    time.sleep(2.1)

    refused = {
        "wrong secret": api_keys.wrong_secret(agent.api_key),
        "unknown": api_keys.unknown(),
        "revoked": spare["api_key"],
        "expired": brief["api_key"],
        "of a suspended agent": suspended.api_key,
        "of a deleted agent": deleted.api_key,
        "bad checksum": api_keys.wrong_checksum(agent.api_key),
        "any other text": "hello",
        "empty": "",
        "a token": agent.token,
        "upper case": agent.api_key.upper(),
        "with a blank": agent.api_key + " ",
        "with a NUL": agent.api_key + "\0",
        "very long": "aa_" + "x" * 5000,
        "not ASCII": "aa_☀",
    }
    logins = {name: server.login(key) for name, key in refused.items()}
    # A text of a key's form is counted by its key too, whether there is such a key or not.
    policies = {logins[name].headers["RateLimit-Policy"]
                for name in ("wrong secret", "unknown", "revoked", "of a deleted agent")}
    assert len(policies) == 1, "a key that is unknown is counted otherwise"
    answers = {name: refusal(answer) for name, answer in logins.items()}
    body, headers = answers["wrong secret"]
    assert body["detail"] == "Invalid credentials"
    for name, answer in answers.items():
        assert answer == (body, headers), f"a key that is {name} is told apart"
    assert server.login(agent.api_key).status_code == 200


@pytest.mark.parametrize("key", [None, 7, True, ["aa"], {"aa": "b"}], ids=repr)
def test_a_key_that_is_no_string_is_invalid(server, key):
    problem(server.post("/auth/login", {"api_key": key}), 422, "invalid_argument")


def test_a_login_without_a_key_is_invalid(server):
    problem(server.post("/auth/login", {}), 422, "invalid_argument")


@pytest.mark.parametrize("extra", ["agent_id", "expires_in", "password", "permissions"])
def test_a_field_that_login_does_not_know_is_refused(server, extra):
    body = {"api_key": server.register().api_key, extra: str(uuid.uuid4())}
    problem(server.post("/auth/login", body), 400, "malformed_request")


def test_resumed_an_agent_may_log_in_again(server, admin):
    agent = server.register()
    admin.post(f"{agent.path}/suspend")
    problem(server.login(agent.api_key), 401, "unauthenticated")
    admin.post(f"{agent.path}/resume")
    assert server.login(agent.api_key).status_code == 200


def test_the_lifetime_of_tokens_can_be_configured(launch):
    server = launch("--token-ttl", "120")
    answer = server.login(server.register().api_key).json()
    assert answer["expires_in"] == 120
    claims = decode(answer["access_token"])[1]
    assert claims["exp"] - claims["iat"] == 120


def test_issuer_and_audience_can_be_configured(launch):
    server = launch("--issuer", "https://auth.example.com", "--audience", "https://api.example.com")
    agent = server.register_with("read_weather")
    claims = decode(agent.token)[1]
    assert (claims["iss"], claims["aud"]) == ("https://auth.example.com", "https://api.example.com")
    assert agent.get("/data/weather").status_code == 200


def test_tokens_outlive_a_restart(launch):
    server = launch()
    agent = server.register_with("read_weather")
    assert agent.get("/data/weather").status_code == 200
    server.restart()
    assert agent.get("/data/weather").status_code == 200


def test_a_wrong_secret_is_refused_without_bcrypt(launch):
    """At cost 12 one bcrypt takes far more than the average these refusals may take."""
    server = launch("--bcrypt-cost", "12")
    agent = server.register()
    begin = time.monotonic()
    for _ in range(50):
        assert server.login(api_keys.wrong_secret(agent.api_key)).status_code == 401
    assert (time.monotonic() - begin) / 50 < 0.1
