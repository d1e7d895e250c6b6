#!/usr/bin/python3
"""Lets an MCP server's tools be called only by agents that AgentAuth allows.

usage: enforcement_point.py --listen HOST:PORT --server URL --agentauth URL --api-key-file FILE

Stands in front of an MCP server that speaks JSON-RPC over HTTP. Each request carries an access
token of AgentAuth. A `tools/call` is allowed when AgentAuth allows the action `tools/call` on the
resource `tool:NAME`, with the arguments of the call as the context; so a grant can say which tool,
with which arguments, how often and until when. Everything else needs a valid token and no
permission.

The API key is this program's own. Its agent holds `agentauth:access:evaluate`, to ask, and
`agentauth:access:assert`, so that what it says of a call counts. AgentAuth has to have this
program's address in --trusted-proxies: it is told who calls, for keys that are bound to networks.
URLs of https are verified by the system's authorities, or those of the variable SSL_CERT_FILE.

An example to build on: one thread a connection, no streams from the server, answers of at most a
few megabytes.
"""

import argparse
import http.client
import json
import re
import ssl
import threading
import time
import unicodedata
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

BODY_BYTES_MAX = 1 << 20
ANSWER_BYTES_MAX = 4 << 20
DEPTH_MAX = 20  # AgentAuth reads 24
SECONDS_MAX = 10
DENIED = -32001  # in the range JSON-RPC leaves to servers
INVALID_PARAMS = -32602
# All that is passed on of a request; and what of `tools/call` is no extension.
ENVELOPE = ("jsonrpc", "id", "method", "params")
CALL_PARAMS = ("name", "arguments", "_meta", "task")
# The methods of MCP: "initialize", "logging/setLevel", "notifications/tools/list_changed".
METHOD = re.compile(r"[a-z]+(/[A-Za-z_]+)*")
# What conditions take for a fact about the call, which its arguments must not say.
NO_ARGUMENTS = {"address", "method", "host", "arguments"}
# All that is passed on of a request's headers, and of an answer's. The body is written anew, so
# that what describes the client's own would not be true of it.
HEADERS = ("Accept", "Mcp-Protocol-Version", "Mcp-Session-Id", "Origin", "Traceparent",
           "Tracestate", "User-Agent")
ANSWER_HEADERS = ("Mcp-Session-Id",)
# What goes wrong when somebody else is asked.
FAILURES = (OSError, ValueError, RecursionError, http.client.HTTPException)


class Refused(Exception):
    """The request ends here, with this HTTP status."""

    def __init__(self, status: int, detail: str):
        super().__init__(detail)
        self.status = status


class NoQuestion(Refused):
    """AgentAuth does not take a call for a question: it says why, in its problem."""

    def __init__(self, status: int, problem: dict):
        super().__init__(status, "Invalid params")
        self.why = {name: problem[name] for name in ("detail", "errors") if name in problem}


class Endpoint:
    """An address that is asked over HTTP: no redirections, no proxies of the environment."""

    def __init__(self, url: str):
        target = urlsplit(url)
        if target.scheme not in ("http", "https") or not target.hostname or target.username:
            raise ValueError("neither http nor https")
        self.tls = ssl.create_default_context() if target.scheme == "https" else None
        self.host, self.port = target.hostname, target.port
        self.path = target.path + ("?" + target.query if target.query else "")

    def ask(self, method: str, path: str, headers: dict, body: "bytes | None" = None) -> tuple:
        """(status, headers, value) of the answer; None is the value of no body. Raises FAILURES."""
        options = {"timeout": SECONDS_MAX}
        connection = (http.client.HTTPConnection(self.host, self.port, **options)
                      if self.tls is None else http.client.HTTPSConnection(
                          self.host, self.port, context=self.tls, **options))
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read(ANSWER_BYTES_MAX)
            return answer.status, answer.headers, json.loads(text) if text else None
        finally:
            connection.close()


