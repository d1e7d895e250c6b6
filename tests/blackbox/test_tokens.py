"""Access tokens forged with HMAC code of our own: what the verifier must refuse.

The server runs with a configured secret that the tests know, so every token below is signed
right; what is wrong is only what the name of the case says.
"""

import base64
import hashlib
import hmac
import json
import time

import pytest

from harness.problems import problem
from harness.raw import raw_call, request
from harness.tokens import KID, SECRET, base64url, claims, header, sign

NOW = int(time.time())
YEAR = 31_536_000
NOBODY = "6f1d3c52-8d0a-4c39-9a53-0e4a8f6b2d71"


def numbered(changes: list) -> dict:
    """Names of cases that are the same in every process, whatever the time."""
    return {"argvalues": changes, "ids": [f"{number}-{'-'.join(change)}"
                                          for number, change in enumerate(changes)]}


@pytest.fixture(scope="module")
def module_options():
    return "--signing-secret", SECRET


@pytest.fixture(scope="module")
def agent(module_server):
    return module_server.register_with("read_weather")


def weather(server, token):
    return server.get("/data/weather", token=token)


def refused(server, token):
    answer = weather(server, token)
    problem(answer, 401, "unauthenticated")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_made_by_the_book_is_accepted(server, agent):
    assert weather(server, sign(header(), claims(agent))).status_code == 200


def test_the_audience_may_be_a_list_that_names_us(server, agent):
    token = sign(header(), claims(agent, aud=["other", "agentauth"]))
    assert weather(server, token).status_code == 200


def test_our_own_tokens_carry_the_configured_key(server, agent):
    head = json.loads(base64.urlsafe_b64decode(agent.login().split(".")[0] + "=="))
    assert head["kid"] == KID


@pytest.mark.parametrize("change", [
    {"alg": "none"}, {"alg": "None"}, {"alg": "NONE"}, {"alg": "nOnE"}, {"alg": "hs256"},
    {"alg": "Hs256"}, {"alg": "HS256 "}, {"alg": ""}, {"alg": None}, {"alg": "HS384"},
    {"alg": "HS512"}, {"alg": "RS256"}, {"alg": "ES256"}, {"alg": "EdDSA"}, {"alg": ["HS256"]},
    {"alg": 256}, {"alg": {"HS256": 1}}, {"alg": "HS256\0"}, {"alg": True},
    {"kid": None}, {"kid": ""}, {"kid": "other"}, {"kid": KID.upper()}, {"kid": KID + " "},
    {"kid": 0}, {"kid": [KID]}, {"kid": "../../dev/null"}, {"kid": "' OR 1=1--"},
    {"kid": NOBODY}, {"kid": KID + "\0"},
    {"typ": None}, {"typ": "JWT"}, {"typ": ""}, {"typ": "at+jwt;x"}, {"typ": "rt+jwt"},
    {"typ": "jwt"}, {"typ": ["at+jwt"]}, {"typ": 1}, {"typ": "at+jwt "},
    {"crit": ["exp"]}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"crit": "exp"},
], ids=repr)
def test_a_header_that_is_not_ours_is_refused(server, agent, change):
    refused(server, sign(header(**change), claims(agent)))


@pytest.mark.parametrize("change", [{"jwk": {"kty": "oct", "k": "AAAA"}}, {"jku": "https://evil/"},
                                    {"x5u": "https://evil/"}], ids=repr)
def test_a_key_offered_by_the_token_is_never_used(server, agent, change):
    other = "a secret the server does not know, of 40 bytes"
    refused(server, sign(header(**change), claims(agent), secret=other))


