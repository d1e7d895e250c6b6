"""Where one request ends and the next begins: whatever two parsers could see differently is refused.

Every attack here carries a second request inside the first. If the server ever answers it, or
answers 2xx to the first, somebody can smuggle.
"""

import pytest

from harness.problems import problem
from harness.raw import RawConnection, raw_call, request

INNER = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: smuggled\r\n\r\n"
BODY = b'{"agent_name":"A","owner_email":"a@example.com"}'
START = b"POST /agents/register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def refused(server, data: bytes, statuses=(400, 501)):
    """A refusal or a closed connection, nothing after it, and the server lives."""
    with RawConnection(server) as connection:
        answer = connection.send(data).wait_at_most(20).response()
        if answer is not None:
            assert answer.status in statuses, answer
            assert answer.header("X-Request-ID") != "smuggled"
            problem(answer, answer.status)
            assert connection.response() is None, "something came after the refusal"
    assert server.get("/healthz").status_code == 200


LENGTH = b"Content-Length: %d\r\n" % len(BODY)
ATTACKS = {
    "length and chunked": START + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(BODY) + INNER,
    "chunked and length": START + b"Transfer-Encoding: chunked\r\n" + LENGTH + b"\r\n" + chunked(BODY),
    "two lengths": START + LENGTH + b"Content-Length: 4\r\n\r\n" + BODY + INNER,
    "two equal lengths": START + LENGTH + LENGTH + b"\r\n" + BODY + INNER,
    "a list of lengths": START + b"Content-Length: 48, 48\r\n\r\n" + BODY + INNER,
    "a signed length": START + b"Content-Length: +48\r\n\r\n" + BODY + INNER,
    "a negative length": START + b"Content-Length: -48\r\n\r\n" + BODY + INNER,
    "a hexadecimal length": START + b"Content-Length: 0x30\r\n\r\n" + BODY + INNER,
    "a length with a blank inside": START + b"Content-Length: 4 8\r\n\r\n" + BODY + INNER,
    "an empty length": START + b"Content-Length: \r\n\r\n" + INNER,
    "a length in letters": START + b"Content-Length: many\r\n\r\n" + INNER,
    "a huge length": START + b"Content-Length: 99999999999999999999999\r\n\r\n" + BODY + INNER,
    "a fractional length": START + b"Content-Length: 48.0\r\n\r\n" + BODY + INNER,
    "a blank before the colon": START + b"Content-Length : 48\r\n\r\n" + BODY + INNER,
    "a tab before the colon": START + b"Transfer-Encoding\t: chunked\r\n\r\n" + chunked(BODY) + INNER,
    "a folded header": START + b"X-A: b\r\n c\r\n" + LENGTH + b"\r\n" + BODY + INNER,
    "a folded transfer coding": START + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + chunked(BODY),
    "a first header that is folded": b"GET /healthz HTTP/1.1\r\n X: y\r\nHost: localhost\r\n\r\n" + INNER,
    "bare LF": b"GET /healthz HTTP/1.1\nHost: localhost\n\n" + INNER,
    "a bare LF between headers": b"GET /healthz HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n" + INNER,
    "a bare LF at the end": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\n" + INNER,
    "a bare CR in a header": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n" + INNER,
    "CR instead of CRLF": b"GET /healthz HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n" + INNER,
    "a NUL in a header": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n" + INNER,
    "a NUL in a name": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX\0: b\r\n\r\n" + INNER,
    "no header name": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n: b\r\n\r\n" + INNER,
    "no colon": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nnothing\r\n\r\n" + INNER,
    "no Host": b"GET /healthz HTTP/1.1\r\n\r\n" + INNER,
    "two Hosts": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n" + INNER,
    "two equal Hosts": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n" + INNER,
    "a Host with a path": b"GET /healthz HTTP/1.1\r\nHost: localhost/x\r\n\r\n" + INNER,
    "a Host with a user": b"GET /healthz HTTP/1.1\r\nHost: a@localhost\r\n\r\n" + INNER,
    "a Host with a blank": b"GET /healthz HTTP/1.1\r\nHost: local host\r\n\r\n" + INNER,
    "an unknown transfer coding": START + b"Transfer-Encoding: gzip\r\n\r\n" + BODY + INNER,
    "gzip and chunked": START + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunked(BODY) + INNER,
    "chunked not last": START + b"Transfer-Encoding: chunked, identity\r\n\r\n" + chunked(BODY) + INNER,
    "chunked twice": START + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + chunked(BODY) + INNER,
    "two codings": START + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
                   + chunked(BODY) + INNER,
    "identity": START + b"Transfer-Encoding: identity\r\n\r\n" + BODY + INNER,
    "xchunked": START + b"Transfer-Encoding: xchunked\r\n\r\n" + chunked(BODY) + INNER,
    "a quoted coding": START + b'Transfer-Encoding: "chunked"\r\n\r\n' + chunked(BODY) + INNER,
    "a coding with a vertical tab": START + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + chunked(BODY),
    "an empty coding": START + b"Transfer-Encoding: \r\n\r\n" + BODY + INNER,
    "chunked in HTTP/1.0": START.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n"
                           + chunked(BODY) + INNER,
    "a chunk size that is no number": START + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n" + INNER,
    "a signed chunk size": START + b"Transfer-Encoding: chunked\r\n\r\n+30\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a chunk size with 0x": START + b"Transfer-Encoding: chunked\r\n\r\n0x30\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a huge chunk size": START + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\n" + INNER,
    "a chunk without its CRLF": START + b"Transfer-Encoding: chunked\r\n\r\n30\r\n" + BODY + b"XX0\r\n\r\n",
    "chunks with bare LF": START + b"Transfer-Encoding: chunked\r\n\r\n30\n" + BODY + b"\n0\n\n" + INNER,
    "no version": b"GET /healthz\r\nHost: localhost\r\n\r\n" + INNER,
    "lower-case version": b"GET /healthz http/1.1\r\nHost: localhost\r\n\r\n" + INNER,
    "two blanks": b"GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + INNER,
    "a tab as blank": b"GET\t/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + INNER,
    "a blank in the target": b"GET /health z HTTP/1.1\r\nHost: localhost\r\n\r\n" + INNER,
    "a control in the target": b"GET /health\x01z HTTP/1.1\r\nHost: localhost\r\n\r\n" + INNER,
    "a NUL in the target": b"GET /healthz\0 HTTP/1.1\r\nHost: localhost\r\n\r\n" + INNER,
    "a leading blank": b" GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + INNER,
    "a method that is no token": b"G@T /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + INNER,
    "a target without a slash": b"GET healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + INNER,
    "authority form": b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n" + INNER,
    "TLS on a plain port": bytes.fromhex("16030100f1010000ed0303") + b"\x07" * 240 + b"\r\n\r\n",
    "binary rubbish": bytes(range(256)) * 4 + b"\r\n\r\n" + INNER,
}


