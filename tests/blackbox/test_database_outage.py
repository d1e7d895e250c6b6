"""PostgreSQL goes away and comes back: no guess, no hang, no restart."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.postgres import PostgresCluster
from harness.problems import problem
from harness.server import Server, wait_until

STALENESS = 2
BODY = {"agent_name": "During", "owner_email": "during@example.com"}


@pytest.fixture(scope="module")
def cluster():
    """Of this file's own: the others would not like what happens to it."""
    cluster = PostgresCluster(durable=False)
    yield cluster
    cluster.close()


@pytest.fixture
def server(cluster):
    server = Server("--max-staleness", str(STALENESS), database=cluster.fresh_database()).start()
    yield server
    server.close()


@pytest.fixture(params=["stopped", "frozen"])
def outage(cluster, request):
    """Takes PostgreSQL away; `frozen` still accepts connections and never answers."""
    begin, end = {"stopped": (cluster.stop, cluster.start),
                  "frozen": (cluster.freeze, cluster.thaw)}[request.param]
    state = {"away": False}

    def go_away():
        begin()
        state["away"] = True

    def come_back():
        if state.pop("away", False):
            end()
    go_away.come_back = come_back
    yield go_away
    come_back()


def statuses(server, agent, seconds):
    """What decisions answer for a while."""
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        found.append(agent.get("/data/weather").status_code)
        time.sleep(0.05)
    return found


def test_an_outage_from_its_begin_to_its_end(server, outage):
    admin, agent = server.administrator(), server.register_with("read_weather")
    assert agent.get("/data/weather").status_code == 200
    outage()

    # Writes are refused, not lost and not left hanging.
    begin = time.monotonic()
    problem(server.post("/agents/register", BODY), 503, "unavailable")
    problem(admin.post(f"{agent.path}/suspend"), 503, "unavailable")
    assert time.monotonic() - begin < 30

    # Decisions end when the replica is too old to be believed.
    wait_until(lambda: agent.get("/data/weather").status_code == 503, seconds=STALENESS + 5)
    problem(agent.get("/data/weather"), 503, "unavailable")
    assert set(statuses(server, agent, 0.5)) == {503}
    wait_until(lambda: server.get("/readyz").status_code == 503)
    problem(server.get("/readyz"), 503, "unavailable")
    assert server.get("/healthz").status_code == 200
    assert server.get("/metrics").status_code == 200
    assert server.is_running()

    # It comes back, and nobody restarts anything.
    outage.come_back()
    wait_until(lambda: agent.get("/data/weather").status_code == 200, seconds=20)
    wait_until(lambda: server.get("/readyz").status_code == 200, seconds=20)
    assert admin.get(agent.path).json()["status"] == "active", "a 503 changed something"
    assert [item for item in admin.get("/agents").json()["items"]
            if item["agent_name"] == BODY["agent_name"]] == []
    assert server.register().login()


def revocations(admin, agent, other) -> list:
    """What takes something away from them, as calls to be made at once."""
    (key, *_) = admin.keys_of(agent)
    return [lambda: admin.delete(f"{agent.path}/keys/{key['key_id']}"),
            lambda: admin.delete(f"{agent.path}/permissions/read_weather"),
            lambda: admin.post(f"{other.path}/suspend")]


def may_act(server, agent, other) -> list:
    """Whether the key is not refused, the permission is held and the other is active.

    A login is answered once it is on record: without the database, that it cannot be.
    """
    return [server.login(agent.api_key).status_code in (200, 503), *decisions(agent, other)]


def decisions(agent, other) -> list:
    return [agent.get("/data/weather").status_code == 200,
            other.get("/data/weather").status_code == 200]


