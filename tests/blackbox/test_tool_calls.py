"""Calls of an MCP server's tools, let through by the example enforcement point."""

import http.client
import json
import re
import ssl
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from harness.binary import clean_environment
from harness.certificates import new_certificate
from harness.server import Server

PROGRAM = Path(__file__).resolve().parents[2] / "deploy/mcp/enforcement_point.py"


class McpServer(BaseHTTPRequestHandler):
    """Answers every request with what it was asked, and remembers it."""

    seen: list
    header_lines: list

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((request, dict(self.headers)))
        McpServer.header_lines = self.headers.items()
        if "id" not in request:
            body = b""
            self.send_response(202)
        else:
            body = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": request}).encode()
            self.send_response(200)
        self.send_header("Mcp-Session-Id", "session-1")
        self.send_header("X-Powered-By", "tools")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def serving(handler, certificate=None):
    """The port that it is served on, over TLS with a certificate and its key."""
    server = HTTPServer(("127.0.0.1", 0), handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@contextmanager
def enforcement_point(key_file, server, agentauth, **environment):
    """Its URL."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), "--listen", "127.0.0.1:0", "--server", server,
         "--agentauth", agentauth, "--api-key-file", str(key_file)],
        stdout=subprocess.PIPE, text=True, env=clean_environment(**environment))
    yield re.search(r"http://\S+", process.stdout.readline()).group()
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture(autouse=True)
def nothing_seen():
    McpServer.seen = []


@pytest.fixture(scope="module")
def mcp_server():
    with serving(McpServer) as port:
        yield f"http://127.0.0.1:{port}/mcp"


@pytest.fixture(scope="module")
def agentauth():
    server = Server("--trusted-proxies", "127.0.0.1/32").start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def key_file(agentauth, tmp_path_factory):
    point = agentauth.register_with("agentauth:access:evaluate", "agentauth:access:assert")
    path = tmp_path_factory.mktemp("point") / "api.key"
    path.write_text(point.api_key)
    return path


@pytest.fixture(scope="module")
def point_url(agentauth, mcp_server, key_file):
    with enforcement_point(key_file, mcp_server, agentauth.url) as url:
        yield url


@pytest.fixture
def tools(agentauth, point_url):
    return Tools(agentauth, point_url)


class Tools:
    def __init__(self, server, url):
        self.server = server
        self.url = url
        self.agent = server.register()

    def grant(self, **terms):
        answer = self.server.administrator().post(
            f"{self.agent.path}/permissions", {"permission": "tools/call", **terms})
        assert answer.status_code == 201, answer.text

    def send(self, body, token=None, **headers):
        headers["Authorization"] = f"Bearer {token or self.agent.token}"
        return requests.post(self.url, json=body, headers=headers, timeout=10)

    def send_text(self, text, **headers):
        headers["Authorization"] = f"Bearer {self.agent.token}"
        return requests.post(self.url, data=text, headers=headers, timeout=10)

    def call(self, tool, **arguments):
        """Whether the call of the tool came through."""
        answer = self.send({"jsonrpc": "2.0", "id": 7, "method": "tools/call",
                            "params": {"name": tool, "arguments": arguments}})
        assert answer.status_code == 200, answer.text
        if "error" in answer.json():
            assert answer.json()["error"]["message"] == "Permission denied"
            assert answer.json()["id"] == 7
        return "result" in answer.json()


def test_a_tool_is_called_by_whom_it_is_granted_to(tools):
    assert not tools.call("create_ticket")
    assert McpServer.seen == []
    tools.grant(resource="tool:create_ticket")
    assert tools.call("create_ticket", title="x")
    assert not tools.call("delete_ticket")
    request, headers = McpServer.seen[-1]
    assert request["params"] == {"name": "create_ticket", "arguments": {"title": "x"}}
    assert headers["X-Agent-Id"] == tools.agent.agent_id
    assert "Authorization" not in headers, "the server could act as the agent"


def test_a_key_that_is_worth_less_than_its_agent_calls_no_more_than_it_may(tools):
    tools.grant()
    tools.server.administrator().grant(tools.agent, "read_weather")
    for permission, passes in (("tools/call", True), ("read_weather", False)):
        key = tools.agent.post(f"{tools.agent.path}/keys", {"permissions": [permission]}).json()
        token = tools.server.login(key["api_key"]).json()["access_token"]
        answer = tools.send({"jsonrpc": "2.0", "id": 7, "method": "tools/call",
                             "params": {"name": "x", "arguments": {}}}, token)
        assert ("result" in answer.json()) is passes, answer.text


def test_the_arguments_decide_too(tools):
    tools.grant(resource="tool:create_ticket", when='context.project == "X"')
    assert tools.call("create_ticket", project="X")
    assert not tools.call("create_ticket", project="Y")
    assert not tools.call("create_ticket")


def test_an_argument_is_no_address_method_or_host(tools):
    tools.grant(resource="tool:fetch", when='inNetwork(context.address, "192.0.2.0/24")')
    assert not tools.call("fetch", address="192.0.2.7")
    tools.grant(resource="tool:get", when='context.method == "GET" || context.host == "here"')
    assert not tools.call("get", method="GET", host="here")
    tools.grant(resource="tool:near", when='inNetwork(context.address, "127.0.0.0/8")')
    assert tools.call("near")
    assert tools.call("near", address="192.0.2.7")


def test_arguments_of_these_names_decide_under_a_name_of_their_own(tools):
    names = ("address", "method", "host", "arguments")
    for name in names:
        tools.grant(resource=f"tool:{name}", when=f'context.arguments.{name} == "X"')
        assert tools.call(name, **{name: "X"})
        assert not tools.call(name, **{name: "Y"})
        assert not tools.call(name, arguments={name: "X"})
    assert McpServer.seen[-1][0]["params"]["arguments"] == {"arguments": "X"}


def test_a_tool_is_called_so_often_whatever_request_id_is_sent(tools):
    tools.grant(resource="tool:create_ticket", max_uses=3)
    answers = [tools.send({"jsonrpc": "2.0", "id": i, "method": "tools/call",
                           "params": {"name": "create_ticket"}}, **{"X-Request-ID": "the-same"})
               for i in range(5)]
    assert ["result" in answer.json() for answer in answers] == [True] * 3 + [False] * 2


@pytest.mark.parametrize("change", [
    lambda name: name, str.lower, str.upper, lambda name: name.replace("-", "_"),
    lambda name: name.replace("-", "_", 1), lambda name: "X-Agent_" + name[8:],
], ids=["as it is", "lower", "upper", "underscores", "first underscore", "last underscore"])
def test_an_identity_that_the_client_claims_does_not_pass(tools, change):
    forged = {change(name): "forged" for name in ("X-Agent-Id", "X-Agent-Name", "X-Agent-Owner")}
    tools.send({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, **forged)
    _, headers = McpServer.seen[-1]
    assert headers["X-Agent-Id"] == tools.agent.agent_id
    assert "forged" not in headers.values()


def of_call(params: str) -> str:
    return '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":%s}' % params


def of_method(method: str) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                       "params": {"name": "x", "arguments": {}}})


def of_envelope(members: str) -> str:
    return '{"jsonrpc":"2.0","id":1,"method":"tools/list",%s}' % members


def test_a_number_is_sent_on_as_it_was_decided_on(tools):
    tools.grant(resource="tool:x", when="context.n == 1e20")
    assert tools.send_text(of_call('{"name":"x","arguments":{"n":100000000000000000001}}').encode()
                           ).json().get("error") is None
    assert McpServer.seen[-1][0]["params"]["arguments"]["n"] == 10**20
    other = of_call('{"name":"x","arguments":{"n":%d}}' % 10**400)
    assert tools.send_text(other.encode()).status_code == 400


@pytest.mark.parametrize("body", [
    "[]", "{", "1", "\xff", "", '{"jsonrpc":"2.0","id":1,"method":1}',
    '{"id":1,"method":"tools/list"}', '{"jsonrpc":"2.0","id":null,"method":"tools/list"}',
    '{"jsonrpc":"2.0","id":true,"method":"tools/list"}', '{"jsonrpc":"2.0","id":1}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call"}', of_call("[]"), of_call('{"name":1}'),
    of_call('{"name":""}'), of_call('{"name":"x","arguments":[]}'),
    of_call('{"name":"x","arguments":{"n":NaN}}'), of_call('{"name":"x","arguments":{"n":1e999}}'),
])
def test_what_is_no_request_is_refused_and_not_passed_on(tools, body):
    tools.grant(resource="tool:x")
    assert tools.send_text(body.encode("latin-1")).status_code == 400
    assert McpServer.seen == []


# A reader that ignores case takes the last, and others what is wide or has no separators, too.
@pytest.mark.parametrize("body", [
    of_envelope('"Method":"tools/call"'), of_envelope('"METHOD":"tools/call"'),
    of_envelope('"meth\u00f6d":1,"Params":{"name":"x"}'), of_envelope('"param\u017f":{}'),
    of_envelope('"\uff4dethod":"tools/call"'), of_envelope('"me-thod":"tools/call"'),
    of_envelope('"ID":2'), of_envelope('"j\u017fonrpc":"2.0"'),
    of_call('{"name":"x","Name":"y"}'), of_call('{"name":"x","NAME":"y"}'),
    of_call('{"name":"x","na_me":"y"}'), of_call('{"name":"x","argument\u017f":{"a":1}}'),
    of_call('{"name":"x","Arguments":{}}'), of_call('{"name":"x","ta\u017fk":{}}'),
    of_call('{"name":"x","ta\u017f\u212a":{}}'),
    of_call('{"name":"x","arguments":{"project":"X","Project":"Y"}}'),
    of_call('{"name":"x","arguments":{"key":"X","\u212aey":"Y"}}'),
    of_call('{"name":"x","arguments":{"in":[{"a":1,"A":2}]}}'),
], ids=ascii)
def test_a_name_that_some_readers_take_for_another_is_refused(tools, body):
    tools.grant(resource="tool:x")
    assert tools.send_text(body.encode()).status_code == 400
    assert McpServer.seen == []


@pytest.mark.parametrize("method", [
    "Tools/Call", "tools/Call", "TOOLS/CALL", "tools/call ", " tools/call", "tools/call/", "/tools/call",
    "tools//call", "tools/call\n", "tools/call\u0000", "tools/ca\u217cl", "tool\u017f/call",
    "tools/_call", "tools%2fcall", "tools\\call", "tools.call", ""], ids=ascii)
def test_what_only_looks_like_a_call_is_refused(tools, method):
    tools.grant(resource="tool:x")
    assert tools.send_text(of_method(method)).status_code == 400
    assert McpServer.seen == []


@pytest.mark.parametrize("method", [
    "initialize", "ping", "tools/list", "resources/templates/list", "logging/setLevel",
    "notifications/tools/list_changed", "completion/complete", "server/discover"])
def test_the_methods_of_mcp_pass_without_a_permission(tools, method):
    assert tools.send_text(of_method(method)).status_code == 200
    assert McpServer.seen[-1][0]["method"] == method


def test_of_the_envelope_no_more_than_is_known_goes_on(tools):
    tools.grant(resource="tool:x")
    body = json.loads(of_call('{"name":"x","_meta":{"progressToken":1},"more":1}'))
    assert tools.send({**body, "result": {}, "extension": 1}).status_code == 200
    assert McpServer.seen[-1][0] == body


@pytest.mark.parametrize("depth", [21, 30, 3000, 100_000])
@pytest.mark.parametrize("opens, closes", [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_too_deeply_is_refused(tools, depth, opens, closes):
    tools.grant(resource="tool:x")
    for body in (opens * depth + "1" + closes * depth,
                 of_call('{"name":"x","arguments":{"a":%s1%s}}' % (opens * depth, closes * depth))):
        assert tools.send_text(body).status_code == 400
    assert McpServer.seen == []
    inner = opens * 16 + "1" + closes * 16
    assert tools.send_text(of_call('{"name":"x","arguments":{"a":%s}}' % inner)).status_code == 200


def exchange(tools, *lines, body=of_method("ping")):
    """One request with these lines beside its own. (status, headers, body) of the answer."""
    target = urlsplit(tools.url)
    connection = http.client.HTTPConnection(target.hostname, target.port, timeout=10)
    connection.putrequest("POST", "/", skip_accept_encoding=True)
    length = () if any(name == "Content-Length" for name, _ in lines) else (
        ("Content-Length", len(body)),)
    for name, value in (("Authorization", f"Bearer {tools.agent.token}"), *length, *lines):
        connection.putheader(name, value)
    connection.endheaders(body.encode())
    answer = connection.getresponse()
    found = answer.status, answer.headers, answer.read()
    connection.close()
    return found


def test_only_headers_that_are_meant_to_pass_do_and_each_once(tools):
    status, _, _ = exchange(
        tools, ("content-type", "application/json; charset=utf-16"), ("CONTENT-ENCODING", "gzip"),
        ("TE", "trailers"), ("Trailer", "X-A"), ("Upgrade", "h2c"), ("Expect", "100-continue"),
        ("Connection", "X-Agent-Id, Mcp-Session-Id"), ("Cookie", "a=b"), ("X-Other", "x"),
        ("X-Forwarded-Uri", "/x"), ("X-HTTP-Method-Override", "DELETE"), ("Mcp_Session_Id", "y"),
        ("accept", "application/json"), ("Accept", "text/event-stream"),
        ("MCP-SESSION-ID", "session-1"), ("mcp-protocol-version", "2025-11-25"))
    assert status == 200
    lines = {name.lower(): value for name, value in McpServer.header_lines}
    assert len(lines) == len(McpServer.header_lines), McpServer.header_lines
    assert lines.pop("host") and lines.pop("content-length")
    assert lines == {
        "accept-encoding": "identity", "content-type": "application/json",
        "accept": "application/json, text/event-stream", "mcp-session-id": "session-1",
        "mcp-protocol-version": "2025-11-25", "x-agent-id": tools.agent.agent_id}


@pytest.mark.parametrize("lines, status", [
    ([("Mcp-Session-Id", "a\r\n b")], 400), ([("User-Agent", "\xff".encode("latin-1"))], 400),
    ([("Content-Length", "9" * 5000)], 411), ([("Content-Length", "+1")], 411),
    ([("Content-Length", "1"), ("Content-Length", "2")], 411),
    ([("Content-Length", str(1 << 21))], 413), ([("Transfer-Encoding", "chunked")], 411)], ids=str)
def test_a_head_that_is_read_in_two_ways_is_refused(tools, lines, status):
    assert exchange(tools, *lines)[0] == status
    assert McpServer.seen == []


def test_the_session_of_the_server_is_told_and_nothing_else_of_its_head(tools):
    _, headers, _ = exchange(tools)
    assert headers["Mcp-Session-Id"] == "session-1"
    assert "X-Powered-By" not in headers


def test_a_notification_gets_no_answer_allowed_or_not(tools):
    tools.grant(resource="tool:x")
    for name, expected in (("x", 202), ("y", 403)):
        body = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": name}}
        answer = tools.send(body)
        assert (answer.status_code, answer.content) == (expected, b"")
    assert [request["params"]["name"] for request, _ in McpServer.seen] == ["x"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_streams_and_ends_of_sessions_are_said_not_to_be_there(tools, method):
    answer = requests.request(method, tools.url, data="x", timeout=10)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert McpServer.seen == []


@pytest.mark.parametrize("option", ["--server", "--agentauth"])
@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/hostname", "127.0.0.1:9000",
                                 "http:///mcp", "http://127.0.0.1:x/"])
def test_what_is_no_url_of_http_is_refused_at_the_start(key_file, option, url):
    result = subprocess.run([sys.executable, str(PROGRAM), "--listen", "127.0.0.1:0", "--server",
                             "http://127.0.0.1:1/", "--api-key-file", str(key_file), option, url],
                            capture_output=True, text=True, timeout=10, check=False)
    assert result.returncode == 2 and option in result.stderr


def test_a_server_is_spoken_to_over_tls_when_its_certificate_holds(agentauth, key_file, tmp_path):
    certificate = new_certificate(tmp_path)
    with serving(McpServer, certificate) as port:
        server = f"https://127.0.0.1:{port}/mcp"
        with enforcement_point(key_file, server, agentauth.url) as url:
            assert Tools(agentauth, url).send_text(of_method("ping")).status_code == 502
        assert McpServer.seen == []
        with enforcement_point(key_file, server, agentauth.url,
                               SSL_CERT_FILE=certificate[0]) as url:
            assert Tools(agentauth, url).send_text(of_method("ping")).status_code == 200


def test_agentauth_is_asked_over_tls_when_its_certificate_holds(sqlite_launch, mcp_server, key_file,
                                                                tmp_path):
    certificate, key = new_certificate(tmp_path)
    server = sqlite_launch("--tls-cert", certificate, "--tls-key", key, verify=certificate)
    with enforcement_point(key_file, mcp_server, server.url) as url:
        assert Tools(server, url).send_text(of_method("ping")).status_code == 503
    with enforcement_point(key_file, mcp_server, server.url, SSL_CERT_FILE=certificate) as url:
        assert Tools(server, url).send_text(of_method("ping")).status_code == 200


def test_a_key_counts_in_the_networks_that_it_is_bound_to(tools):
    """Those of the agent, not of the point, which is at 127.0.0.1 here."""
    def ping(address, token):
        with requests.Session() as session:
            session.mount("http://", From(address))
            return session.post(tools.url, data=of_method("ping"), timeout=10,
                                headers={"Authorization": f"Bearer {token}"}).status_code

    def token_in(network):
        key = tools.server.administrator().post(f"{tools.agent.path}/keys",
                                                {"allowed_cidrs": [network]}).json()["api_key"]
        answer = tools.server.post("/auth/login", {"api_key": key},
                                   headers={"X-Forwarded-For": "127.0.0.5"})
        return answer.json()["access_token"]

    token = token_in("127.0.0.5/32")
    assert ping("127.0.0.5", token) == 200
    assert ping("127.0.0.6", token) == 401
    assert len(McpServer.seen) == 1


class From(requests.adapters.HTTPAdapter):
    """Calls from another address of this machine."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **options)


class FakeAgentAuth(BaseHTTPRequestHandler):
    """Allows everything, and remembers what it was asked."""

    asked: list
    agent = {"agent_id": "agent-1"}

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        self.asked.append((self.path, body, self.headers))
        text = json.dumps({"/agents/me": self.agent, "/access/v1/evaluation": {"decision": True},
                           "/auth/login": {"access_token": "t", "expires_in": 60}}[self.path])
        self.send_response(200)
        self.send_header("X-AgentAuth-Kid", "key-1")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST

    def log_message(self, *_):
        pass


def test_agentauth_is_told_by_which_key_and_from_where_a_call_comes(mcp_server, key_file):
    FakeAgentAuth.asked = []
    with serving(FakeAgentAuth) as port, enforcement_point(
            key_file, mcp_server, f"http://127.0.0.1:{port}") as url:
        answer = requests.post(url, data=of_call('{"name":"x"}'), timeout=10, headers={
            "Authorization": "Bearer t", "X-Forwarded-For": "192.0.2.1"})
    assert answer.status_code == 200
    (_, _, headers), _, (_, evaluation, _) = FakeAgentAuth.asked
    assert headers.get_all("X-Forwarded-For") == ["127.0.0.1"]
    assert evaluation["subject"] == {"type": "agent", "id": "agent-1",
                                     "properties": {"kid": "key-1"}}


def test_without_a_valid_token_nothing_passes(tools):
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    assert requests.post(tools.url, json=request, timeout=10).status_code == 401
    assert tools.send(request, token="wrong").status_code == 401
    token = tools.agent.token
    tools.server.administrator().post(f"{tools.agent.path}/suspend")
    assert tools.send(request, token=token).status_code == 401
    assert McpServer.seen == []


def test_a_name_that_is_read_twice_is_decided_on_as_it_is_sent(tools):
    tools.grant(resource="tool:allowed")
    body = ('{"jsonrpc":"2.0","id":1,"method":"tools/call",'
            '"params":{"name":"denied","name":"allowed"}}')
    answer = requests.post(tools.url, data=body, timeout=10,
                           headers={"Authorization": f"Bearer {tools.agent.token}"})
    assert answer.status_code == 200
    request, _ = McpServer.seen[-1]
    assert request["params"]["name"] == "allowed"


# What AgentAuth takes for no question is the caller's to mend, and no reason to try again.
@pytest.mark.parametrize("status, params, told", [
    (400, '{"name":"x","arguments":{"a":"\\ud800"}}', "valid JSON"),
    (400, '{"name":"x\\u0000"}', "resource.id"),
    (400, '{"name":"%s"}' % ("x" * 300), "resource.id"),
    (400, '{"name":"x","arguments":{%s}}' % ",".join(f'"{i}x":1' for i in range(3000)), "members"),
    (413, '{"name":"x","arguments":{"a":"%s"}}' % ("x" * 70_000), ""),
], ids=["surrogate", "control", "name", "members", "size"])
def test_what_agentauth_cannot_be_asked_about_is_a_bad_request(tools, status, params, told):
    tools.grant()
    answer = tools.send_text(of_call(params))
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert (body["jsonrpc"], body["id"]) == ("2.0", 1)
    assert (body["error"]["code"], body["error"]["message"]) == (-32602, "Invalid params")
    assert told in json.dumps(body["error"]["data"]) and body["error"]["data"]["detail"]
    notification = tools.send_text(of_call(params).replace('"id":1,', ""))
    assert (notification.status_code, notification.content) == (status, b"")
    assert McpServer.seen == []


@pytest.mark.parametrize("status", [400, 401, 403, 413, 429, 500, 503])
@pytest.mark.parametrize("path", ["/auth/login", "/agents/me", "/access/v1/evaluation"])
def test_nothing_passes_when_agentauth_refuses(mcp_server, key_file, path, status):
    class Refuses(FakeAgentAuth):
        def send_response(self, _):
            super().send_response(status if self.path == path else 200)

    FakeAgentAuth.asked = []
    with serving(Refuses) as port, enforcement_point(
            key_file, mcp_server, f"http://127.0.0.1:{port}") as url:
        answer = requests.post(url, data=of_call('{"name":"x"}'), timeout=10,
                               headers={"Authorization": "Bearer t"})
    expected = {("/agents/me", 401): 401, ("/access/v1/evaluation", 400): 400,
                ("/access/v1/evaluation", 413): 413}.get((path, status), 503)
    assert answer.status_code == expected
    assert McpServer.seen == []


def test_a_key_of_the_points_own_that_does_not_work_is_not_the_callers_fault(
        agentauth, mcp_server, tmp_path):
    (tmp_path / "key").write_text("aa_none")
    with enforcement_point(tmp_path / "key", mcp_server, agentauth.url) as url:
        tools = Tools(agentauth, url)
        tools.grant(resource="tool:x")
        assert tools.send_text(of_call('{"name":"x"}')).status_code == 503
    assert McpServer.seen == []
