"""Grants: given, listed, decided upon, taken away; nobody gives what it does not hold."""

import uuid

import pytest

from harness.problems import fields, problem


def grant(by, agent, permission):
    return by.post(f"{agent.path}/permissions", {"permission": permission})


def test_a_grant_is_answered_with_its_row(server, admin):
    agent = server.register()
    answer = grant(admin, agent, "read_weather")
    assert answer.status_code == 201
    row = answer.json()
    terms = {"resource": None, "effect": "allow", "when": None, "not_before": None,
             "expires_at": None, "max_uses": None}
    assert set(row) == {"id", "agent_id", "permission", "created_at", *terms}
    assert {name: row[name] for name in terms} == terms
    assert uuid.UUID(row["id"]).version == 4
    assert (row["agent_id"], row["permission"]) == (agent.agent_id, "read_weather")
    assert admin.get(f"{agent.path}/permissions").json()["items"] == [row]


def test_granting_twice_is_one_grant(server, admin):
    agent = server.register()
    first, second = grant(admin, agent, "read_weather"), grant(admin, agent, "read_weather")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert admin.permissions_of(agent) == {"read_weather"}


def test_a_grant_is_seen_by_the_very_next_request(server, admin):
    agent = server.register()
    for _ in range(20):
        assert agent.get("/data/weather").status_code == 403
        grant(admin, agent, "read_weather")
        assert agent.get("/data/weather").status_code == 200
        admin.take_away(agent, "read_weather")


def test_taken_away_a_permission_bites_at_the_next_request(server, admin):
    agent = server.register_with("read_weather", "read_stock")
    assert agent.get("/data/weather").status_code == 200
    admin.take_away(agent, "read_weather")
    body = problem(agent.get("/data/weather"), 403, "permission_denied")
    assert body["detail"] == "Permission denied"
    assert agent.get("/data/stock").status_code == 200


def test_the_answer_to_a_missing_permission_names_it(server):
    answer = server.register().get("/data/weather")
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="read_weather"' in challenge


def test_taking_away_what_is_not_held_is_not_found(server, admin):
    agent = server.register_with("read_weather")
    problem(admin.delete(f"{agent.path}/permissions/read_stock"), 404, "not_found")
    admin.take_away(agent, "read_weather")
    problem(admin.delete(f"{agent.path}/permissions/read_weather"), 404, "not_found")


def test_taking_away_a_covered_permission_does_not_touch_the_wildcard(server, admin):
    agent = server.register_with("data:*")
    problem(admin.delete(f"{agent.path}/permissions/data:read"), 404, "not_found")
    assert admin.permissions_of(agent) == {"data:*"}


@pytest.mark.parametrize("spelling", ["data:read", "data%3Aread", "data%3aread"])
def test_a_permission_in_a_path_may_be_percent_encoded(server, admin, spelling):
    agent = server.register_with("data:read")
    answer = admin.delete(f"{agent.path}/permissions/{spelling}")
    assert answer.status_code == 204, answer.text
    assert admin.permissions_of(agent) == set()


@pytest.mark.parametrize("permission", [
    "a", "read_weather", "A-b.c_d", "a:b:c:d:e:f:g:h", "*", "a:*", "a:b:*", "s" * 64,
    ":".join(["s" * 62, "t" * 63, "*"]),
])
def test_a_well_formed_permission_can_be_granted(server, admin, permission):
    agent = server.register()
    answer = grant(admin, agent, permission)
    assert answer.status_code == 201, answer.text
    assert admin.permissions_of(agent) == {permission}


@pytest.mark.parametrize("permission", [
    "", " ", "a b", "a::b", ":a", "a:", "a*", "a:*:b", "*:a", "**", "ä", "/a", "a//b", "a/", "a:b*", "a\n",
    "s" * 65, "a:b:c:d:e:f:g:h:i", ":".join(["s" * 64, "t" * 64]), "a'--", "a\x00b", "%61",
], ids=repr)
def test_a_malformed_permission_is_refused(server, admin, permission):
    agent = server.register()
    assert fields(problem(grant(admin, agent, permission), 422, "invalid_argument")) == {"permission"}
    assert admin.permissions_of(agent) == set()