class AgentAuth:
    """What this program asks AgentAuth."""

    def __init__(self, endpoint: Endpoint, api_key: str):
        self.endpoint = endpoint
        self.api_key = api_key
        self.token = None
        self.renew_at = 0.0
        self.lock = threading.Lock()

    def caller(self, authorization: str, address: str) -> dict:
        """The subject that a token belongs to: AgentAuth verifies it, nobody here does."""
        # Instead of ours: a key may be bound to the networks that it is used from.
        shown, answer = self._call("GET", "/agents/me", authorization,
                                   headers={"X-Forwarded-For": address})
        # Of a key that is narrowed to some permissions, no more than those count.
        return {"type": "agent", "id": answer["agent_id"],
                "properties": {"kid": shown["X-AgentAuth-Kid"]}}

    def may_call(self, subject: dict, name: str, arguments: dict, address: str) -> bool:
        """Of a call that is about to be made: a grant of so many uses is used once more."""
        context = {key: value for key, value in arguments.items() if key not in NO_ARGUMENTS}
        context["address"] = address
        context["arguments"] = {key: arguments[key] for key in NO_ARGUMENTS & arguments.keys()}
        _, answer = self._call("POST", "/access/v1/evaluation", self._own_token(), {
            "subject": subject, "action": {"name": "tools/call"},
            "resource": {"type": "tool", "id": name}, "context": context})
        return answer["decision"] is True

    def _own_token(self) -> str:
        with self.lock:
            if time.monotonic() >= self.renew_at:
                _, answer = self._call("POST", "/auth/login", None, {"api_key": self.api_key})
                self.token = "Bearer " + answer["access_token"]
                self.renew_at = time.monotonic() + answer["expires_in"] / 2
            return self.token

    def _call(self, method: str, path: str, authorization, body=None, headers=None) -> tuple:
        # An id of our own: the caller's would let it use a counted grant for ever.
        headers = {"X-Request-ID": str(uuid.uuid4())} | (headers or {})
        if authorization:
            headers["Authorization"] = authorization
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        try:
            status, shown, answer = self.endpoint.ask(method, self.endpoint.path.rstrip("/") + path,
                                                  headers, data)
        except FAILURES as error:
            raise Refused(503, "AgentAuth cannot be reached") from error
        if status == 401 and path == "/agents/me":
            raise Refused(401, "The access token is not valid")
        if status == 401:
            self.renew_at = 0.0  # it is our own token that was revoked
        if status in (400, 413) and path == "/access/v1/evaluation" and isinstance(answer, dict):
            raise NoQuestion(status, answer)
        if status != 200 or not isinstance(answer, dict):
            raise Refused(503, "AgentAuth refused to answer")
        return shown, answer


def folded(name: str) -> str:
    """What readers that ignore case, width or separators take for the same name."""
    return re.sub("[-_]", "", unicodedata.normalize("NFKC", name).upper().casefold())


def check_names(value, depth: int = 1) -> None:
    """No name may be another's double, at any depth: of the two, each reader takes its own."""
    if depth > DEPTH_MAX:
        raise Refused(400, "The body is nested too deeply")
    if isinstance(value, dict) and len({folded(name) for name in value}) < len(value):
        raise Refused(400, "The body has names that differ only in how they are spelled")
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            check_names(inner, depth + 1)


def check_spelling(names, known: tuple) -> None:
    """What only looks like one of the known names would be it to some readers."""
    for name in names:
        if name not in known and folded(name) in map(folded, known):
            raise Refused(400, f"Only this spelling is known: {', '.join(known)}")


def read_message(body: bytes) -> tuple:
    """(message, the text of it that is sent on): one request or notification of JSON-RPC."""
    def no_number(text):
        raise ValueError(text)

    def whole_number(text):
        # As AgentAuth takes it: what is beyond 64 bits is the nearest double.
        number = int(text)
        return number if -2**63 <= number < 2**63 else float(text)

    try:
        message = json.loads(body.decode(), parse_constant=no_number, parse_int=whole_number)
        check_names(message)
        # A batch would be many decisions about one body; MCP has none since its revision of 2025.
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            raise Refused(400, "The body is no JSON-RPC request")
        check_spelling(message, ENVELOPE)
        message = {name: message[name] for name in ENVELOPE if name in message}
        text = json.dumps(message, allow_nan=False).encode()
    except RecursionError:
        raise Refused(400, "The body is nested too deeply") from None
    except ValueError:
        raise Refused(400, "The body is no JSON") from None
    method = message.get("method")
    if not isinstance(method, str) or not METHOD.fullmatch(method):
        raise Refused(400, "The body names no method of MCP")
    check_spelling([method], ("tools/call",))
    if "id" in message and type(message["id"]) not in (str, int):
        raise Refused(400, "An id is a string or a whole number")
    return message, text


