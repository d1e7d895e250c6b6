"""SIGTERM: what has begun is finished, what is new is not taken, and there is an end."""

import signal
import socket
import subprocess
import threading
import time

import pytest

from harness.api_keys import SHAPE
from harness.binary import clean_environment
from harness.raw import RawConnection, request
from harness.server import wait_until

BODY = b'{"agent_name":"Late","owner_email":"late@example.com"}'
HEAD = (b"POST /agents/register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(BODY))


def test_a_request_that_has_begun_is_answered(launch):
    server = launch("--bcrypt-cost", "13")  # slow enough to be in the middle of it
    with RawConnection(server, timeout=30) as connection:
        connection.send(HEAD + BODY)
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        answer = connection.response()
        assert answer.status == 201
        assert (answer.header("Connection") or "").lower() == "close"
        assert connection.is_closed_within(5)
    assert server.process.wait(timeout=15) == 0
    server.start()
    assert server.login(answer.json()["api_key"]).status_code == 200


def test_new_connections_are_not_taken(sqlite_launch):
    server = sqlite_launch("--bcrypt-cost", "14")
    with RawConnection(server, timeout=30) as connection:
        connection.send(HEAD + BODY)
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)

        def refused():
            try:
                with socket.create_connection(("127.0.0.1", server.port), timeout=2) as late:
                    late.settimeout(2)
                    late.sendall(request("GET", "/healthz"))
                    return late.recv(100) == b"" or not server.is_running()
            except OSError:
                return True

        wait_until(refused, seconds=5)
        connection.response()
    assert server.process.wait(timeout=15) == 0


def test_idle_connections_do_not_hold_it_up(launch):
    server = launch()
    idle = [RawConnection(server) for _ in range(20)]
    for connection in idle[:10]:
        connection.send(request("GET", "/healthz"))
        assert connection.response().status == 200
    begin = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begin < 5
    for connection in idle:
        connection.__exit__()


def test_a_client_in_half_a_request_holds_it_up_no_longer_than_configured(sqlite_launch):
    server = sqlite_launch("--drain-seconds", "1")
    with RawConnection(server) as connection:
        connection.send(HEAD)
        begin = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begin < 6


def test_a_client_that_reads_its_answers_after_the_signal_does_not_hold_it_up(sqlite_launch):
    """Made before the signal and sent after it, no answer says "close": the server has to."""
    server = sqlite_launch("--drain-seconds", "20")
    with RawConnection(server, receive_buffer=2048) as connection:
        connection.send(*[request("GET", "/openapi.json")] * 4)
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert len(connection.responses()) == 4
    assert server.process.wait(timeout=5) == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_right_after_the_ready_line_is_no_kill(sqlite_launch, how):
    server = sqlite_launch()
    for _ in range(8):
        server.restart()
        with subprocess.Popen(server.command(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              env=clean_environment(), cwd=server.root) as other:
            assert other.stdout.readline().startswith(b"agentauth ready on")
            other.send_signal(how)
            assert other.wait(timeout=15) == 0
    assert server.get("/readyz").status_code == 200


def test_a_signal_at_any_moment_of_the_start_leaves_nothing_half_made(launch):
    server = launch("--dev", start=False)
    for milliseconds in range(0, 400, 40):
        server.launch()
        time.sleep(milliseconds / 1000)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=15) in (0, -signal.SIGTERM)
        assert not (server.data_dir / "agentauth.pid").exists()
    server.start()
    # Whenever it was: all three agents are there, and somebody was told their keys.
    keys = [match.group() for match in SHAPE.finditer(server.stdout())]
    assert len(set(keys)) == 3
    for key in set(keys):
        assert server.login(key).status_code == 200
    assert len(server.administrator().get("/agents").json()["items"]) == 4


@pytest.mark.parametrize("count", [2, 5])
def test_told_twice_it_still_ends(sqlite_launch, count):
    server = sqlite_launch()
    for _ in range(count):
        server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=15) in (0, -signal.SIGTERM)
    server.process = None


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_does_not_wait_for_the_drain(sqlite_launch, how):
    server = sqlite_launch("--drain-seconds", "60")
    with RawConnection(server) as connection:
        connection.send(request("GET", "/healthz"))
        assert connection.response().status == 200  # so it is accepted, and no idle one once HEAD is in
        connection.send(HEAD)
        time.sleep(0.1)
        server.process.send_signal(how)
        wait_until(lambda: "draining" in server.stderr())
        server.process.send_signal(how)
        assert server.process.wait(timeout=3) == -how
    server.process = None


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_start_that_waits_for_its_database_can_be_interrupted(sqlite_launch, how):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        server = sqlite_launch(database=f"postgresql://agentauth@127.0.0.1:{port}/none", start=False)
        server.launch()
        connection, _ = silent.accept()
        with connection:
            server.process.send_signal(how)
            assert server.process.wait(timeout=3) == -how
    server.process = None


def test_every_request_in_flight_is_answered_whole(launch):
    server = launch()
    agent = server.register_with("read_weather")
    assert agent.token
    broken, done = [], []

    def call():
        try:
            while True:
                done.append(server.get("/data/weather", token=agent.token).status_code)
        except Exception as error:
            if "IncompleteRead" in repr(error):
                broken.append(error)

    threads = [threading.Thread(target=call, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    assert server.stop() == 0
    for thread in threads:
        thread.join(timeout=20)
    assert done and set(done) == {200} and not broken
