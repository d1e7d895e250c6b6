"""A key may be narrowed: to a time, to networks, to some of its agent's permissions."""

from datetime import datetime, timedelta, timezone

import pytest

from harness.problems import fields, problem
from harness.server import wait_until


def create_key(by, agent, **body):
    return by.post(f"{agent.path}/keys", body)


def login(server, key, **arguments):
    return server.post("/auth/login", {"api_key": key["api_key"]}, **arguments)


def token_by(server, agent, **body) -> str:
    answer = create_key(agent, agent, **body)
    assert answer.status_code == 201, answer.text
    return login(server, answer.json()).json()["access_token"]


def at(seconds: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat()


@pytest.fixture(scope="module")
def module_options():
    return "--trusted-proxies", "127.0.0.1"


def test_a_key_narrowed_to_a_permission_does_no_more(server, admin):
    agent = server.register_with("read_weather", "read_stock")
    token = token_by(server, agent, permissions=["read_weather"])
    assert server.get("/data/weather", token=token).status_code == 200
    problem(server.get("/data/stock", token=token), 403, "permission_denied")
    admin.take_away(agent, "read_weather")
    problem(server.get("/data/weather", token=token), 403, "permission_denied")


def test_a_key_is_not_narrowed_to_what_its_agent_does_not_hold(server, admin):
    agent = server.register_with("read_weather")
    complaint = problem(create_key(admin, agent, permissions=["read_stock"]), 422)
    assert fields(complaint) == {"permissions"}


def test_a_narrowed_key_makes_no_wider_one_and_ends_no_other(server, admin):
    agent = server.register_with("read_weather", "read_stock")
    (first, *_) = admin.keys_of(agent)
    token = token_by(server, agent, permissions=["read_weather"])
    before = admin.snapshot(agent)
    problem(server.post(f"{agent.path}/keys", {}, token=token), 403, "permission_denied")
    problem(server.call("DELETE", f"{agent.path}/keys/{first['key_id']}", token=token), 403)
    problem(server.post(f"{agent.path}/keys/{first['key_id']}/rotate", {}, token=token), 403)
    assert admin.snapshot(agent) == before


def test_a_narrowed_key_rotates_itself_and_stays_as_narrow(server):
    agent = server.register_with("read_weather", "read_stock")
    token = token_by(server, agent, permissions=["read_weather"])
    new = server.post("/auth/rotate", {}, token=token).json()
    assert new["permissions"] == ["read_weather"]
    by_new = login(server, new).json()["access_token"]
    assert server.get("/data/weather", token=by_new).status_code == 200
    problem(server.get("/data/stock", token=by_new), 403, "permission_denied")


def test_a_key_bound_to_networks_makes_none_that_works_elsewhere(server, admin):
    agent = server.register_with("agentauth:keys:write")
    other = server.register()
    token = token_by(server, agent, allowed_cidrs=["127.0.0.0/8"])
    before = admin.snapshot(agent), admin.snapshot(other)
    for path in (agent.path, other.path):
        for body in ({}, {"expires_in": 60}, {"allowed_cidrs": ["0.0.0.0/0"]},
                     {"allowed_cidrs": ["127.0.0.1", "10.0.0.0/8"]}):
            problem(server.post(f"{path}/keys", body, token=token), 403, "permission_denied")
    assert (admin.snapshot(agent), admin.snapshot(other)) == before
    inside = server.post(f"{agent.path}/keys", {"allowed_cidrs": ["127.0.0.1"]}, token=token)
    assert inside.status_code == 201, inside.text
    new = server.post("/auth/rotate", {}, token=token)
    assert new.json()["allowed_cidrs"] == ["127.0.0.0/8"]


@pytest.mark.parametrize("bounds", [{"expires_in": 600}, {"allowed_cidrs": ["127.0.0.0/8"]}],
                         ids=["end", "networks"])
def test_a_bounded_key_registers_nobody_with_an_unbounded_one(launch, bounds):
    server = launch("--registration", "closed")
    admin = server.administrator()
    registrar = server.register(token=admin.token)
    for permission in ("agentauth:agents:write", "agentauth:keys:write"):
        admin.grant(registrar, permission)
    token = token_by(server, registrar, **bounds)
    before = admin.get("/agents").json()
    body = {"agent_name": "bot", "owner_email": "owner@example.com"}
    problem(server.post("/agents/register", body, token=token), 403, "permission_denied")
    assert admin.get("/agents").json() == before
    server.register(token=registrar.token)


def test_a_key_is_not_renewed_beyond_the_end_of_the_one_that_made_it(server):
    agent = server.register()
    parent = create_key(agent, agent, expires_in=600).json()
    by_parent = login(server, parent).json()["access_token"]
    key = server.post(f"{agent.path}/keys", {"expires_at": parent["expires_at"]}, token=by_parent).json()
    wait_until(lambda: at(595) > parent["expires_at"], seconds=10)
    for _ in range(2):
        token = login(server, key).json()["access_token"]
        key = server.post("/auth/rotate", {}, token=token).json()
        assert key["expires_at"] == parent["expires_at"]


def test_the_network_holds_at_login_and_at_each_use(server):
    agent = server.register_with("read_weather")
    key = create_key(agent, agent, allowed_cidrs=["198.51.100.0/24", "2001:db8::/32"]).json()
    inside, other, outside = ({"X-Forwarded-For": address} for address in (
        "198.51.100.7", "2001:db8::7", "203.0.113.9"))
    problem(login(server, key, headers=outside), 401, "unauthenticated")
    token = login(server, key, headers=inside).json()["access_token"]
    assert server.get("/data/weather", token=token, headers=inside).status_code == 200
    assert server.get("/data/weather", token=token, headers=other).status_code == 200
    problem(server.get("/data/weather", token=token, headers=outside), 401, "unauthenticated")
    problem(server.get("/data/weather", token=token), 401, "unauthenticated")


def test_a_key_works_from_its_time_to_its_end(server, admin):
    agent = server.register_with("read_weather")
    key = create_key(agent, agent, not_before=at(2), expires_at=at(5)).json()
    assert key["status"] == "pending"
    problem(login(server, key), 401, "unauthenticated")
    wait_until(lambda: login(server, key).status_code == 200, seconds=4)
    token = login(server, key).json()["access_token"]
    wait_until(lambda: login(server, key).status_code == 401, seconds=6)
    problem(server.get("/data/weather", token=token), 401, "unauthenticated")


@pytest.mark.parametrize("body, wrong", [
    ({"expires_in": 60, "expires_at": at(3600)}, "expires_at"), ({"expires_at": at(-1)}, "expires_at"),
    ({"expires_at": at(11 * 366 * 86400)}, "expires_at"), ({"expires_at": "soon"}, "expires_at"),
    ({"not_before": at(7200), "expires_in": 60}, "not_before"),
    ({"allowed_cidrs": []}, "allowed_cidrs"), ({"allowed_cidrs": ["10.1.2.3/8"]}, "allowed_cidrs"),
    ({"allowed_cidrs": ["10.0.0.0/33"]}, "allowed_cidrs"), ({"allowed_cidrs": "::1"}, "allowed_cidrs"),
    ({"allowed_cidrs": [f"10.0.0.{i}" for i in range(33)]}, "allowed_cidrs"),
    ({"permissions": []}, "permissions"), ({"permissions": ["a b"]}, "permissions"),
    ({"permissions": [f"p{i}" for i in range(65)]}, "permissions"),
], ids=[str(number) for number in range(13)])
def test_constraints_out_of_bounds_make_no_key(server, admin, body, wrong):
    agent = server.register_with("read_weather")
    assert fields(problem(create_key(agent, agent, **body), 422)) == {wrong}
    assert len(admin.keys_of(agent)) == 1


def test_constraints_are_told_and_survive_a_restart(launch):
    server = launch()
    agent = server.register_with("read_weather", "read_stock")
    wanted = {"allowed_cidrs": ["127.0.0.0/8"], "permissions": ["read_weather"]}
    key = create_key(agent, agent, **wanted).json()
    token = login(server, key).json()["access_token"]
    server.restart()
    (listed,) = [k for k in server.administrator().keys_of(agent) if k["key_id"] == key["key_id"]]
    assert {name: listed[name] for name in wanted} == wanted
    assert server.get("/data/weather", token=token).status_code == 200
    problem(server.get("/data/stock", token=token), 403, "permission_denied")


def narrowed(server, agent, **body):
    """A key of the agent's that is narrowed so: its kid and a token got with it."""
    key = create_key(agent, agent, **body).json()
    return key["kid"], login(server, key).json()["access_token"]


def test_who_asks_whose_token_it_is_is_told_of_its_key(server):
    agent = server.register()
    own, header = agent.api_key.split("_")[1], "X-AgentAuth-Kid"
    assert agent.get("/agents/me").headers[header] == own
    kid, token = narrowed(server, agent, name="other")
    assert server.get("/agents/me", token=token).headers[header] == kid != own


class TestAService:
    """It asks whether an agent may, through the key by which it saw the agent act."""

    @pytest.fixture
    def service(self, server):
        return server.register_with("agentauth:permissions:read", "agentauth:access:evaluate")

    @pytest.fixture
    def agent(self, server):
        return server.register_with("read_weather", "read_stock")

    @staticmethod
    def check(by, agent, permission, kid):
        answer = by.get(f"{agent.path}/permissions/{permission}?kid={kid}")
        return answer.json()["decision"], answer.json()["reason"]

    @staticmethod
    def evaluate(by, agent, permission, kid):
        answer = by.post("/access/v1/evaluation", {
            "subject": {"type": "agent", "id": agent.agent_id, "properties": {"kid": kid}},
            "action": {"name": permission}, "resource": {"type": "report", "id": "1"}})
        assert answer.status_code == 200, answer.text
        return answer.json()["decision"], answer.json()["context"]["reason"]

    @pytest.mark.parametrize("ask", [check, evaluate], ids=["check", "evaluate"])
    def test_gets_no_more_than_the_key_is_worth(self, server, service, agent, ask):
        ask = ask.__func__
        kid, _ = narrowed(server, agent, permissions=["read_weather"])
        assert ask(service, agent, "read_weather", kid) == (True, "granted")
        assert ask(service, agent, "read_stock", kid) == (False, "outside_key")
        whole = agent.api_key.split("_")[1]
        assert ask(service, agent, "read_stock", whole) == (True, "granted")
        assert ask(service, agent, "sell", kid) == (False, "not_granted")

    @pytest.mark.parametrize("ask", [check, evaluate], ids=["check", "evaluate"])
    def test_gets_nothing_by_a_key_that_is_anothers_or_over(self, server, service, agent, ask):
        ask = ask.__func__
        other = server.register_with("read_weather")
        for kid in (other.api_key.split("_")[1], "AAAAAAAAAAAA"):
            assert ask(service, agent, "read_weather", kid) == (False, "outside_key")
        key = create_key(agent, agent).json()
        assert ask(service, agent, "read_weather", key["kid"])[0]
        agent.delete(f"{agent.path}/keys/{key['key_id']}")
        assert wait_until(lambda: not ask(service, agent, "read_weather", key["kid"])[0]) < 1

    def test_is_told_of_a_kid_that_is_none(self, service, agent):
        problem(service.get(f"{agent.path}/permissions/read_weather?kid=x"), 422)
        for none in ("x", 7, None, ["AAAAAAAAAAAA"], {}):
            assert self.evaluate(service, agent, "read_weather", none) == (False, "outside_key")

    def test_asking_about_oneself_through_another_key_gives_no_more(self, server, agent):
        kid, token = narrowed(server, agent, permissions=["read_weather"])
        whole = agent.api_key.split("_")[1]
        path = f"{agent.path}/permissions/read_weather"
        assert server.get(f"{path}?kid={kid}", token=token).json()["decision"] is True
        assert server.get(f"{path}?kid={whole}", token=token).json()["decision"] is False
        assert server.get(f"{agent.path}/permissions/read_stock?kid={whole}",
                          token=token).json()["decision"] is False
