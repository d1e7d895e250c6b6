"""Several servers on one database, and the command line beside them."""

import threading
import uuid

import pytest

from harness.agent import Agent
from harness.server import Server, StartFailed, new_master_key, wait_until

VISIBLE_SECONDS_MAX = 1.0


def same_database(database, first: Server):
    """The URL of the database of `first`, for a server with another data directory."""
    return first.database or f"sqlite:{first.data_dir / 'agentauth.db'}"


@pytest.fixture
def pair(launch, database):
    one = launch()
    two = launch("--master-key-file", one.data_dir / "master.key",
                 database=same_database(database, one))
    return one, two


def at_other(server: Server, agent: Agent) -> Agent:
    """The same agent with the same token, calling another server."""
    other = Agent(server, agent.agent_id, agent.api_key)
    other._token = agent.token
    return other


def within_a_second(condition):
    assert wait_until(condition) <= VISIBLE_SECONDS_MAX


def test_a_registration_at_one_can_log_in_at_the_other(pair):
    one, two = pair
    agent = one.register()
    within_a_second(lambda: two.login(agent.api_key).status_code == 200)


def rotated(agent):
    return agent.post("/auth/rotate", {}).json()["api_key"]


def created(agent):
    return agent.post(f"{agent.path}/keys", {}).json()["api_key"]


def registered(agent):
    return agent.server.register().api_key


@pytest.mark.parametrize("make", [rotated, created, registered])
def test_a_key_of_one_logs_in_at_the_other_at_once(pair, make):
    """Without a moment between the two calls: the other may not have heard of the key."""
    one, two = pair
    agents = [one.register() for _ in range(15)]
    assert all(agent.token for agent in agents)
    assert [two.login(make(agent)).status_code for agent in agents] == [200] * 15


def test_an_agent_resumed_at_one_logs_in_at_the_other_at_once(pair):
    one, two = pair
    admin = one.administrator()
    agents = [one.register() for _ in range(10)]
    for agent in agents:
        assert admin.post(f"{agent.path}/suspend").status_code == 200
    within_a_second(lambda: two.login(agents[-1].api_key).status_code == 401)
    for agent in agents:
        assert admin.post(f"{agent.path}/resume").status_code == 200
        assert two.login(agent.api_key).status_code == 200


def test_a_token_of_one_is_good_at_the_other(pair):
    one, two = pair
    agent = one.register_with("read_weather")
    there = at_other(two, agent)
    within_a_second(lambda: there.get("/data/weather").status_code == 200)


def test_every_change_at_one_bites_at_the_other_within_a_second(pair):
    one, two = pair
    admin, agent = one.administrator(), one.register()
    there = at_other(two, agent)
    for change, status in [
        (lambda: admin.grant(agent, "read_weather"), 200),
        (lambda: admin.take_away(agent, "read_weather"), 403),
        (lambda: admin.grant(agent, "read_weather"), 200),
        (lambda: admin.post(f"{agent.path}/suspend"), 401),
        (lambda: admin.post(f"{agent.path}/resume"), 200),
        (lambda: admin.delete(agent.path), 401),
    ]:
        change()
        within_a_second(lambda: there.get("/data/weather").status_code == status)


def test_a_key_revoked_at_one_is_refused_at_the_other(pair):
    one, two = pair
    agent = one.register()
    created = agent.post(f"{agent.path}/keys", {}).json()
    within_a_second(lambda: two.login(created["api_key"]).status_code == 200)
    agent.delete(f"{agent.path}/keys/{created['key_id']}")
    within_a_second(lambda: two.login(created["api_key"]).status_code == 401)


def test_changes_go_both_ways(pair):
    one, two = pair
    agent = two.register()
    within_a_second(lambda: one.login(agent.api_key).status_code == 200)
    admin = one.administrator()
    admin.grant(agent, "read_weather")
    within_a_second(lambda: agent.get("/data/weather").status_code == 200)


def test_an_administrator_made_by_the_command_line_is_seen_within_a_second(launch):
    server = launch()
    created = server.create_administrator("from-the-shell")
    within_a_second(lambda: server.login(created.api_key).status_code == 200)
    assert created.get("/agents").status_code == 200


