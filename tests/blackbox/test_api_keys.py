"""Several keys per agent: made, listed, expired, revoked, by the agent itself or by who may."""

import time
import uuid
from datetime import datetime, timedelta

import pytest

from harness import api_keys
from harness.problems import fields, problem

MEMBERS = {"key_id", "kid", "name", "status", "created_at", "expires_at", "revoked_at", "not_before",
           "allowed_cidrs", "permissions", "last_used_at", "last_used_address"}


def create_key(by, agent, **body):
    return by.post(f"{agent.path}/keys", body)


def test_registration_gives_one_active_key(server, admin):
    agent = server.register()
    (key,) = admin.keys_of(agent)
    assert set(key) == MEMBERS
    assert key["status"] == "active"
    assert key["kid"] == api_keys.parts(agent.api_key)[0]
    assert uuid.UUID(key["key_id"]).version == 4
    assert key["expires_at"] is None and key["revoked_at"] is None


def test_a_new_key_is_shown_once(server, admin):
    agent = server.register()
    answer = create_key(admin, agent, name="second")
    assert answer.status_code == 201
    created = answer.json()
    assert set(created) == MEMBERS | {"api_key", "agent_id"}
    assert (created["agent_id"], created["name"]) == (agent.agent_id, "second")
    listed = {key["key_id"]: key for key in admin.keys_of(agent)}
    assert set(listed[created["key_id"]]) == MEMBERS


def test_every_key_of_an_agent_logs_it_in(server, admin):
    agent = server.register()
    keys = [agent.api_key] + [create_key(admin, agent).json()["api_key"] for _ in range(3)]
    assert len(set(keys)) == 4
    for key in keys:
        assert server.login(key).status_code == 200
    assert len(admin.keys_of(agent)) == 4


def test_a_key_that_expires_stops_working_at_its_time(server, admin):
    agent = server.register()
    created = create_key(agent, agent, expires_in=2).json()
    assert server.login(created["api_key"]).status_code == 200
    time.sleep(2.1)
    problem(server.login(created["api_key"]), 401, "unauthenticated")
    statuses = {key["key_id"]: key["status"] for key in admin.keys_of(agent)}
    assert statuses[created["key_id"]] == "expired"
    assert server.login(agent.api_key).status_code == 200


def test_the_time_of_expiry_is_told(server):
    agent = server.register()
    created = create_key(agent, agent, expires_in=3600).json()
    times = [datetime.fromisoformat(created[name].replace("Z", "+00:00"))
             for name in ("created_at", "expires_at")]
    assert abs(times[1] - times[0] - timedelta(hours=1)) < timedelta(seconds=2)


@pytest.mark.parametrize("seconds", [1, 31536000, 315360000])
def test_a_lifetime_within_bounds_is_accepted(server, seconds):
    agent = server.register()
    assert create_key(agent, agent, expires_in=seconds).status_code == 201


@pytest.mark.parametrize("body", [
    {"expires_in": 0}, {"expires_in": -1}, {"expires_in": 315360001}, {"expires_in": 1e30},
    {"expires_in": 1.5}, {"expires_in": "60"}, {"expires_in": True},
    {"name": "n" * 129}, {"name": 5}, {"name": "line\nbreak"},
], ids=repr)
def test_a_key_out_of_bounds_is_not_made(server, admin, body):
    agent = server.register()
    complaint = problem(create_key(admin, agent, **body), 422, "invalid_argument")
    assert fields(complaint) == set(body)
    assert len(admin.keys_of(agent)) == 1


def test_a_key_may_be_made_with_an_empty_object_or_no_body_at_all(server, admin):
    agent = server.register()
    assert admin.post(f"{agent.path}/keys", {}).status_code == 201
    assert admin.post(f"{agent.path}/keys").status_code in (201, 400)


@pytest.mark.parametrize("extra", ["api_key", "kid", "hash", "agent_id", "revoked_at", "status"])
def test_a_caller_cannot_choose_what_a_key_is(server, admin, extra):
    agent = server.register()
    problem(create_key(admin, agent, **{extra: "mine"}), 400, "malformed_request")
    assert len(admin.keys_of(agent)) == 1


def test_a_revoked_key_stops_working_at_once(server, admin):
    agent = server.register()
    created = create_key(agent, agent).json()
    assert server.login(created["api_key"]).status_code == 200
    answer = admin.delete(f"{agent.path}/keys/{created['key_id']}")
    assert answer.status_code == 204 and answer.content == b""
    problem(server.login(created["api_key"]), 401, "unauthenticated")
    (revoked,) = [key for key in admin.keys_of(agent) if key["key_id"] == created["key_id"]]
    assert revoked["status"] == "revoked" and revoked["revoked_at"]
    assert server.login(agent.api_key).status_code == 200


