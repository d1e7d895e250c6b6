"""Every size has a limit."""

import resource

import pytest

from harness.problems import problem
from harness.raw import RawConnection, raw_call, request
from harness.server import wait_until


def answered_or_closed(answer, status):
    """The client may still be sending when it is refused, and then only see the end."""
    if answer is not None:
        problem(answer, status)


def test_a_header_too_long_is_refused(server):
    answered_or_closed(raw_call(server, request("GET", "/healthz", "X-Long: " + "x" * 70_000)), 431)


def test_headers_too_long_together_are_refused(server):
    lines = [f"X-Part-{number}: " + "x" * 2000 for number in range(60)]
    answered_or_closed(raw_call(server, request("GET", "/healthz", *lines)), 431)


def test_a_hundred_headers_are_accepted_and_no_more(server):
    # With Host and what the client must send, 90 more stay within the limit of 100.
    few = [f"X-{number}: a" for number in range(90)]
    many = [f"X-{number}: a" for number in range(110)]
    assert raw_call(server, request("GET", "/healthz", *few)).status == 200
    answered_or_closed(raw_call(server, request("GET", "/healthz", *many)), 431)


def test_headers_without_end_are_cut_off(server):
    with RawConnection(server) as connection:
        connection.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        for number in range(5000):
            connection.send(f"X-{number}: {'a' * 200}\r\n")
        answered_or_closed(_answer(connection), 431)


def test_a_target_too_long_is_refused(server):
    for length in (9_000, 70_000):
        answer = raw_call(server, request("GET", "/" + "x" * length))
        if answer is not None:
            problem(answer, answer.status)
            assert answer.status in (414, 431)


def test_a_method_too_long_is_refused(server):
    answer = raw_call(server, request("X" * 5000, "/healthz"))
    assert answer is None or answer.status in (400, 405, 431, 501)


def test_a_body_too_large_is_refused_at_its_head(server):
    data = (b"POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 10000000000\r\n\r\n")
    problem(raw_call(server, data), 413, "payload_too_large")


def test_large_bodies_one_after_another_on_one_connection_are_all_taken(server):
    """Within the limits everything works, however full the buffers are from before."""
    body = b'{"api_key":"x"}' + b" " * 60_000
    with RawConnection(server) as connection:
        for number in range(50):
            mark = f"X-Request-ID: large-{number}"
            connection.send(request("POST", "/auth/login", mark, body=body))
            answer = connection.response()
            assert answer is not None, f"closed at body {number}"
            assert (answer.status, answer.header("X-Request-ID")) == (401, f"large-{number}")


def test_chunks_too_many_are_refused(server):
    with RawConnection(server) as connection:
        connection.send(b"POST /auth/login HTTP/1.1\r\nHost: localhost\r\n"
                        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(100):
            connection.send(b"1000\r\n" + b" " * 4096 + b"\r\n")
        answered_or_closed(_answer(connection), 413)
    assert server.get("/healthz").status_code == 200


def test_a_chunk_extension_without_end_is_refused(server):
    with RawConnection(server) as connection:
        connection.send(b"POST /auth/login HTTP/1.1\r\nHost: localhost\r\n"
                        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1;")
        for _ in range(300):
            connection.send(b"x" * 1000)
        answer = _answer(connection)
        assert answer is None or answer.status in (400, 413, 431)


def _answer(connection):
    try:
        return connection.response()
    except (AssertionError, ConnectionError):
        return None  # reset while we were still sending


def test_a_client_that_never_reads_does_not_fill_the_memory(server):
    before = resident_bytes(server)
    with RawConnection(server, timeout=3) as connection:
        try:
            for _ in range(4000):
                connection._socket.sendall(request("GET", "/openapi.json") * 4)
        except (TimeoutError, ConnectionError):
            pass  # it stopped reading us, as it should
        assert server.get("/healthz").status_code == 200
        assert resident_bytes(server) - before < 64 * 1024 * 1024


def test_connections_keep_nothing_of_a_large_answer(server):
    """A megabyte and a half each time: kept by every connection, 200 of them would be 300 MB."""
    before = resident_bytes(server)
    connections = [RawConnection(server) for _ in range(200)]
    try:
        for connection in connections:
            connection.send(request("GET", "/docs/swagger-ui-bundle.js"))
            assert len(connection.response().body) > 1_000_000
        assert resident_bytes(server) - before < 50 * 1024 * 1024
    finally:
        for connection in connections:
            connection.__exit__()


def limited_to(soft: int, hard: int):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_connections_leave_descriptors_to_the_database(launch):
    server = launch("--threads", "1", preexec_fn=limited_to(200, 200))
    admin = server.administrator()
    assert admin.get("/agents").status_code == 200
    idle = [RawConnection(server) for _ in range(300)]
    try:
        for _ in range(8):
            assert admin.get("/agents").status_code == 200
    finally:
        for connection in idle:
            connection.__exit__()


def test_descriptors_are_used_up_to_the_hard_limit(sqlite_launch):
    server = sqlite_launch("--threads", "1", preexec_fn=limited_to(200, 2000))
    assert server.administrator().get("/agents").status_code == 200
    idle = [RawConnection(server) for _ in range(300)]
    try:
        for connection in idle:
            connection.send(request("GET", "/healthz"))
        assert [connection.response().status for connection in idle] == [200] * 300
    finally:
        for connection in idle:
            connection.__exit__()


@pytest.mark.parametrize("count", [1000])
def test_many_idle_connections_do_no_harm(server, count):
    connections = [RawConnection(server) for _ in range(count)]
    try:
        assert server.get("/healthz").elapsed.total_seconds() < 2
        connections[-1].send(request("GET", "/healthz"))
        assert connections[-1].response().status == 200
    finally:
        for connection in connections:
            connection.__exit__()
    wait_until(lambda: server.get("/healthz").status_code == 200)


def resident_bytes(server) -> int:
    with open(f"/proc/{server.process.pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * 4096