def test_what_a_role_is_taken_at_one_is_passed_on_at_the_other_no_more(pair):
    one, two = pair
    admin = one.administrator()
    for number in range(8):
        agent, role = one.register(), f"/roles/ops-{number}"
        admin.call("PUT", role, json={})
        admin.post(f"{role}/permissions", {"permission": "agentauth:*"})
        admin.call("PUT", f"{role}/members/agent:{agent.agent_id}", json={})
        there = at_other(two, agent)
        wait_until(lambda: there.get("/agents").status_code == 200)
        assert admin.delete(f"{role}/permissions/agentauth:*").status_code == 204
        refused = there.post(f"{agent.path}/permissions", {"permission": "agentauth:*"})
        assert refused.status_code == 403, number
        assert admin.permissions_of(agent) == set()


@pytest.mark.parametrize("whom", ["group", "everybody"])
def test_what_is_denied_at_one_is_passed_on_at_the_other_no_more(pair, whom):
    one, two = pair
    admin, victim = one.administrator(), one.register()
    for number in range(5):
        held = f"secret-{number}"
        agent = one.register_with("agentauth:permissions:write", held)
        group = f"/groups/g-{number}"
        admin.call("PUT", group, json={})
        admin.call("PUT", f"{group}/members/agent:{agent.agent_id}", json={})
        there = at_other(two, agent)
        wait_until(lambda: there.get("/agents/me").status_code == 200)
        subject = f"group:g-{number}" if whom == "group" else "agent:*"
        denied = admin.call("PUT", f"/grants/{uuid.uuid4()}",
                            json={"subject": subject, "action": held, "effect": "deny"})
        assert denied.status_code == 201
        refused = there.post(f"{victim.path}/permissions", {"permission": held})
        assert refused.status_code == 403, number


def test_a_page_begun_at_one_goes_on_at_the_other(pair):
    one, two = pair
    admin = one.administrator()
    for _ in range(5):
        one.register()
    page = admin.get("/agents", params={"limit": 2}).json()
    there = at_other(two, admin)
    wait_until(lambda: there.get("/agents").status_code == 200)
    rest = there.get("/agents", params={"limit": 1000, "cursor": page["next_cursor"]}).json()
    assert len(rest["items"]) == 4


def test_a_node_with_another_master_key_does_not_start(launch, database, tmp_path):
    one = launch()
    key = new_master_key(tmp_path / "key")
    with pytest.raises(StartFailed) as failure:
        launch("--master-key-file", key, database=same_database(database, one))
    assert failure.value.code == 1
    assert one.get("/readyz").status_code == 200


def test_two_that_start_at_once_on_an_empty_database_do_not_collide(launch, database, tmp_path):
    key = new_master_key(tmp_path / "key")
    for turn in range(3):
        url = database.fresh_url() or f"sqlite:{tmp_path}/{turn}.db"
        servers = [launch("--master-key-file", key, database=url, start=False)
                   for _ in range(3)]
        for server in servers:
            server.launch()
        for server in servers:
            server.wait_ready()
        agent = servers[0].register()
        for server in servers:
            wait_until(lambda: server.login(agent.api_key).status_code == 200, seconds=5)


def test_many_administrators_at_once_beside_a_running_server(launch):
    server = launch()
    created, failed = [], []

    def create(number):
        try:
            created.append(server.create_administrator(f"admin-{number}"))
        except AssertionError as error:
            failed.append(error)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        server.register()
    for thread in threads:
        thread.join(timeout=60)
    assert failed == []
    for admin in created:
        wait_until(lambda: server.login(admin.api_key).status_code == 200, seconds=5)


def test_writes_at_both_at_once_are_all_kept(pair):
    one, two = pair
    agents, failed = [], []

    def write(server):
        try:
            agents.extend(server.register() for _ in range(15))
        except AssertionError as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(server,)) for server in (one, two, one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failed == []
    listed = {item["agent_id"] for item in
              one.administrator().get("/agents?limit=1000").json()["items"]}
    assert {agent.agent_id for agent in agents} <= listed
