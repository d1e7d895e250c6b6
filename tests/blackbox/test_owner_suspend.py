"""The kill switch: one call stops all agents of an owner, on every node."""

import json
import uuid

import pytest

from harness.binary import run
from harness.problems import problem
from harness.server import wait_until


@pytest.fixture
def owner():
    return f"robots-{uuid.uuid4().hex}@example.com"


def switch(by, owner, action):
    return by.post(f"/owners/{owner}/{action}")


def test_all_agents_of_the_owner_stop_and_start_again(server, admin, owner):
    fleet = [server.register_with("read_weather", owner=owner) for _ in range(3)]
    bystander = server.register_with("read_weather")
    assert all(agent.get("/data/weather").status_code == 200 for agent in fleet + [bystander])
    answer = switch(admin, owner, "suspend")
    assert answer.status_code == 200
    assert answer.json() == {"owner_email": owner, "agents": 3}
    assert int(answer.headers["X-AgentAuth-Revision"]) > 0
    for agent in fleet:
        problem(agent.get("/data/weather"), 401, "unauthenticated")
        problem(server.login(agent.api_key), 401, "unauthenticated")
        assert admin.get(agent.path).json()["status"] == "suspended"
    assert bystander.get("/data/weather").status_code == 200
    assert switch(admin, owner, "resume").json() == {"owner_email": owner, "agents": 3}
    assert all(agent.get("/data/weather").status_code == 200 for agent in fleet)


def test_resuming_an_owner_leaves_who_was_suspended_alone(server, admin, owner):
    alone, other = (server.register_with("read_weather", owner=owner) for _ in range(2))
    assert all(agent.get("/data/weather").status_code == 200 for agent in (alone, other))
    assert admin.post(f"{alone.path}/suspend").status_code == 200
    assert switch(admin, owner, "suspend").json()["agents"] == 2
    assert switch(admin, owner, "resume").json()["agents"] == 1
    problem(alone.get("/data/weather"), 401, "unauthenticated")
    assert other.get("/data/weather").status_code == 200
    assert switch(admin, owner, "resume").json()["agents"] == 0
    assert admin.post(f"{alone.path}/resume").status_code == 200
    assert alone.get("/data/weather").status_code == 200


def test_nobody_comes_back_or_is_added_while_the_owner_is_suspended(server, admin, owner):
    agent = server.register_with("read_weather", owner=owner)
    stranger = server.register()
    assert agent.get("/data/weather").status_code == 200
    assert switch(admin, owner, "suspend").status_code == 200
    told = problem(admin.post(f"{agent.path}/resume"), 409, "conflict")
    assert owner in told["detail"]
    late = {"agent_name": "Late", "owner_email": owner.upper()}
    problem(server.call("POST", "/agents/register", json=late), 409, "conflict")
    problem(admin.call("PATCH", stranger.path, json={"owner_email": owner}), 409, "conflict")
    problem(admin.call("PATCH", agent.path, json={"owner_email": "else@example.com"}), 409,
            "conflict")
    problem(agent.get("/data/weather"), 401, "unauthenticated")
    assert len(admin.get(f"/agents?owner={owner}").json()["items"]) == 1
    assert switch(admin, owner, "resume").json()["agents"] == 1
    assert agent.get("/data/weather").status_code == 200
    assert server.register(owner=owner).login()


def test_an_owner_is_the_same_in_whatever_case_of_letters(server, admin, owner):
    local, domain = owner.split("@")
    spellings = [owner, f"{local}@{domain.upper()}", f"{local.title()}@{domain.title()}"]
    fleet = [server.register_with("read_weather", owner=spelling) for spelling in spellings]
    assert all(agent.get("/data/weather").status_code == 200 for agent in fleet)
    for spelling in spellings:
        listed = admin.get(f"/agents?owner={spelling}").json()["items"]
        assert {item["agent_id"] for item in listed} == {agent.agent_id for agent in fleet}
        assert {item["owner_email"] for item in listed} == set(spellings)
        for action, status in (("suspend", 401), ("resume", 200)):
            assert switch(admin, spelling, action).json()["agents"] == len(fleet)
            for agent in fleet:
                assert agent.get("/data/weather").status_code == status


def test_one_that_may_not_be_managed_makes_it_none(server, admin, owner):
    helper = server.register_with("agentauth:agents:write")
    simple = server.register_with("read_weather", owner=owner)
    server.register_with("agentauth:permissions:write", owner=owner)
    problem(switch(helper, owner, "suspend"), 403, "permission_denied")
    assert simple.get("/data/weather").status_code == 200
    assert admin.get(simple.path).json()["status"] == "active"
    assert switch(admin, owner, "suspend").status_code == 200


def test_without_the_permission_nothing_is_switched(server, admin, owner):
    agent = server.register_with("read_weather", owner=owner)
    problem(switch(agent, owner, "suspend"), 403, "permission_denied")
    assert agent.get("/data/weather").status_code == 200


def test_an_owner_without_agents_is_not_found(admin, owner):
    problem(switch(admin, owner, "suspend"), 404, "not_found")
    problem(switch(admin, "%25", "suspend"), 404, "not_found")


def test_another_node_follows_within_a_second(launch, owner):
    one = launch()
    url = one.database or f"sqlite:{one.data_dir / 'agentauth.db'}"
    two = launch("--master-key-file", one.data_dir / "master.key", database=url)
    tokens = [one.register_with("read_weather", owner=owner).token for _ in range(20)]

    def answers(status):
        return all(two.get("/data/weather", token=token).status_code == status for token in tokens)

    wait_until(lambda: answers(200))
    assert switch(one.administrator(), owner, "suspend").json()["agents"] == 20
    wait_until(lambda: answers(401), seconds=1)


def test_the_command_line_throws_the_switch(server, admin, owner, tmp_path):
    agent = server.register(owner=owner)
    file = tmp_path / "key"
    file.write_text(admin.api_key)
    file.chmod(0o600)
    for action, status in (("suspend", "suspended"), ("resume", "active")):
        result = run("agent", action, "--owner", owner, "--json", "--server", server.url,
                     "--api-key-file", file)
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["agents"] == 1
        assert admin.get(agent.path).json()["status"] == status
