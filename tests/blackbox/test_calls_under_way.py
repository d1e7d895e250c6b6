"""A call that has begun at one node ends, or is refused, when the other node takes away what it was
let in by: it is decided again when its turn comes, and for as long as a stream lasts."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.agent import Agent
from harness.problems import problem
from harness.server import wait_until
from test_changes import Follower

ENDED_SECONDS_MAX = 2
HELD = "agentauth:agents:write"


def other_node(launch, one, *options):
    return launch("--master-key-file", one.data_dir / "master.key", *options,
                  database=one.database or f"sqlite:{one.data_dir / 'agentauth.db'}")


def at(node, agent) -> Agent:
    """The same agent with the same token, calling another node."""
    there = Agent(node, agent.agent_id, agent.api_key)
    there._token = agent.token
    return there


# How it is taken away, and what a call with the token is answered from then on.
def log_out(_, agent):
    return agent.post("/auth/logout", {}), 401


def suspend(admin, agent):
    return admin.post(f"{agent.path}/suspend"), 401


def revoke_the_key(admin, agent):
    (key,) = admin.keys_of(agent)
    return admin.delete(f"{agent.path}/keys/{key['key_id']}"), 401


def revoke_the_tokens(admin, agent):
    return admin.post(f"{agent.path}/revoke-tokens"), 401


def take_the_permission(admin, agent):
    (held, *_) = sorted(admin.permissions_of(agent))
    return admin.take_away(agent, held), 403


ways = pytest.mark.parametrize("take_away", [
    log_out, suspend, revoke_the_key, revoke_the_tokens, take_the_permission,
], ids=lambda way: way.__name__)


def gauge(node, name) -> int:
    """Asked of memory: what needs a worker would wait."""
    text = node.get("/metrics").text
    return int(re.search(rf"^agentauth_{re.escape(name)} (\d+)$", text, re.M)[1])


class Table:
    """`with Table(...)`: one that nobody else can read, for a while."""

    def __init__(self, cluster, database, table, seconds=3):
        self._query = lambda sql: cluster.query(sql, database)
        self._hold = (f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; "
                      f"SELECT pg_sleep({seconds}); ROLLBACK")
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self):
        self._held = self._thread.submit(self._query, self._hold)
        wait_until(lambda: self._count("wait_event = 'PgSleep'") == 1)
        return self

    def __exit__(self, *_):
        self._held.result()
        self._thread.shutdown()

    def is_held(self) -> bool:
        return not self._held.done()

    def waiting(self) -> int:
        return self._count("wait_event_type = 'Lock'")

    def _count(self, condition) -> int:
        return int(self._query("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
                               f"AND datname = current_database() AND {condition}"))


@ways
def test_a_call_that_waits_for_its_turn_is_refused_and_changes_nothing(
        sqlite_launch, postgres_cluster, take_away):
    """The one worker of the second node reads what is locked; the call waits for the worker."""
    one = sqlite_launch(database=postgres_cluster.fresh_database())
    two = other_node(sqlite_launch, one, "--workers", 1)
    admin, agent, victim = (one.administrator(), one.register_with(HELD),
                            one.register("Unchanged"))
    admin_there, there = at(two, admin), at(two, agent)
    wait_until(lambda: there.get("/agents/me").status_code == 200)
    wait_until(lambda: admin_there.get(victim.path).status_code == 200)
    database = one.database.rsplit("/", 1)[1]
    with Table(postgres_cluster, database, "settings") as table, ThreadPoolExecutor(2) as calls:
        blocked = calls.submit(admin_there.get, "/limits")
        wait_until(lambda: table.waiting() == 1)
        waiting = calls.submit(there.patch, victim.path, {"agent_name": "Changed"})
        wait_until(lambda: gauge(two, 'pool_depth{pool="worker"}') == 1)
        taken, status = take_away(admin, agent)
        assert taken.status_code in (200, 204)
        revision = int(taken.headers["X-AgentAuth-Revision"])
        wait_until(lambda: gauge(two, "directory_revision") >= revision)
        assert table.is_held() and not waiting.done(), "it was to wait until it was taken away"
        assert blocked.result().status_code == 200
        problem(waiting.result(), status)
    assert admin.get(victim.path).json()["agent_name"] == "Unchanged"


@ways
def test_the_streams_of_one_node_end_when_the_other_takes_away_what_let_them_in(launch, take_away):
    one = launch()
    two = other_node(launch, one)
    admin = one.administrator()
    for target, permission in [("/audit/stream", "agentauth:audit:read"),
                               ("/changes", "agentauth:changes:read")]:
        agent = one.register_with(permission)
        there = at(two, agent)
        wait_until(lambda: there.get("/agents/me").status_code == 200)
        wait_until(lambda: there.get(f"/agents/{agent.agent_id}/permissions/{permission}")
                   .json().get("decision"))
        events = Follower(there, target)
        assert events.response.status_code == 200
        with ThreadPoolExecutor(1) as beside:
            ended = beside.submit(lambda: [*iter(events.next, None)])
            taken, status = take_away(admin, agent)
            assert taken.status_code in (200, 204)
            assert wait_until(ended.done) < ENDED_SECONDS_MAX
        problem(there.get(target), status)