@pytest.mark.parametrize("change", **numbered([
    {"exp": None}, {"exp": NOW - 300}, {"exp": 0}, {"exp": -1}, {"exp": NOW + YEAR},
    {"exp": NOW + 86_400}, {"exp": 2**63}, {"exp": 10**40}, {"exp": 1e300}, {"exp": str(NOW + 300)},
    {"exp": [NOW + 300]}, {"exp": True}, {"exp": {}}, {"exp": NOW + 300, "iat": NOW - YEAR},
    {"iat": None}, {"iat": NOW + 3600, "exp": NOW + 3700}, {"iat": "now"}, {"iat": -(2**63)},
    {"iat": NOW + 600, "exp": NOW + 300},
    {"nbf": NOW + YEAR}, {"nbf": "soon"}, {"nbf": 2**70},
    {"iss": None}, {"iss": ""}, {"iss": "AgentAuth"}, {"iss": "agentauth "}, {"iss": "evil"},
    {"iss": ["agentauth"]}, {"iss": "agentauth\0"}, {"iss": 1},
    {"aud": None}, {"aud": ""}, {"aud": []}, {"aud": "other"}, {"aud": ["other"]}, {"aud": "Agentauth"},
    {"aud": "agentauth2"}, {"aud": {"agentauth": 1}}, {"aud": [["agentauth"]]}, {"aud": "*"},
    {"sub": None}, {"sub": ""}, {"sub": NOBODY}, {"sub": "x"}, {"sub": 1},
    {"agent_id": NOBODY}, {"agent_id": None}, {"agent_id": ""}, {"agent_id": 1},
    {"key": None}, {"key": ""}, {"key": "4fJx0Zk2QmP1"}, {"key": 1}, {"key": "x" * 13}, {"key": []},
]))
def test_claims_that_do_not_hold_are_refused(server, agent, change):
    refused(server, sign(header(), claims(agent, **change)))


def test_a_token_of_an_agent_that_does_not_exist_is_refused(server, agent):
    refused(server, sign(header(), claims(agent, sub=NOBODY, agent_id=NOBODY)))


def test_a_token_cannot_outlive_the_configured_lifetime(server, agent):
    """The verifier bounds it too, not only the issuer: here 900 s and a day."""
    now = int(time.time())
    refused(server, sign(header(), claims(agent, iat=now, exp=now + 86_400)))
    refused(server, sign(header(), claims(agent, iat=now - 86_400, exp=now + 300)))


def test_a_token_by_the_key_of_another_agent_is_refused(server, agent):
    other = claims(server.register())["key"]
    refused(server, sign(header(), claims(agent, key=other)))


@pytest.mark.parametrize("secret", ["", "\0", "secret", SECRET[:-1], SECRET + "x", SECRET.upper(),
                                    base64url(SECRET.encode())])
def test_another_secret_is_refused(server, agent, secret):
    refused(server, sign(header(), claims(agent), secret=secret))


@pytest.mark.parametrize("digest", [hashlib.sha1, hashlib.sha384, hashlib.sha512, hashlib.md5])
def test_another_digest_is_refused(server, agent, digest):
    refused(server, sign(header(), claims(agent), digest=digest))


def spoilt(token: str) -> dict:
    """One good token, spoilt in many ways."""
    head, body, mac = token.split(".")
    return {
        "no signature": f"{head}.{body}.", "two segments": f"{head}.{body}", "one": head,
        "four segments": f"{token}.{mac}", "five (JWE)": f"{head}.{body}.{mac}.{mac}.{mac}",
        "empty header": f".{body}.{mac}", "empty body": f"{head}..{mac}", "dots": "..",
        "trailing dot": token + ".", "leading dot": "." + token,
        "padding": f"{head}==.{body}.{mac}", "padded signature": f"{token}=",
        "padded body": f"{head}.{body}=.{mac}", "trailing letter": token + "A",
        "trailing garbage": token + "%00", "signature cut": token[:-4],
        "signature first": f"{mac}.{body}.{head}",
        "standard base64": f"{head}.{body}.{mac[:-1]}+", "slash": f"{head}.{body}.{mac[:-1]}/",
        "hex signature": f"{head}.{body}." + base64.urlsafe_b64decode(mac + "==").hex(),
        "zero signature": f"{head}.{body}." + base64url(bytes(32)),
        "a flipped bit of the body": f"{head}.{body[:-1]}{'A' if body[-1] != 'A' else 'E'}.{mac}",
        "another signature of the same bytes": token[:-1] + _other_tail(token[-1]),
    }