def test_a_revocation_that_failed_is_a_503_and_has_changed_nothing(cluster, outage):
    # Decisions go on during the outage, so that one done in memory alone would be seen.
    server = Server("--max-staleness", "60", database=cluster.fresh_database()).start()
    try:
        admin = server.administrator()
        agent, other = (server.register_with("read_weather") for _ in range(2))
        calls = revocations(admin, agent, other)
        assert may_act(server, agent, other) == [True] * 3
        outage()
        with ThreadPoolExecutor(3) as at_once:
            answers = list(at_once.map(lambda call: call(), calls))
        for answer in answers:
            problem(answer, 503, "unavailable")
        assert may_act(server, agent, other) == [True] * 3, "refused as failed, done all the same"

        outage.come_back()
        wait_until(lambda: server.get("/readyz").status_code == 200, seconds=20)
        time.sleep(1)  # what the database had received before might still come true
        assert may_act(server, agent, other) == [True] * 3, "done when the database came back"
        assert [call().status_code for call in calls] == [204, 204, 200]
        assert may_act(server, agent, other) == [False] * 3
    finally:
        outage.come_back()
        server.close()


def test_a_revocation_is_answered_and_takes_effect_with_its_commit(server, cluster):
    admin = server.administrator()
    agent, other = (server.register_with("read_weather") for _ in range(2))
    calls = revocations(admin, agent, other)
    assert may_act(server, agent, other) == [True] * 3
    with ThreadPoolExecutor(4) as at_once:
        # Whoever changes anything waits for this row.
        name = server.database.rsplit("/", 1)[1]
        holder = at_once.submit(cluster.query, "BEGIN; SELECT * FROM change_counter FOR UPDATE; "
                                "SELECT pg_sleep(1.5); ROLLBACK", name)
        wait_until(lambda: cluster.query("SELECT count(*) FROM pg_stat_activity WHERE state = "
                                         "'active' AND wait_event = 'PgSleep'", name) == "1")
        answers = [at_once.submit(call) for call in calls]
        for _ in range(5):
            assert decisions(agent, other) == [True] * 2
            time.sleep(0.1)
        assert not any(answer.done() for answer in answers), "answered before it was committed"
        holder.result()
        assert [answer.result().status_code for answer in answers] == [204, 204, 200]
        assert may_act(server, agent, other) == [False] * 3


def test_a_short_outage_is_not_seen_by_decisions(cluster):
    server = Server("--max-staleness", "30", database=cluster.fresh_database()).start()
    try:
        agent = server.register_with("read_weather")
        assert agent.get("/data/weather").status_code == 200
        cluster.stop()
        try:
            assert set(statuses(server, agent, 2)) == {200}
        finally:
            cluster.start()
        wait_until(lambda: server.get("/readyz").status_code == 200, seconds=20)
        assert set(statuses(server, agent, 0.5)) == {200}
    finally:
        server.close()


def test_a_login_during_an_outage_is_answered(server, outage):
    agent = server.register_with("read_weather")
    assert agent.token
    outage()
    assert server.login(agent.api_key).status_code in (200, 503)
    time.sleep(STALENESS + 1)
    problem(server.login(agent.api_key), 503, "unavailable")


def test_what_changed_elsewhere_during_an_outage_bites_when_it_ends(server, cluster):
    """Connections are cut, the change log goes on: nothing of it may be missed."""
    agent = server.register_with("read_weather")
    assert agent.get("/data/weather").status_code == 200
    other = Server("--master-key-file", server.data_dir / "master.key",
                   database=server.database).start()
    try:
        for turn in range(5):
            cluster.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                          "WHERE pid <> pg_backend_pid() AND usename = 'agentauth'", "postgres")
            wait_until(lambda: other.get("/readyz").status_code == 200, seconds=10)
            admin = server.administrator()
            wait_until(lambda: admin.get(agent.path).status_code == 200, seconds=10)
            change = admin.take_away if turn % 2 == 0 else admin.grant
            change(agent, "read_weather")
            expected = 403 if turn % 2 == 0 else 200
            there = lambda: other.get("/data/weather", token=agent.token).status_code
            wait_until(lambda: there() == expected, seconds=5)
    finally:
        other.close()


def test_a_stop_during_an_outage_ends_it(server, outage):
    outage()
    assert server.stop(seconds=30) == 0
