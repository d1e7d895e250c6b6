"""More work than the pools take: the rest is refused at once, and what needs no pool goes on."""

import sqlite3
import threading
import time

import pytest

from harness import api_keys
from harness.problems import problem
from harness.raw import RawConnection, request
from harness.server import wait_until

BODY = {"agent_name": "Flood", "owner_email": "flood@example.com"}
SECONDS_MAX = 180  # a busy machine hashes slowly


class Flood:
    """Many connections with one request each, all sent before anything is read."""

    def __init__(self, server, data: bytes, count: int):
        self.connections = [RawConnection(server, timeout=SECONDS_MAX) for _ in range(count)]
        for connection in self.connections:
            connection.send(data)

    def answers(self) -> list:
        answers = [connection.response() for connection in self.connections]
        for connection in self.connections:
            connection.__exit__()
        assert None not in answers, "a connection was closed without an answer"
        return answers


def slowest_decision(agent, seconds: float) -> float:
    """The longest that a decision from memory took in that time."""
    slowest, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        assert agent.get("/data/weather").status_code == 200
        slowest = max(slowest, time.monotonic() - begin)
    return slowest


def test_registrations_beyond_the_queue_get_503_and_the_others_their_key(launch):
    server = launch("--hashers", "1")
    agent = server.register_with("read_weather")
    assert agent.token
    before = len(server.administrator().get("/agents?limit=1000").json()["items"])
    flood = Flood(server, request("POST", "/agents/register", body=BODY), 400)
    assert slowest_decision(agent, 2) < 1
    answers = flood.answers()
    statuses = {answer.status for answer in answers}
    assert statuses == {201, 503}
    for answer in answers:
        if answer.status == 503:
            problem(answer, 503, "unavailable")
    created = sum(answer.status == 201 for answer in answers)
    after = len(server.administrator().get("/agents?limit=1000").json()["items"])
    assert after - before == created, "a refused registration registered somebody"
    assert server.register().login()


def test_wrong_keys_do_not_reach_the_hashers(launch):
    """A wrong secret costs no hash, so no number of them keeps an honest login waiting."""
    server = launch("--hashers", "1", "--bcrypt-cost", "12")
    agent, honest = server.register(), server.register()
    data = [request("POST", "/auth/login", body={"api_key": api_keys.wrong_secret(agent.api_key)})
            for _ in range(500)]
    with RawConnection(server, timeout=SECONDS_MAX) as connection:
        connection.send(*data)
        begin = time.monotonic()
        assert server.login(honest.api_key).status_code == 200
        assert time.monotonic() - begin < 5
        for _ in data:
            assert connection.response().status == 401


def test_many_logins_with_one_new_key_share_one_verification(launch):
    server = launch("--hashers", "1", "--bcrypt-cost", "12")
    agent = server.register()
    server.restart()  # forgets what was verified
    begin = time.monotonic()
    answers = Flood(server, request("POST", "/auth/login", body={"api_key": agent.api_key}),
                    50).answers()
    assert {answer.status for answer in answers} == {200}
    assert time.monotonic() - begin < 5  # fifty hashes of cost 12 would be ten seconds


class TestAQueueOfWorkers:
    @pytest.fixture
    def stuck(self, sqlite_launch):
        """A server whose one worker waits for a lock on the database."""
        server = sqlite_launch("--workers", "1")
        admin, agent = server.administrator(), server.register_with("read_weather")
        assert admin.token and agent.token
        lock = sqlite3.connect(server.data_dir / "agentauth.db", isolation_level=None,
                               check_same_thread=False)
        lock.execute("BEGIN IMMEDIATE")
        yield server, admin, agent, lock
        lock.close()

    def test_that_is_full_answers_503_and_the_rest_is_served(self, stuck):
        server, admin, agent, lock = stuck
        write = request("PATCH", agent.path, f"Authorization: Bearer {admin.token}",
                        body={"agent_name": "Patched"})
        threading.Timer(2, lock.execute, ["ROLLBACK"]).start()
        flood = Flood(server, write, 1400)
        assert slowest_decision(agent, 1) < 1
        answers = flood.answers()
        assert {answer.status for answer in answers} == {200, 503}
        assert sum(answer.status == 200 for answer in answers) > 500
        wait_until(lambda: admin.get(agent.path).json()["agent_name"] == "Patched")
