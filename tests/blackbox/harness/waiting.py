"""Clients that take their time, to see whether the server lets them go."""

import threading
import time

from harness.raw import RawConnection, request

POST = (b"POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
BEGINNINGS = {
    "says nothing": b"",
    "says nothing more": request("GET", "/healthz"),
    "sends half a request line": b"GET /hea",
    "sends half a head": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A",
    "sends half a body": POST + b"Content-Length: 100\r\n\r\n{",
    "sends half a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n20\r\n{",
    "trickles a head": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n",
    "trickles a body": POST + b"Content-Length: 60000\r\n\r\n",
}
TRICKLE = {"trickles a head": b"X-A: b\r\n", "trickles a body": b" "}


class WaitingClients:
    """One client of each kind, all waiting at the same time in a thread of their own."""

    def __init__(self, server):
        self.server = server
        self.begin = time.monotonic()
        self.let_go_after = {}  # seconds by kind
        self._waiting = {name: RawConnection(server).send(data) for name, data in BEGINNINGS.items()}
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self):
        while self._waiting:
            for name, connection in list(self._waiting.items()):
                connection.send(TRICKLE.get(name, b""))
                if connection.is_closed_within(0.05):
                    self.let_go_after[name] = time.monotonic() - self.begin
                    self._waiting.pop(name)
            time.sleep(0.5)