def tool_call(message: dict) -> tuple:
    """(name, arguments) of a `tools/call`."""
    params = message.get("params")
    if not isinstance(params, dict):
        raise Refused(400, "tools/call needs params")
    check_spelling(params, CALL_PARAMS)
    name, arguments = params.get("name"), params.get("arguments", {})
    if not isinstance(name, str) or not name or not isinstance(arguments, dict):
        raise Refused(400, "tools/call needs a name, and arguments that are an object")
    return name, arguments


def passed_on(headers, names: tuple) -> dict:
    """Those of the headers that go further, each once."""
    passed = {name: ", ".join(headers.get_all(name)) for name in names if name in headers}
    if not all(text.isascii() and text.isprintable() for text in passed.values()):
        raise ValueError("a header that is no plain text")
    return passed


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SECONDS_MAX  # of a client that says nothing more
    agentauth: AgentAuth
    server_endpoint: Endpoint

    def do_POST(self):
        message = {}
        try:
            body = self._read_body()
            address = self.client_address[0]
            subject = self.agentauth.caller(self._authorization(), address)
            message, text = read_message(body)
            if message["method"] == "tools/call" and not self.agentauth.may_call(
                    subject, *tool_call(message), address):
                self._refuse(message, 403, 200, {"code": DENIED, "message": "Permission denied"})
                return
            # What was decided on is what is sent: nobody must read the same bytes differently.
            self._answer(*self._forward(text, subject["id"]))
        except NoQuestion as refused:
            self._refuse(message, refused.status, refused.status, {
                "code": INVALID_PARAMS, "message": str(refused), "data": refused.why})
        except Refused as refused:
            self._answer(refused.status, {"error": str(refused)},
                         {"WWW-Authenticate": "Bearer"} if refused.status == 401 else {})

    def do_GET(self):
        # MCP: who has no streams, and ends no sessions, says so by this status.
        self.close_connection = True
        self._answer(405, None, {"Allow": "POST"})

    do_DELETE = do_GET

    def _refuse(self, message: dict, status_of_notification: int, status: int,
                error: dict) -> None:
        # JSON-RPC 2.0 answers no notification; MCP (2025-11-25, Transports) refuses it over HTTP.
        if "id" not in message:
            self._answer(status_of_notification, None)
            return
        self._answer(status, {"jsonrpc": "2.0", "id": message["id"], "error": error})

    def _forward(self, text: bytes, agent_id: str) -> tuple:
        try:
            headers = passed_on(self.headers, HEADERS)
        except ValueError:
            raise Refused(400, "A header is no plain text") from None
        headers |= {"Content-Type": "application/json", "X-Agent-Id": agent_id}
        endpoint = self.server_endpoint
        try:
            status, found, value = endpoint.ask("POST", endpoint.path or "/", headers, text)
            return status, value, passed_on(found, ANSWER_HEADERS)
        except FAILURES as error:
            raise Refused(502, "The MCP server did not answer") from error

    def _authorization(self) -> str:
        sent = self.headers.get_all("Authorization") or []
        if len(sent) != 1 or not re.fullmatch(r"Bearer [!-~]+", sent[0]):
            raise Refused(401, "An access token is required")
        return sent[0]

    def _read_body(self) -> bytes:
        lengths = self.headers.get_all("Content-Length") or []
        # Where a client goes wrong here, nobody knows where its next request begins.
        if ("Transfer-Encoding" in self.headers or len(lengths) != 1
                or not re.fullmatch("[0-9]{1,15}", lengths[0])):
            self.close_connection = True
            raise Refused(411, "Content-Length is required")
        if int(lengths[0]) > BODY_BYTES_MAX:
            self.close_connection = True
            raise Refused(413, "The body is too long")
        return self.rfile.read(int(lengths[0]))

    def _answer(self, status: int, value, headers=None) -> None:
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        if body:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        # Quiet. AgentAuth counts decisions in its metrics, and has on record those that a grant with
        # the effect "audit" matches; who needs more writes it here.
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listen", default="127.0.0.1:8100")
    parser.add_argument("--server", required=True, type=Endpoint, help="the MCP server's endpoint")
    parser.add_argument("--agentauth", default="http://127.0.0.1:8000", type=Endpoint)
    parser.add_argument("--api-key-file", required=True)
    options = parser.parse_args()
    with open(options.api_key_file, encoding="ascii") as file:
        Handler.agentauth = AgentAuth(options.agentauth, file.read().strip())
    Handler.server_endpoint = options.server
    host, _, port = options.listen.rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Handler)
    print(f"enforcement point ready on http://{host}:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
