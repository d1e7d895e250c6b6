"""Envoy's side of ext_authz over gRPC: what it sends, byte for byte, and how it reads the answer.

The wire format of Protocol Buffers is written and read by hand here, so that a test can send what
no library would: fields that nobody knows, a key of a map twice, bytes that are no message.
"""

import re
from dataclasses import dataclass, field

import grpc

METHOD = "/envoy.service.auth.v3.Authorization/Check"
CALL_SECONDS_MAX = 20


def varint(number: int) -> bytes:
    out = bytearray()
    while True:
        out.append(number & 0x7F | (0x80 if number > 0x7F else 0))
        number >>= 7
        if not number:
            return bytes(out)


def message(*fields) -> bytes:
    """Of (number, value): a text, bytes (of a message too) or a number; None is left out."""
    out = b""
    for number, value in fields:
        if value is None:
            continue
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
            continue
        value = value.encode() if isinstance(value, str) else value
        out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def fields_of(data: bytes) -> list:
    """[(number, value)] of a message without fixed-size fields, in their order."""
    found, at = [], 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = number()
        assert tag & 7 in (0, 2), "neither a number nor bytes"
        value = number()
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        found.append((tag >> 3, value))
    return found


def one(data: bytes, number: int, default=b""):
    values = [value for found, value in fields_of(data) if found == number]
    assert len(values) <= 1
    return values[0] if values else default


def peer(address: str, port: int, *more) -> bytes:
    # SocketAddress in Address in Peer; port_value is 3.
    return message((1, message((1, message((2, address), (3, port))))), *more)


def header_map(headers: list) -> list:
    return [(3, message((1, name), (2, value))) for name, value in headers]


@dataclass
class Check:
    """One CheckRequest, with all the fields that Envoy 1.3x fills in, as it fills them in."""

    method: str = "GET"
    path: str = "/"
    host: str = "api.example.com"
    headers: list = field(default_factory=list)  # beside those that Envoy has of every request
    token: str = None
    source: str = "198.51.100.7"
    pseudo: dict = field(default_factory=dict)  # in place of what Envoy says of :path and its like
    raw_headers: bool = False                   # encode_raw_headers

    def header_list(self) -> list:
        listed = [(":authority", self.pseudo.get(":authority", self.host)),
                  (":path", self.pseudo.get(":path", self.path)),
                  (":method", self.pseudo.get(":method", self.method)),
                  (":scheme", "http"), ("user-agent", "curl/7.88.1"), ("accept", "*/*"),
                  ("x-forwarded-proto", "http"), ("x-forwarded-for", self.source),
                  ("x-request-id", "6f1a2c9e-3f3b-9d0a-8a51-0a5d0c1b2e3f")]
        if self.token:
            listed.append(("authorization", f"Bearer {self.token}"))
        return listed + self.headers

    def encode(self) -> bytes:
        headers = header_map(self.header_list())
        if self.raw_headers:
            listed = [(1, message((1, name), (3, value))) for name, value in self.header_list()]
            headers = [(13, message(*listed))]
        http = message((1, "8215302712837312345"), (2, self.method), *headers, (4, self.path),
                       (5, self.host), (6, "http"), (9, (1 << 64) - 1), (10, "HTTP/1.1"))
        request = message((1, message((1, 1_700_000_000), (2, 123_456_000))), (2, http))
        metadata = message((1, message((1, "envoy.filters.http.jwt_authn"), (2, b""))))
        return message((1, message(
            (1, peer(self.source, 50514, (4, "spiffe://example.org/client"))),
            (2, peer("10.0.0.5", 8080)), (4, request),
            (10, message((1, "virtual_host"), (2, "all"))), (11, metadata),
            (12, message((1, "api.example.com"))), (13, metadata))))


@dataclass
class Recording:
    """A CheckRequest that an Envoy sent, as the service that it asked wrote it down in public."""

    source: tuple
    destination: tuple
    id: str
    headers: dict
    host: str
    path: str
    body: str = None
    metadata: bytes = None  # metadata_context

    def encode(self, token: str) -> bytes:
        """With `token` as whatever credentials the client had."""
        headers = {**self.headers, "authorization": f"Bearer {token}"}
        http = message((1, self.id), (2, self.headers[":method"]),
                       *header_map(sorted(headers.items())), (4, self.path), (5, self.host),
                       (10, "HTTP/1.1"), (11, self.body))
        return message((1, message((1, peer(*self.source)), (2, peer(*self.destination)),
                                   (4, message((2, http))), (11, self.metadata))))


