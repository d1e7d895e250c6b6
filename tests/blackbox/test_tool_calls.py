"""Calls of an MCP server's tools, let through by the example enforcement point."""

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests

PROGRAM = Path(__file__).resolve().parents[2] / "deploy/mcp/enforcement_point.py"


class McpServer(BaseHTTPRequestHandler):
    """Answers every request with what it was asked, and remembers it."""

    seen: list

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((request, dict(self.headers)))
        body = json.dumps({"jsonrpc": "2.0", "id": request.get("id"), "result": request}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def mcp_server():
    McpServer.seen = []
    server = HTTPServer(("127.0.0.1", 0), McpServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/mcp"
    server.shutdown()
    server.server_close()


@pytest.fixture
def tools(sqlite_launch, mcp_server, tmp_path):
    server = sqlite_launch()
    point = server.register_with("agentauth:access:evaluate", "agentauth:access:assert")
    key_file = tmp_path / "api.key"
    key_file.write_text(point.api_key)
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), "--listen", "127.0.0.1:0", "--server", mcp_server,
         "--agentauth", server.url, "--api-key-file", str(key_file)],
        stdout=subprocess.PIPE, text=True)
    url = re.search(r"http://\S+", process.stdout.readline()).group()
    yield Tools(server, url)
    process.kill()
    process.wait()
    process.stdout.close()


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


@pytest.mark.parametrize("body", ["[]", "{", "1", '{"method":1}',
                                  '{"method":"tools/call"}',
                                  '{"method":"tools/call","params":{"name":1}}',
                                  '{"method":"tools/call","params":{"name":"x","arguments":[]}}'])
def test_what_is_no_request_is_refused_and_not_passed_on(tools, body):
    answer = requests.post(tools.url, data=body, timeout=10,
                           headers={"Authorization": f"Bearer {tools.agent.token}"})
    assert answer.status_code == 400
    assert McpServer.seen == []


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