def test_the_tokens_of_a_revoked_key_end_with_the_next_request(server, admin):
    agent = server.register()
    created = create_key(agent, agent).json()
    token = server.login(created["api_key"]).json()["access_token"]
    assert server.get("/agents/me", token=token).status_code == 200
    admin.delete(f"{agent.path}/keys/{created['key_id']}")
    problem(server.get("/agents/me", token=token), 401, "unauthenticated")
    assert agent.get("/agents/me").status_code == 200


def test_the_tokens_of_a_key_end_when_it_expires(server):
    agent = server.register()
    token = server.login(create_key(agent, agent, expires_in=2).json()["api_key"])
    token = token.json()["access_token"]
    assert server.get("/agents/me", token=token).status_code == 200
    time.sleep(2.1)
    problem(server.get("/agents/me", token=token), 401, "unauthenticated")


def test_revoking_twice_is_no_error(server):
    agent = server.register()
    path = f"{agent.path}/keys/{create_key(agent, agent).json()['key_id']}"
    assert agent.delete(path).status_code == 204
    assert agent.delete(path).status_code == 204


@pytest.mark.parametrize("key_id", ["6f1d3c52-8d0a-4c39-9a53-0e4a8f6b2d71", "no-uuid"])
def test_a_key_that_does_not_exist_is_not_found(server, key_id):
    agent = server.register()
    problem(agent.delete(f"{agent.path}/keys/{key_id}"), 404, "not_found")


def test_a_key_is_found_only_under_its_own_agent(server, admin):
    agent, other = server.register(), server.register()
    (key,) = admin.keys_of(agent)
    problem(admin.delete(f"{other.path}/keys/{key['key_id']}"), 404, "not_found")
    problem(other.delete(f"{other.path}/keys/{key['key_id']}"), 404, "not_found")
    assert server.login(agent.api_key).status_code == 200


class TestAnAgentAndItsOwnKeys:
    def test_it_may_list_make_and_revoke_them(self, server):
        agent = server.register()
        created = create_key(agent, agent, name="mine")
        assert created.status_code == 201
        listed = agent.get(f"{agent.path}/keys").json()["items"]
        assert created.json()["key_id"] in {key["key_id"] for key in listed}
        assert agent.delete(f"{agent.path}/keys/{created.json()['key_id']}").status_code == 204

    def test_it_may_not_touch_the_keys_of_another(self, server, admin):
        agent, other = server.register(), server.register()
        before = admin.snapshot(other)
        key_id = before["keys"]["items"][0]["key_id"]
        problem(agent.get(f"{other.path}/keys"), 403, "permission_denied")
        problem(create_key(agent, other), 403, "permission_denied")
        problem(agent.delete(f"{other.path}/keys/{key_id}"), 403, "permission_denied")
        assert admin.snapshot(other) == before


class TestAKeyForAnotherAgent:
    def test_is_made_by_who_may_write_keys_and_holds_all_it_opens(self, server):
        maker = server.register_with("agentauth:keys:write", "read_weather", "data:*")
        agent = server.register_with("read_weather", "data:a")
        created = create_key(maker, agent)
        assert created.status_code == 201
        assert server.login(created.json()["api_key"]).status_code == 200

    @pytest.mark.parametrize("more", ["read_stock", "data:*", "agentauth:*", "*"])
    def test_is_refused_when_it_opens_more_than_the_maker_holds(self, server, admin, more):
        maker = server.register_with("agentauth:keys:write", "read_weather", "data:a")
        agent = server.register_with("read_weather", more)
        problem(create_key(maker, agent), 403, "permission_denied")
        assert len(admin.keys_of(agent)) == 1

    def test_is_made_by_an_administrator_whatever_it_opens(self, server, admin):
        agent = server.register_with("read_weather", "anything:else")
        assert create_key(admin, agent).status_code == 201

    def test_reading_keys_does_not_let_make_or_revoke_them(self, server, admin):
        reader, agent = server.register_with("agentauth:keys:read"), server.register()
        (key,) = reader.get(f"{agent.path}/keys").json()["items"]
        problem(create_key(reader, agent), 403, "permission_denied")
        problem(reader.delete(f"{agent.path}/keys/{key['key_id']}"), 403, "permission_denied")
        assert server.login(agent.api_key).status_code == 200

    def test_writing_keys_does_not_let_read_them(self, server):
        writer, agent = server.register_with("agentauth:keys:write"), server.register()
        problem(writer.get(f"{agent.path}/keys"), 403, "permission_denied")


def test_a_key_for_a_suspended_agent_does_not_log_it_in(server, admin):
    agent = server.register()
    admin.post(f"{agent.path}/suspend")
    answer = create_key(admin, agent)
    if answer.status_code == 201:
        problem(server.login(answer.json()["api_key"]), 401, "unauthenticated")
