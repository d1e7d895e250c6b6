"""POST /agents/register: what it takes, what it refuses, and who may use it in which mode."""

import uuid

import pytest

from harness import api_keys
from harness.problems import fields, problem

GOOD = {"agent_name": "WeatherBot", "owner_email": "ada@example.com"}


def register(server, **changes):
    body = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    return server.post("/agents/register", body)


def test_registering_answers_an_id_and_a_key(server):
    answer = register(server)
    assert answer.status_code == 201
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    assert set(answer.json()) == {"agent_id", "api_key"}
    assert uuid.UUID(answer.json()["agent_id"]).version == 4


def test_a_key_carries_the_checksum_of_all_before_it(server):
    key = server.register().api_key
    assert key == api_keys.assemble(*api_keys.parts(key)[:2])


def test_two_agents_of_one_name_are_two_agents(server):
    first, second = register(server).json(), register(server).json()
    assert first["agent_id"] != second["agent_id"]
    assert first["api_key"] != second["api_key"]


def test_a_new_agent_has_no_permission_at_all(server, admin):
    agent = server.register()
    assert admin.permissions_of(agent) == set()
    for path in ("/data/weather", "/data/stock", "/agents"):
        problem(agent.get(path), 403, "permission_denied")


def test_what_was_registered_is_what_is_kept(server, admin):
    answer = register(server, agent_name="Ünïcode ☀ bot", owner_email="Ada.L+bots@example.co.uk")
    kept = admin.get(f"/agents/{answer.json()['agent_id']}").json()
    assert kept["agent_name"] == "Ünïcode ☀ bot"
    assert kept["owner_email"] == "Ada.L+bots@example.co.uk"
    assert kept["status"] == "active"
    assert kept["labels"] == {}


@pytest.mark.parametrize("name", ["a", "n" * 128, "☀" * 128, "with spaces and 'quotes'",
                                  "Robert'); DROP TABLE agents;--"])
def test_a_name_of_1_to_128_characters_is_accepted(server, admin, name):
    answer = register(server, agent_name=name)
    assert answer.status_code == 201, answer.text
    assert admin.get(f"/agents/{answer.json()['agent_id']}").json()["agent_name"] == name


@pytest.mark.parametrize("field, value", [
    ("agent_name", ...), ("agent_name", None), ("agent_name", ""), ("agent_name", "n" * 129),
    ("agent_name", "☀" * 129), ("agent_name", "line\nbreak"), ("agent_name", "nul\x00byte"),
    ("agent_name", "del\x7f"), ("agent_name", " "), ("agent_name", " lead"), ("agent_name", "tail "),
    ("agent_name", "escape\x9b31m"), ("agent_name", "\u202enimda"), ("agent_name", "zero\u200bwidth"),
    ("agent_name", 7), ("agent_name", ["a"]), ("agent_name", {}),
    ("agent_name", True),
    ("owner_email", ...), ("owner_email", None), ("owner_email", ""), ("owner_email", "ada"),
    ("owner_email", "ada@"), ("owner_email", "@example.com"), ("owner_email", "a b@example.com"),
    ("owner_email", "ada@exam\nple.com"), ("owner_email", "a@b@example.com"),
    ("owner_email", "ada@example..com"), ("owner_email", ".ada@example.com"),
    ("owner_email", "ada@-example.com"),
    ("owner_email", "a" * 243 + "@example.com"), ("owner_email", 1.5),
], ids=repr)
def test_a_field_out_of_bounds_is_named(server, field, value):
    body = problem(register(server, **{field: value}), 422, "invalid_argument")
    assert fields(body) == {field}


def test_every_bad_field_is_named_at_once(server):
    body = problem(server.post("/agents/register", {}), 422, "invalid_argument")
    assert fields(body) == {"agent_name", "owner_email"}


@pytest.mark.parametrize("extra", [
    {"status": "active"}, {"agent_id": "6f1d3c52-8d0a-4c39-9a53-0e4a8f6b2d71"}, {"permissions": ["agentauth:*"]},
    {"api_key": "aa_mine"}, {"labels": {"team": "a"}}, {"Agent_Name": "again"},
], ids=lambda extra: next(iter(extra)))
def test_a_field_that_registration_does_not_know_is_refused(server, admin, extra):
    before = admin.get("/agents?limit=1000").json()["items"]
    problem(register(server, **extra), 400, "malformed_request")
    assert len(admin.get("/agents?limit=1000").json()["items"]) == len(before)


def test_closed_registration_refuses_everybody_without_permission(launch):
    server = launch("--registration", "closed")
    problem(register(server), 403, "registration_closed")
    nobody = server.administrator().post("/agents/register", GOOD)  # made by an administrator
    assert nobody.status_code == 201
    without = server.login(nobody.json()["api_key"]).json()["access_token"]
    answer = server.post("/agents/register", GOOD, token=without)
    assert answer.status_code == 403


def test_closed_registration_admits_who_may_write_agents(launch):
    server = launch("--registration", "closed")
    admin = server.administrator()
    assert admin.post("/agents/register", GOOD).status_code == 201
    registrar = admin.post("/agents/register", GOOD).json()
    granted = admin.post(f"/agents/{registrar['agent_id']}/permissions",
                         {"permission": "agentauth:agents:write"})
    assert granted.status_code == 201
    token = server.login(registrar["api_key"]).json()["access_token"]
    assert server.post("/agents/register", GOOD, token=token).status_code == 201


def test_token_registration_wants_the_registration_token(launch):
    token = "registration-token-of-the-blackbox-tests"
    server = launch("--registration", "token", "--registration-token", token)
    for presented in (None, "wrong-" + token, token[:-1], token + "x", token.upper()):
        assert server.post("/agents/register", GOOD, token=presented).status_code in (401, 403)
    assert server.post("/agents/register", GOOD, token=token).status_code == 201
    # An administrator needs no registration token.
    assert server.administrator().post("/agents/register", GOOD).status_code == 201


def test_the_registration_token_opens_nothing_else(launch):
    token = "registration-token-of-the-blackbox-tests"
    server = launch("--registration", "token", "--registration-token", token)
    problem(server.get("/agents", token=token), 401, "unauthenticated")
    problem(server.get("/data/weather", token=token), 401, "unauthenticated")


def test_the_registration_token_may_come_from_a_file(launch, tmp_path):
    token = "registration-token-of-the-blackbox-tests"
    (tmp_path / "token").write_text(token + "\n")
    server = launch("--registration", "token", "--registration-token-file", tmp_path / "token")
    assert server.post("/agents/register", GOOD, token=token).status_code == 201
    assert server.post("/agents/register", GOOD).status_code in (401, 403)