def _other_tail(last: str) -> str:
    """A last letter whose spare bits differ: the same 32 bytes to a lenient decoder."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(last) ^ 1]


@pytest.mark.parametrize("case", list(spoilt("a.b.cA")))
def test_a_spoilt_token_is_refused(server, agent, case):
    token = sign(header(), claims(agent))
    answer = weather(server, spoilt(token)[case])
    assert answer.status_code == 401, case
    assert weather(server, token).status_code == 200


@pytest.mark.parametrize("head, body", [
    ('{"alg":"none","alg":"HS256","typ":"at+jwt","kid":"configured"}', None),
    ('{"alg":"HS256","alg":"HS256","typ":"at+jwt","kid":"configured"}', None),
    ('{"alg":"HS256","typ":"at+jwt","kid":"other","kid":"configured"}', None),
    ('{"alg":"HS256","typ":"at+jwt","kid":"configured"', None),
    ('{"alg":"HS256","typ":"at+jwt","kid":"configured"}x', None),
    ('{"alg":"HS256","typ":"at+jwt","kid":"configured",}', None),
    ("[]", None), ("null", None), ("", None), ('"HS256"', None), ("{}", None),
    (None, "exp twice"), (None, "sub twice"), (None, "escaped twice"), (None, "garbage after"),
    (None, "[]"), (None, "null"), (None, ""), (None, "{}"), (None, "not utf-8"),
], ids=repr)
def test_json_that_can_be_read_in_two_ways_is_refused(server, agent, head, body):
    good = json.dumps(claims(agent))
    bodies = {
        "exp twice": good[:-1] + f', "exp": {NOW + 300}}}',
        "sub twice": '{"sub": "' + NOBODY + '", ' + good[1:],
        "escaped twice": good[:-1] + f', "e\\u0078p": {NOW + 300}}}',
        "garbage after": good + "{}",
        "not utf-8": good[:-1] + ', "x": "\udcff"}',
    }
    text = bodies.get(body, body)
    if body == "not utf-8":
        signed = sign_bytes(json.dumps(header()).encode(), text.encode("utf-8", "surrogateescape"))
    else:
        signed = sign(head if head is not None else header(), good if body is None else text)
    assert weather(server, signed).status_code == 401


def sign_bytes(head: bytes, body: bytes) -> str:
    signed = f"{base64url(head)}.{base64url(body)}"
    return signed + "." + base64url(hmac.digest(SECRET.encode(), signed.encode(), "sha256"))


def test_a_token_of_more_than_8_kib_is_refused_however_right(server, agent):
    token = sign(header(), claims(agent, padding="x" * 7000))
    assert len(token) > 8192
    answer = raw_call(server, request("GET", "/data/weather", f"Authorization: Bearer {token}"))
    assert answer.status in (401, 431)


def test_a_remembered_token_is_not_accepted_with_other_bytes(server, agent):
    """Verified tokens may be remembered; the memory goes by the whole token."""
    token = sign(header(), claims(agent))
    for _ in range(3):
        assert weather(server, token).status_code == 200
    for position in range(0, len(token), 7):
        other = "A" if token[position] != "A" else "B"
        assert weather(server, token[:position] + other + token[position + 1:]).status_code == 401


def test_a_remembered_token_ends_with_its_time(server, agent):
    now = int(time.time())
    token = sign(header(), claims(agent, iat=now - 60, exp=now + 2))
    assert weather(server, token).status_code == 200
    deadline = time.monotonic() + 70  # leeway for clocks is allowed, a minute at most
    while weather(server, token).status_code == 200:
        assert time.monotonic() < deadline, "a remembered token outlived its exp"
        time.sleep(0.5)


def test_two_tokens_in_one_request_are_none(server, agent):
    token = sign(header(), claims(agent))
    line = f"Authorization: Bearer {token}"
    assert raw_call(server, request("GET", "/data/weather", line, line)).status in (400, 401)


def test_a_token_of_one_audience_opens_nothing_at_another(server, agent, launch):
    other = launch("--signing-secret", SECRET, "--audience", "elsewhere")
    stranger = other.register_with("read_weather")
    assert stranger.get("/data/weather").status_code == 200
    refused(server, sign(header(), claims(agent, aud="elsewhere")))
    refused(other, sign(header(), claims(stranger)))
