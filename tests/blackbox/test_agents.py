"""Administration of agents: read, change, suspend, resume, delete, and oneself."""

import re

import pytest

from harness.problems import fields, problem

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
NOBODY = "6f1d3c52-8d0a-4c39-9a53-0e4a8f6b2d71"
MEMBERS = {"agent_id", "agent_name", "owner_email", "status", "labels", "created_at", "updated_at"}


def test_an_agent_is_told_completely_and_without_secrets(server, admin):
    agent = server.register(name="Teller", owner="teller@example.com")
    told = admin.get(agent.path).json()
    assert set(told) == MEMBERS
    assert told["agent_id"] == agent.agent_id
    assert (told["agent_name"], told["owner_email"]) == ("Teller", "teller@example.com")
    assert TIME.fullmatch(told["created_at"]) and TIME.fullmatch(told["updated_at"])


def test_an_agent_may_always_ask_who_it_is(server):
    agent = server.register(name="Myself")
    told = agent.get("/agents/me")
    assert told.status_code == 200
    assert set(told.json()) == MEMBERS
    assert told.json()["agent_id"] == agent.agent_id


@pytest.mark.parametrize("member", ["agent_id", "agent_name", "owner_email", "labels", "status"])
def test_me_and_my_page_tell_the_same(server, admin, member):
    agent = server.register()
    assert agent.get("/agents/me").json()[member] == admin.get(agent.path).json()[member]


@pytest.mark.parametrize("identifier", [
    NOBODY, "no-uuid", "0", "a" * 36, "%00", "x" * 500,
    "00000000-0000-0000-0000-000000000000",
])
def test_an_agent_that_does_not_exist_is_not_found(admin, identifier):
    assert admin.get(f"/agents/{identifier}").status_code in (400, 404)
    if "%" not in identifier:
        problem(admin.get(f"/agents/{identifier}"), 404, "not_found")
        problem(admin.patch(f"/agents/{identifier}", {"agent_name": "x"}), 404, "not_found")
        problem(admin.post(f"/agents/{identifier}/suspend"), 404, "not_found")
        problem(admin.post(f"/agents/{identifier}/resume"), 404, "not_found")
        problem(admin.delete(f"/agents/{identifier}"), 404, "not_found")
        problem(admin.get(f"/agents/{identifier}/permissions"), 404, "not_found")
        problem(admin.get(f"/agents/{identifier}/keys"), 404, "not_found")
        problem(admin.post(f"/agents/{identifier}/keys", {}), 404, "not_found")
        problem(admin.post(f"/agents/{identifier}/permissions", {"permission": "a"}), 404)


def test_name_owner_and_labels_can_be_changed(server, admin):
    agent = server.register()
    change = {"agent_name": "Renamed", "owner_email": "new@example.com",
              "labels": {"team": "blue", "region": "eu ☀"}}
    answer = admin.patch(agent.path, change)
    assert answer.status_code == 200
    told = admin.get(agent.path).json()
    assert answer.json() == told
    assert {name: told[name] for name in change} == change


def test_a_change_leaves_alone_what_it_does_not_name(server, admin):
    agent = server.register(name="Keep", owner="keep@example.com")
    admin.patch(agent.path, {"labels": {"a": "b"}})
    admin.patch(agent.path, {"agent_name": "Changed"})
    told = admin.get(agent.path).json()
    assert told["owner_email"] == "keep@example.com"
    assert told["labels"] == {"a": "b"}
    assert told["agent_name"] == "Changed"


def test_labels_can_be_emptied(server, admin):
    agent = server.register()
    admin.patch(agent.path, {"labels": {"a": "b"}})
    assert admin.patch(agent.path, {"labels": {}}).json()["labels"] == {}


def test_an_agent_takes_32_labels_and_not_one_more(server, admin):
    agent = server.register()
    labels = {f"label{number}": "value" for number in range(32)}
    assert admin.patch(agent.path, {"labels": labels}).json()["labels"] == labels
    body = problem(admin.patch(agent.path, {"labels": {**labels, "more": "x"}}), 422)
    assert any(field.startswith("labels") for field in fields(body))
    assert admin.get(agent.path).json()["labels"] == labels


