"""A client that sends exactly the bytes it is given, for what no HTTP library would send."""

import json
import socket


class RawResponse:
    def __init__(self, status: int, headers: list, body: bytes, version: str):
        self.status = status
        self.headers = headers
        self.body = body
        self.version = version

    def header(self, name: str):
        """The value of a header, None if absent. Twice the same header is a failure."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} is repeated: {values}"
        return values[0] if values else None

    def all(self, name: str) -> list:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:200]!r}>"


class RawConnection:
    def __init__(self, server, timeout=10.0, receive_buffer=None):
        """A small `receive_buffer` makes the server wait until we read."""
        self._socket = socket.socket()
        self._socket.settimeout(timeout)
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.connect(("127.0.0.1", server.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, *parts) -> "RawConnection":
        """Sends text (latin-1) or bytes. A peer that has already closed is not an error here."""
        data = b"".join(p if isinstance(p, bytes) else p.encode("latin-1") for p in parts)
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def finish_sending(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def wait_at_most(self, seconds: float) -> "RawConnection":
        self._socket.settimeout(seconds)
        return self

    def response(self, to="GET"):
        """The next final response, or None when the server closed instead."""
        while True:
            answer = self._one_response(to)
            if answer is None or answer.status >= 200:
                return answer

    def interim(self):
        """The next response, 1xx included."""
        return self._one_response("GET")

    def responses(self) -> list:
        """Everything the server says until it closes the connection."""
        found = []
        while True:
            answer = self.response()
            if answer is None:
                return found
            found.append(answer)

    def is_closed_within(self, seconds: float) -> bool:
        """Whether the server closes within `seconds`; what it still sends is thrown away."""
        self._socket.settimeout(seconds)
        try:
            while self._receive():
                self._buffer = b""
            return True
        except TimeoutError:
            return False

    def _one_response(self, to: str):
        head = self._until(b"\r\n\r\n")
        if head is None:
            return None
        status_line, *lines = head.decode("latin-1").split("\r\n")
        version, status, *_ = status_line.split(" ", 2)
        headers = [tuple(line.split(": ", 1)) for line in lines]
        answer = RawResponse(int(status), headers, b"", version)
        if to != "HEAD" and answer.status >= 200 and answer.status not in (204, 304):
            answer.body = self._body(answer)
        return answer

    def _body(self, answer: RawResponse) -> bytes:
        if (answer.header("Transfer-Encoding") or "").lower() == "chunked":
            return self._chunks()
        length = answer.header("Content-Length")
        if length is not None:
            return self._exactly(int(length))
        while self._receive():
            pass
        body, self._buffer = self._buffer, b""
        return body

    def _chunks(self) -> bytes:
        body = b""
        while True:
            size = int(self._until(b"\r\n"), 16)
            chunk = self._exactly(size + 2)[:-2]
            if size == 0:
                return body
            body += chunk

    def _until(self, mark: bytes):
        while mark not in self._buffer:
            if not self._receive():
                assert not self._buffer, f"closed within a response: {self._buffer!r}"
                return None
        found, self._buffer = self._buffer.split(mark, 1)
        return found

    def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            assert self._receive(), f"closed within a body: {self._buffer!r}"
        found, self._buffer = self._buffer[:count], self._buffer[count:]
        return found

    def _receive(self) -> bool:
        try:
            data = self._socket.recv(65536)
        except ConnectionResetError:
            return False
        self._buffer += data
        return bool(data)


def request(method: str, path: str, *headers, body=b"", host="localhost", version="1.1") -> bytes:
    """A well-formed request, to be sent as it is or to be spoilt first."""
    lines = [f"{method} {path} HTTP/{version}", f"Host: {host}", *headers]
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def raw_call(server, data, to="GET"):
    """Sends `data` on a connection of its own; the answer, or None when it was closed."""
    with RawConnection(server) as connection:
        return connection.send(data).response(to=to)