@pytest.mark.parametrize("name", list(ATTACKS))
def test_what_can_be_read_in_two_ways_is_refused(server, name):
    refused(server, ATTACKS[name], statuses=(400, 405, 501, 505, 413, 417))


@pytest.mark.parametrize("version", ["HTTP/2.0", "HTTP/3.0", "HTTP/0.9", "HTTP/1.2", "HTTP/1.10"])
def test_another_version_is_refused(server, version):
    data = f"GET /healthz {version}\r\nHost: localhost\r\n\r\n".encode()
    answer = raw_call(server, data)
    if answer is not None and version != "HTTP/1.2":  # 1.2 may be answered as 1.1: RFC 9110 2.5
        problem(answer, answer.status)
        assert answer.status in (400, 505)


def test_the_preface_of_http_2_is_refused(server):
    refused(server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", statuses=(400, 505))


def test_attacks_register_nobody(server, admin):
    before = len(admin.get("/agents?limit=1000").json()["items"])
    for data in ATTACKS.values():
        with RawConnection(server) as connection:
            connection.send(data).response()
    assert len(admin.get("/agents?limit=1000").json()["items"]) == before


def test_the_body_of_a_get_is_not_the_next_request(server):
    with RawConnection(server) as connection:
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
                        b"Content-Length: %d\r\n\r\n" % len(INNER), INNER)
        first = connection.wait_at_most(10).response()
        assert first.status in (200, 400, 413)
        if first.status == 200:
            connection.send(request("GET", "/readyz", "X-Request-ID: second"))
            assert connection.response().header("X-Request-ID") == "second"


