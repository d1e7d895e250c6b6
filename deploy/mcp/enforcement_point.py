#!/usr/bin/python3
"""Lets an MCP server's tools be called only by agents that AgentAuth allows.

usage: enforcement_point.py --listen HOST:PORT --server URL --agentauth URL --api-key-file FILE

Stands in front of an MCP server that speaks JSON-RPC over HTTP. Each request carries an access
token of AgentAuth. A `tools/call` is allowed when AgentAuth allows the action `tools/call` on the
resource `tool:NAME`, with the arguments of the call as the context; so a grant can say which tool,
with which arguments, how often and until when. Everything else needs a valid token and no
permission.

The API key is this program's own. Its agent holds `agentauth:access:evaluate`, to ask, and
`agentauth:access:assert`, so that what it says of a call counts. An example to build on: one
thread a connection, no streams from the server, answers of at most a few megabytes.
"""

import argparse
import http.client
import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

BODY_BYTES_MAX = 1 << 20
ANSWER_BYTES_MAX = 4 << 20
SECONDS_MAX = 10
DENIED = -32001  # in the range JSON-RPC leaves to servers
# What conditions take for a fact about the call, which its arguments must not say.
NO_ARGUMENTS = {"address", "method", "host", "arguments"}
# Headers that belong to one connection, or that say who somebody is: neither is passed on.
# Backends that read headers as variables take _ for -.
NOT_PASSED_ON = {"authorization", "connection", "content-length", "host", "keep-alive",
                 "transfer-encoding", "te", "upgrade", "x-agent-id", "x-agent-name",
                 "x-agent-owner", "x-request-id"}


class Refused(Exception):
    """The request ends here, with this HTTP status."""

    def __init__(self, status: int, detail: str):
        super().__init__(detail)
        self.status = status


class AgentAuth:
    """What this program asks AgentAuth."""

    def __init__(self, url: str, api_key: str):
        self.url = url.rstrip("/")
        self.api_key = api_key
        self.token = None
        self.renew_at = 0.0
        self.lock = threading.Lock()

    def agent_of(self, authorization: str) -> str:
        """The agent that a token belongs to: AgentAuth verifies it, nobody here does."""
        answer = self._call("GET", "/agents/me", authorization)
        return answer["agent_id"]

    def may_call(self, agent_id: str, name: str, arguments: dict, address: str) -> bool:
        """Of a call that is about to be made: a grant of so many uses is used once more."""
        context = {key: value for key, value in arguments.items() if key not in NO_ARGUMENTS}
        context["address"] = address
        context["arguments"] = {key: arguments[key] for key in NO_ARGUMENTS & arguments.keys()}
        body = {"subject": {"type": "agent", "id": agent_id}, "action": {"name": "tools/call"},
                "resource": {"type": "tool", "id": name}, "context": context}
        answer = self._call("POST", "/access/v1/evaluation", self._own_token(), body)
        return answer["decision"] is True

    def _own_token(self) -> str:
        with self.lock:
            if time.monotonic() >= self.renew_at:
                answer = self._call("POST", "/auth/login", None, {"api_key": self.api_key})
                self.token = "Bearer " + answer["access_token"]
                self.renew_at = time.monotonic() + answer["expires_in"] / 2
            return self.token

    def _call(self, method: str, path: str, authorization, body=None) -> dict:
        # An id of our own: the caller's would let it use a counted grant for ever.
        headers = {"X-Request-ID": str(uuid.uuid4())}
        if authorization:
            headers["Authorization"] = authorization
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:
                return json.loads(answer.read(ANSWER_BYTES_MAX))
        except urllib.error.HTTPError as error:
            if error.code == 401:
                raise Refused(401, "The access token is not valid") from error
            raise Refused(503, "AgentAuth refused to answer") from error
        except (OSError, ValueError) as error:
            raise Refused(503, "AgentAuth cannot be reached") from error


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    agentauth: AgentAuth
    server_url: str

    def do_POST(self):
        try:
            body = self._read_body()
            agent_id = self.agentauth.agent_of(self._authorization())
            self._handle(agent_id, body)
        except Refused as refused:
            self._answer(refused.status, {"error": str(refused)},
                         {"WWW-Authenticate": "Bearer"} if refused.status == 401 else {})

    def _handle(self, agent_id: str, body: bytes) -> None:
        try:
            request = json.loads(body)
        except ValueError:
            raise Refused(400, "The body is no JSON") from None
        # A batch would be many decisions about one body; MCP has none since its revision of 2025.
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            raise Refused(400, "The body is no JSON-RPC request")
        if request["method"] == "tools/call":
            name, arguments = self._tool_call(request)
            if not self.agentauth.may_call(agent_id, name, arguments, self.client_address[0]):
                self._answer(200, {"jsonrpc": "2.0", "id": request.get("id"),
                                   "error": {"code": DENIED, "message": "Permission denied"}})
                return
        # What was decided on is what is sent: the server must not read the same bytes differently.
        status, answer = self._forward(json.dumps(request).encode(), agent_id)
        self._answer(status, answer)

    @staticmethod
    def _tool_call(request: dict) -> tuple:
        params = request.get("params")
        name = params.get("name") if isinstance(params, dict) else None
        arguments = params.get("arguments", {}) if isinstance(params, dict) else None
        if not isinstance(name, str) or not name or not isinstance(arguments, dict):
            raise Refused(400, "tools/call needs a name, and arguments that are an object")
        return name, arguments

    def _forward(self, body: bytes, agent_id: str) -> tuple:
        target = urlsplit(self.server_url)
        headers = {name: value for name, value in self.headers.items()
                   if name.lower().replace("_", "-") not in NOT_PASSED_ON}
        headers |= {"Content-Type": "application/json", "X-Agent-Id": agent_id}
        connection = http.client.HTTPConnection(target.hostname, target.port or 80,
                                                timeout=SECONDS_MAX)
        try:
            connection.request("POST", target.path or "/", body, headers)
            answer = connection.getresponse()
            text = answer.read(ANSWER_BYTES_MAX)
            return answer.status, json.loads(text) if text else {}
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Refused(502, "The MCP server did not answer") from error
        finally:
            connection.close()

    def _authorization(self) -> str:
        sent = self.headers.get_all("Authorization") or []
        if len(sent) != 1 or not sent[0].startswith("Bearer "):
            raise Refused(401, "An access token is required")
        return sent[0]

    def _read_body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.close_connection = True
            raise Refused(411, "Content-Length is required")
        if int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            raise Refused(413, "The body is too long")
        return self.rfile.read(int(length))

    def _answer(self, status: int, value: dict, headers=None) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
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
    parser.add_argument("--server", required=True, help="the MCP server's endpoint")
    parser.add_argument("--agentauth", default="http://127.0.0.1:8000")
    parser.add_argument("--api-key-file", required=True)
    options = parser.parse_args()
    with open(options.api_key_file, encoding="ascii") as file:
        Handler.agentauth = AgentAuth(options.agentauth, file.read().strip())
    Handler.server_url = options.server
    host, _, port = options.listen.rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Handler)
    print(f"enforcement point ready on http://{host}:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