@pytest.mark.parametrize("body", [{}, {"permission": None}, {"permission": 1},
                                  {"permission": ["read_weather"]}], ids=repr)
def test_a_grant_without_a_permission_is_refused(server, admin, body):
    agent = server.register()
    problem(admin.post(f"{agent.path}/permissions", body), 422, "invalid_argument")


@pytest.mark.parametrize("held, asked, decision", [
    ("read_weather", "read_weather", True), ("read_weather", "read_stock", False),
    ("read_weather", "Read_weather", False), ("read_weather", "read_weather:x", False),
    ("read", "read_weather", False),
    ("a:*", "a:b", True), ("a:*", "a:b:c", True), ("a:*", "a", False), ("a:*", "ab", False),
    ("a:*", "b:a", False), ("a:b:*", "a:c", False), ("*", "a", True), ("*", "a:b:c", True),
])
def test_what_a_permission_covers(server, admin, held, asked, decision):
    agent = server.register_with(held)
    answer = admin.get(f"{agent.path}/permissions/{asked}")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["agent_id"], told["permission"]) == (agent.agent_id, asked)
    assert told["decision"] is decision
    assert told["reason"]


def test_a_decision_of_a_suspended_agent_is_no(server, admin):
    agent = server.register_with("read_weather")
    admin.post(f"{agent.path}/suspend")
    assert admin.get(f"{agent.path}/permissions/read_weather").json()["decision"] is False


def test_an_agent_may_ask_what_it_may_do_itself(server):
    agent, other = server.register_with("read_weather"), server.register()
    assert agent.get(f"{agent.path}/permissions/read_weather").json()["decision"] is True
    assert agent.get(f"{agent.path}/permissions/read_stock").json()["decision"] is False
    problem(agent.get(f"{other.path}/permissions/read_stock"), 403, "permission_denied")


def test_a_wildcard_opens_the_data(server):
    agent = server.register_with("*")
    assert agent.get("/data/weather").status_code == 200


class TestNobodyGrantsWhatItDoesNotHold:
    @pytest.mark.parametrize("permission", [
        "read_stock", "read_weather:x", "*", "agentauth:*", "agentauth:permissions:*",
        "agentauth:agents:read", "data:*",
    ])
    def test_more_than_held_is_refused(self, server, admin, permission):
        granter = server.register_with("agentauth:permissions:write", "read_weather", "data:a")
        agent = server.register()
        problem(grant(granter, agent, permission), 403, "permission_denied")
        problem(grant(granter, granter, permission), 403, "permission_denied")
        assert admin.permissions_of(agent) == set()
        assert permission not in admin.permissions_of(granter)

    @pytest.mark.parametrize("permission", [
        "read_weather", "agentauth:permissions:write", "data:*", "data:a", "data:a:b", "data:a:*",
    ])
    def test_what_is_held_can_be_passed_on(self, server, admin, permission):
        granter = server.register_with("agentauth:permissions:write", "read_weather", "data:*")
        agent = server.register()
        assert grant(granter, agent, permission).status_code == 201
        assert admin.permissions_of(agent) == {permission}

    def test_a_permission_lost_can_no_longer_be_passed_on(self, server, admin):
        granter = server.register_with("agentauth:permissions:write", "read_weather")
        assert grant(granter, server.register(), "read_weather").status_code == 201
        admin.take_away(granter, "read_weather")
        problem(grant(granter, server.register(), "read_weather"), 403, "permission_denied")

    def test_an_administrator_may_grant_anything(self, server, admin):
        second = server.register_with("agentauth:*")
        assert grant(second, server.register(), "anything:at:all").status_code == 201
        assert grant(second, server.register(), "*").status_code == 201

    def test_reading_permissions_does_not_let_write_them(self, server, admin):
        reader, agent = server.register_with("agentauth:permissions:read", "a"), server.register()
        problem(grant(reader, agent, "a"), 403, "permission_denied")
        problem(reader.delete(f"{agent.path}/permissions/a"), 403, "permission_denied")
        assert reader.get(f"{agent.path}/permissions").status_code == 200