def test_chunked_bodies_are_understood(server):
    pieces = [BODY[:1], BODY[1:20], BODY[20:]]
    body = b"".join(b"%X\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    with RawConnection(server) as connection:
        connection.send(START + b"Transfer-Encoding: chunked\r\n\r\n", body, "0\r\n\r\n",
                        request("GET", "/healthz", "X-Request-ID: next"))
        assert connection.response().status == 201
        assert connection.response().header("X-Request-ID") == "next"


def test_chunk_extensions_and_trailers_do_not_confuse(server):
    body = b"%x;name=value\r\n%s\r\n0\r\nX-Trailer: a\r\n\r\n" % (len(BODY), BODY)
    with RawConnection(server) as connection:
        connection.send(START + b"Transfer-Encoding: chunked\r\n\r\n", body,
                        request("GET", "/healthz", "X-Request-ID: next"))
        answer = connection.response()
        assert answer.status in (201, 400)
        if answer.status == 201:
            assert connection.response().header("X-Request-ID") == "next"


def test_a_request_that_arrives_byte_by_byte_is_understood(server):
    with RawConnection(server) as connection:
        for byte in START + LENGTH + b"\r\n" + BODY:
            connection.send(bytes([byte]))
        assert connection.response().status == 201


def test_empty_lines_before_a_request_do_no_harm(server):
    answer = raw_call(server, b"\r\n" + request("GET", "/healthz"))
    assert answer is None or answer.status in (200, 400)


class TestExpect:
    def test_100_continue_is_answered_before_the_body(self, server):
        with RawConnection(server) as connection:
            connection.send(START + LENGTH + b"Expect: 100-continue\r\n\r\n")
            assert connection.interim().status == 100
            connection.send(BODY)
            assert connection.response().status == 201

    def test_100_continue_is_not_wanted_when_the_body_is_there_already(self, server):
        with RawConnection(server) as connection:
            connection.send(START + LENGTH + b"Expect: 100-continue\r\n\r\n" + BODY)
            assert connection.response().status == 201

    def test_a_body_too_large_is_refused_before_it_is_sent(self, server):
        with RawConnection(server) as connection:
            connection.send(START + b"Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
            problem(connection.interim(), 413, "payload_too_large")

    def test_another_expectation_is_refused_or_ignored(self, server):
        data = START + LENGTH + b"Expect: 200-ok\r\n\r\n" + BODY
        assert raw_call(server, data).status in (201, 400, 417)


class TestOldClients:
    def test_http_1_0_is_answered_and_closed(self, server):
        with RawConnection(server) as connection:
            connection.send(b"GET /healthz HTTP/1.0\r\n\r\n")
            assert connection.response().status == 200
            assert connection.is_closed_within(5)

    def test_http_1_0_with_keep_alive_may_stay(self, server):
        with RawConnection(server) as connection:
            connection.send(request("GET", "/healthz", "Connection: keep-alive", version="1.0"))
            answer = connection.response()
            assert answer.status == 200
            if (answer.header("Connection") or "").lower() == "keep-alive":
                connection.send(request("GET", "/healthz", version="1.0"))
                assert connection.response().status == 200

    def test_connection_close_is_honoured(self, server):
        with RawConnection(server) as connection:
            connection.send(request("GET", "/healthz", "Connection: close"))
            answer = connection.response()
            assert answer.status == 200
            assert answer.header("Connection").lower() == "close"
            assert connection.is_closed_within(5)


class TestAbsoluteForm:
    def test_is_understood(self, server):
        assert raw_call(server, request("GET", "http://localhost/healthz")).status == 200

    def test_opens_nothing_that_is_closed(self, server):
        for target in ("http://localhost/data/weather", "http://evil/data/weather",
                       "HTTP://localhost/data/weather", "http://a:b@localhost/data/weather"):
            assert raw_call(server, request("GET", target)).status in (400, 401)


def test_head_has_no_body_and_the_next_answer_follows(server):
    with RawConnection(server) as connection:
        connection.send(request("HEAD", "/healthz"), request("GET", "/healthz", "X-Request-ID: n"))
        head = connection.response(to="HEAD")
        assert head.status == 200 and int(head.header("Content-Length")) > 0
        assert connection.response().header("X-Request-ID") == "n"