@pytest.mark.parametrize("change", [
    {"labels": {"a": 1}}, {"labels": {"a": None}}, {"labels": ["a"]}, {"labels": "a"},
    {"labels": {"a": {"b": "c"}}}, {"agent_name": ""}, {"agent_name": "n" * 129},
    {"agent_name": 5}, {"owner_email": "nobody"}, {"owner_email": 5},
], ids=repr)
def test_a_bad_change_changes_nothing(server, admin, change):
    agent = server.register()
    before = admin.snapshot(agent)
    problem(admin.patch(agent.path, {"agent_name": "Half", **change}), 422, "invalid_argument")
    assert admin.snapshot(agent) == before


@pytest.mark.parametrize("field, value", [
    ("status", "suspended"), ("agent_id", NOBODY), ("created_at", "2020-01-01T00:00:00Z"),
    ("permissions", ["agentauth:*"]), ("api_key", "x"),
])
def test_a_change_cannot_reach_other_fields(server, admin, field, value):
    agent = server.register()
    before = admin.snapshot(agent)
    problem(admin.patch(agent.path, {"agent_name": "Half", field: value}), 400)
    assert admin.snapshot(agent) == before


def test_suspended_bites_at_the_next_request(server, admin):
    agent = server.register_with("read_weather")
    assert agent.get("/data/weather").status_code == 200
    answer = admin.post(f"{agent.path}/suspend")
    assert answer.status_code == 200 and answer.json()["status"] == "suspended"
    problem(agent.get("/data/weather"), 401, "unauthenticated")
    problem(agent.get("/agents/me"), 401, "unauthenticated")
    problem(server.login(agent.api_key), 401, "unauthenticated")


def test_resumed_an_agent_may_do_what_it_could_before(server, admin):
    agent = server.register_with("read_weather")
    assert agent.get("/data/weather").status_code == 200
    admin.post(f"{agent.path}/suspend")
    answer = admin.post(f"{agent.path}/resume")
    assert answer.status_code == 200 and answer.json()["status"] == "active"
    assert agent.get("/data/weather").status_code == 200


@pytest.mark.parametrize("verb, status", [("suspend", "suspended"), ("resume", "active")])
def test_suspending_or_resuming_twice_is_no_error(server, admin, verb, status):
    agent = server.register()
    for _ in range(2):
        answer = admin.post(f"{agent.path}/{verb}")
        assert answer.status_code == 200
        assert answer.json()["status"] == status


def test_deleted_an_agent_is_gone_with_all_it_had(server, admin):
    agent = server.register_with("read_weather")
    assert agent.get("/data/weather").status_code == 200
    answer = admin.delete(agent.path)
    assert answer.status_code == 204 and answer.content == b""
    problem(agent.get("/data/weather"), 401, "unauthenticated")
    problem(server.login(agent.api_key), 401, "unauthenticated")
    for path in (agent.path, f"{agent.path}/keys", f"{agent.path}/permissions"):
        problem(admin.get(path), 404, "not_found")
    problem(admin.delete(agent.path), 404, "not_found")


def test_a_suspended_administrator_is_no_administrator(server, admin):
    other = server.register_with("agentauth:*")
    assert other.get("/agents").status_code == 200
    admin.post(f"{other.path}/suspend")
    problem(other.get("/agents"), 401, "unauthenticated")


@pytest.mark.parametrize("permission, allowed", [
    ("agentauth:agents:read", True), ("agentauth:agents:*", True), ("agentauth:*", True), ("*", True),
    ("agentauth:agents:write", False), ("agentauth:agents", False), ("agentauth:keys:read", False),
    ("agentauth:agents:read:more", False), ("Agentauth:agents:read", False),
])
def test_reading_agents_takes_the_permission_to_read_agents(server, permission, allowed):
    agent = server.register_with(permission)
    assert agent.get("/agents").status_code == (200 if allowed else 403)


def test_reading_agents_does_not_let_write_them(server, admin):
    reader, victim = server.register_with("agentauth:agents:read"), server.register()
    before = admin.snapshot(victim)
    problem(reader.patch(victim.path, {"agent_name": "x"}), 403, "permission_denied")
    problem(reader.post(f"{victim.path}/suspend"), 403, "permission_denied")
    problem(reader.delete(victim.path), 403, "permission_denied")
    assert admin.snapshot(victim) == before


def test_an_agent_cannot_change_itself(server, admin):
    agent = server.register()
    before = admin.snapshot(agent)
    problem(agent.patch(agent.path, {"agent_name": "x"}), 403, "permission_denied")
    problem(agent.delete(agent.path), 403, "permission_denied")
    assert admin.snapshot(agent) == before
