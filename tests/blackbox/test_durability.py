"""What was acknowledged survives: kill -9 of the server, crash of PostgreSQL, under load."""

import threading
import time

import pytest

from harness.postgres import PostgresCluster
from harness.server import Server, wait_until


@pytest.fixture(scope="module")
def durable_postgres():
    """fsync on: a crash of this one is a crash."""
    cluster = PostgresCluster(durable=True)
    yield cluster
    cluster.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def durable(request):
    cluster = request.getfixturevalue("durable_postgres") if request.param == "postgresql" else None
    server = Server(database=cluster.fresh_database() if cluster else None).start()
    yield server, cluster
    server.close()


class Writer(threading.Thread):
    """Writes as fast as it is answered and remembers what was acknowledged."""

    def __init__(self, server, number: int):
        super().__init__(daemon=True)
        self.server, self.number = server, number
        self.stopped = False
        self.registered, self.granted, self.taken, self.suspended, self.keys = [], [], [], [], []

    def run(self):
        try:
            for turn in range(100_000):
                if self.stopped:
                    return
                self.write(turn)
        except Exception:  # the server is gone: that is what we wait for
            pass

    def write(self, turn: int):
        admin = self.server.administrator()
        agent = self.server.register(name=f"writer-{self.number}-{turn}")
        self.registered.append(agent)
        admin.grant(agent, "read_weather")
        self.granted.append(agent)
        if turn % 3 == 0:
            admin.take_away(agent, "read_weather")
            self.taken.append(agent)
        elif turn % 3 == 1:
            assert admin.post(f"{agent.path}/suspend").status_code == 200
            self.suspended.append(agent)
        else:
            created = admin.post(f"{agent.path}/keys", {})
            assert created.status_code == 201
            self.keys.append((agent, created.json()["key_id"]))


def write_until(server, end, seconds=2.0):
    server.administrator().login()
    writers = [Writer(server, number) for number in range(6)]
    for writer in writers:
        writer.start()
    time.sleep(seconds)
    # On a busy machine so few are answered in that time that nothing would be seen.
    wait_until(lambda: sum(len(writer.registered) for writer in writers) > 3, seconds=30)
    end()
    for writer in writers:
        writer.stopped = True
        writer.join(timeout=60)
        assert not writer.is_alive(), "a request hangs"
    return writers


def assert_kept(server, writers):
    admin = server.administrator()
    for writer in writers:
        taken = {agent.agent_id for agent in writer.taken}
        suspended = {agent.agent_id for agent in writer.suspended}
        for agent in writer.registered:
            assert admin.get(agent.path).status_code == 200, "an acknowledged agent is lost"
        for agent in writer.granted[:-1]:  # the last may have been followed by an unanswered write
            expected = set() if agent.agent_id in taken else {"read_weather"}
            assert admin.permissions_of(agent) == expected
            status = "suspended" if agent.agent_id in suspended else "active"
            assert admin.get(agent.path).json()["status"] == status
        for agent, key_id in writer.keys:
            assert key_id in {key["key_id"] for key in admin.keys_of(agent)}
    active = [agent for writer in writers for agent in writer.granted[:-1]
              if agent not in writer.suspended]
    for agent in active[:5]:
        assert server.login(agent.api_key).status_code == 200


def test_a_kill_in_the_middle_of_writes_loses_nothing_acknowledged(durable):
    server, _ = durable
    for _ in range(2):
        writers = write_until(server, server.kill)
        server.start()
        assert_kept(server, writers)


def test_a_crash_of_postgresql_loses_nothing_acknowledged(durable_postgres):
    server = Server(database=durable_postgres.fresh_database()).start()
    try:
        writers = write_until(server, durable_postgres.crash)
        durable_postgres.start()
        wait_until(lambda: server.get("/readyz").status_code == 200, seconds=30)
        assert_kept(server, writers)
    finally:
        server.close()


def test_a_stop_lets_finish_what_has_begun(durable):
    """SIGTERM under load: every request is answered or refused as a whole, and the code is 0."""
    server, _ = durable
    codes = []
    writers = write_until(server, lambda: codes.append(server.stop(seconds=30)))
    assert codes == [0]
    server.start()
    assert_kept(server, writers)


def test_a_revocation_acknowledged_just_before_a_kill_holds(durable):
    server, _ = durable
    admin = server.administrator()
    agent, other = (server.register_with("read_weather") for _ in range(2))
    token, others_token = agent.token, other.token
    (key,) = admin.keys_of(agent)
    assert admin.delete(f"{agent.path}/keys/{key['key_id']}").status_code == 204
    admin.take_away(other, "read_weather")
    server.kill()
    server.start()
    assert server.login(agent.api_key).status_code == 401
    assert server.get("/data/weather", token=token).status_code == 401, "it ends with its key"
    assert server.get("/data/weather", token=others_token).status_code == 403


def test_a_kill_at_any_moment_of_the_first_start_does_no_harm(durable):
    """The schema is made in one piece or not at all."""
    _, cluster = durable
    for milliseconds in (5, 15, 30, 60, 120):
        server = Server(database=cluster.fresh_database() if cluster else None)
        try:
            server.launch()
            time.sleep(milliseconds / 1000)
            server.kill()
            server.start()
            assert server.register().login()
        finally:
            server.close()