RECORDINGS = {
    # https://github.com/envoyproxy/envoy/issues/9667, January 2020.
    "a GET, as Envoy 1.12 sent it": Recording(
        source=("172.19.0.8", 50316), destination=("172.19.0.7", 8085), id="8676663115576215990",
        headers={":authority": "envoy:8085", ":method": "GET", ":path": "/",
                 "user-agent": "test-user-agent", "x-forwarded-proto": "http",
                 "x-request-id": "7a52cf15-dda2-4e2f-b063-75f71ca23a6e"},
        host="envoy:8085", path="/", metadata=b""),
    # https://github.com/open-policy-agent/opa-envoy-plugin, its example input of 2019.
    "a GET with tracing and a body, as Istio's ingress sent it": Recording(
        source=("172.17.0.10", 36472), destination=("172.17.0.17", 9080), id="13359530607844510314",
        headers={":authority": "192.168.99.100:31380", ":method": "GET",
                 ":path": "/api/v1/products?lang=en", "accept": "*/*", "content-length": "0",
                 "user-agent": "curl/7.54.0", "x-b3-sampled": "1", "x-b3-spanid": "537f473f27475073",
                 "x-b3-traceid": "537f473f27475073", "x-envoy-internal": "true",
                 "x-forwarded-for": "172.17.0.1", "x-forwarded-proto": "http",
                 "x-request-id": "92a6c0f7-0250-944b-9cfc-ae10cbcedd8e"},
        host="192.168.99.100:31380", path="/api/v1/products?lang=en",
        body='{"id": "ext1", "name": "opa_authz"}'),
}


class Answer:
    """A CheckResponse, as Envoy reads it."""

    def __init__(self, data: bytes):
        self.code = one(one(data, 1), 1, 0)
        ok, denied = one(data, 3, None), one(data, 2, None)
        assert (ok is None) != (denied is None), "either passed on or denied"
        self.passes = ok is not None
        assert self.passes == (self.code == 0), "Envoy goes by the code alone"
        told = fields_of(ok if self.passes else denied)
        self.status = 200 if self.passes else one(one(denied, 1), 1, 0)
        self.body = b"" if self.passes else one(denied, 3)
        self.headers = {}
        self.removed = [value.decode() for number, value in told if number == 5]
        for number, option in told:
            if number != 2:
                continue
            # append: present and false; append_action: OVERWRITE_IF_EXISTS_OR_ADD.
            assert one(option, 2, None) == b"" and one(option, 3, None) == 2, "replaces"
            name = one(one(option, 1), 1).decode()
            assert name not in self.headers
            self.headers[name] = one(one(option, 1), 2).decode()

    @property
    def reason(self) -> str:
        return "passes" if self.passes else self.headers.get("X-AgentAuth-Reason", "")

    def passed_on(self, sent: list) -> list:
        """The headers that the backend sees of those that were sent: Envoy replaces, then removes."""
        assert self.passes
        kept = [(name, value) for name, value in sent if name not in self.headers]
        return [(name, value) for name, value in kept + list(self.headers.items())
                if name not in self.removed]


class EnvoyClient:
    """A connection to --envoy-listen of a server."""

    def __init__(self, port: int, credentials=None, host="127.0.0.1"):
        options = [("grpc.ssl_target_name_override", "localhost")] if credentials else []
        address = f"{host}:{port}"
        self.channel = (grpc.secure_channel(address, credentials, options) if credentials
                        else grpc.insecure_channel(address))
        self._check = self.channel.unary_unary(METHOD)

    def send(self, data: bytes, **arguments) -> bytes:
        arguments.setdefault("timeout", CALL_SECONDS_MAX)
        return self._check(data, **arguments)

    def check(self, check: Check) -> Answer:
        return Answer(self.send(check.encode()))

    def later(self, check: Check):
        return self._check.future(check.encode(), timeout=CALL_SECONDS_MAX)

    def close(self) -> None:
        self.channel.close()


def envoy_port(server) -> int:
    """Where a server that was started with --envoy-listen takes calls."""
    (line,) = [line for line in server.log_lines() if line["event"] == "envoy_listening"][-1:]
    return int(re.search(r":(\d+)$", line["address"]).group(1))
