"""Revisions from outside: what a write says, what a read waits for, what followers are told."""

import json
import time

import pytest
import requests

from harness.agent import Agent
from harness.server import Server, wait_until


@pytest.fixture
def pair(launch, database):
    one = launch()
    url = one.database or f"sqlite:{one.data_dir / 'agentauth.db'}"
    two = launch("--master-key-file", one.data_dir / "master.key", database=url)
    return one, two


class Follower:
    """Reads server-sent events, one at a time."""

    def __init__(self, agent: Agent, target="/changes", **headers):
        self.response = requests.get(
            agent.server.url + target, stream=True, timeout=30,
            headers={"Authorization": f"Bearer {agent.token}", "Accept": "text/event-stream",
                     **headers})
        self.lines = self.response.iter_lines(chunk_size=1, decode_unicode=True)

    def next(self):
        """The next event's id and data; None when the stream has ended."""
        event = {}
        for line in self.lines:
            if not line and "data" in event:
                return int(event["id"]), json.loads(event["data"])
            name, _, value = line.partition(": ")
            if name:
                event[name] = value
        return None


def revision_of(answer) -> int:
    return int(answer.headers["X-AgentAuth-Revision"])


def test_every_write_has_a_later_revision_than_the_one_before(server, admin):
    agent = server.register()
    revisions = [revision_of(answer) for answer in (
        admin.grant(agent, "read_weather"),
        admin.post(f"{agent.path}/suspend"),
        admin.post(f"{agent.path}/resume"),
        admin.take_away(agent, "read_weather"),
        admin.delete(agent.path))]
    assert revisions == sorted(set(revisions))


def test_a_read_at_the_other_node_sees_the_write_its_caller_saw(pair):
    one, two = pair
    admin, agent = one.administrator(), one.register()
    there = Agent(two, agent.agent_id, agent.api_key)
    there._token = agent.token
    for _ in range(20):
        granted = revision_of(admin.grant(agent, "read_weather"))
        assert there.get(f"/data/weather?min_revision={granted}").status_code == 200
        taken = revision_of(admin.take_away(agent, "read_weather"))
        assert there.get(f"/data/weather?min_revision={taken}").status_code == 403


def test_a_follower_at_the_other_node_is_told_within_a_second(pair):
    one, two = pair
    admin, follower = one.administrator(), one.register_with("agentauth:changes:read")
    agent = one.register()
    there = Agent(two, follower.agent_id, follower.api_key)
    wait_until(lambda: two.login(follower.api_key).status_code == 200)
    events = Follower(there)
    assert events.response.headers["Content-Type"] == "text/event-stream"
    # The first bytes come at once, so that the client knows that it is connected.
    assert next(events.lines) == "retry: 1000"
    begin = time.monotonic()
    written = revision_of(admin.grant(agent, "read_weather"))
    while (event := events.next())[0] < written:
        pass
    assert event == (written, {"revision": written, "kind": "permission",
                               "agent_id": agent.agent_id})
    assert time.monotonic() - begin < 1


def test_a_stream_ends_when_the_follower_is_suspended(server, admin):
    follower = server.register_with("agentauth:changes:read")
    events = Follower(follower)
    admin.post(f"{follower.path}/suspend")
    begin = time.monotonic()
    while events.next() is not None:
        pass
    assert time.monotonic() - begin < 5


def test_the_pages_and_the_stream_tell_the_same(server, admin):
    agent = server.register()
    since = revision_of(admin.grant(agent, "a"))
    for permission in ("b", "c", "d"):
        admin.grant(agent, permission)
    target = f"/changes?since={since}&limit=2"
    paged, cursor = [], ""
    while cursor is not None:
        page = admin.get(target + (f"&cursor={cursor}" if cursor else "")).json()
        paged += page["items"]
        cursor = page["next_cursor"]
    events = Follower(admin, "/changes", **{"Last-Event-ID": str(since)})
    assert [events.next() for _ in paged] == [(item["revision"], item) for item in paged]
    assert len(paged) == 3


def test_a_server_with_followers_stops_at_once(launch):
    server = launch()
    events = Follower(server.register_with("agentauth:changes:read"))
    begin = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begin < 5
    while events.next() is not None:
        pass
