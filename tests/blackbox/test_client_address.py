"""Who calls, when proxies stand in between: only configured ones are believed."""

import pytest

from harness.raw import RawConnection
from harness.server import Server, StartFailed, wait_until

SOMEBODY = "198.51.100.7"


def client_of(server, headers=()):
    """The client that the log names for one call with these headers."""
    before = len(server.log_lines())
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    with RawConnection(server) as connection:
        connection.send(f"GET /nowhere HTTP/1.1\r\nHost: a\r\n{lines}Connection: close\r\n\r\n")
        connection.responses()
    wait_until(lambda: len(server.log_lines()) > before)
    (line,) = [line for line in server.log_lines()[before:] if line.get("route") == "unmatched"]
    assert line["peer"] == "127.0.0.1"
    return line["client"]


def test_nobody_is_believed_unless_configured(sqlite_launch):
    server = sqlite_launch()
    assert client_of(server, [("X-Forwarded-For", SOMEBODY)]) == "127.0.0.1"


def test_a_peer_outside_the_configured_networks_is_not_believed(sqlite_launch):
    server = sqlite_launch("--trusted-proxies", "10.0.0.0/8,::1")
    assert client_of(server, [("X-Forwarded-For", SOMEBODY)]) == "127.0.0.1"


@pytest.fixture(scope="module")
def behind_proxies():
    server = Server("--trusted-proxies", "127.0.0.0/8,10.0.0.0/8,2001:db8::/32").start()
    yield server
    server.close()


@pytest.mark.parametrize("headers, client", [
    ([], "127.0.0.1"),
    ([("X-Forwarded-For", SOMEBODY)], SOMEBODY),
    ([("x-forwarded-for", f"203.0.113.1, {SOMEBODY}, 10.1.2.3")], SOMEBODY),
    ([("X-Forwarded-For", "203.0.113.1"), ("X-Forwarded-For", SOMEBODY)], SOMEBODY),
    ([("X-Forwarded-For", SOMEBODY), ("X-Forwarded-For", "10.1.2.3, 2001:db8::1")], SOMEBODY),
    ([("X-Forwarded-For", f"::ffff:{SOMEBODY}")], SOMEBODY),
    ([("X-Forwarded-For", "2001:DB9:0::1")], "2001:db9::1"),
    ([("X-Forwarded-For", f"{SOMEBODY}, garbage")], "127.0.0.1"),
    ([("X-Forwarded-For", f"{SOMEBODY}, garbage, 10.1.2.3")], "10.1.2.3"),
    ([("X_Forwarded_For", SOMEBODY)], "127.0.0.1"),
    ([("X-Real-IP", SOMEBODY), ("Forwarded", f"for={SOMEBODY}")], "127.0.0.1"),
], ids=repr)
def test_the_client_is_the_right_most_address_that_is_no_proxy(behind_proxies, headers, client):
    assert client_of(behind_proxies, headers) == client


def test_a_request_that_breaks_off_vouches_for_nobody(behind_proxies):
    server = behind_proxies
    before = len(server.log_lines())
    with RawConnection(server) as connection:
        connection.send("GET / HTTP/1.1\r\nHost: a\r\n"
                        f"X-Forwarded-For: {SOMEBODY}\r\nbad line\r\n\r\n")
        connection.responses()
    wait_until(lambda: len(server.log_lines()) > before)
    assert server.log_lines()[-1]["client"] == "127.0.0.1"


@pytest.mark.parametrize("value", ["10.0.0.0/33", "proxy", "10.0.0.0/8,,::1", ""])
def test_networks_that_are_none_stop_the_start(sqlite_launch, value):
    with pytest.raises(StartFailed) as failed:
        sqlite_launch("--trusted-proxies", value)
    assert failed.value.code == 2 and "trusted-proxies" in failed.value.stderr
