"""Envoy's ext_authz over gRPC.

Envoy is not in Debian: a real gRPC client sends what it was recorded to send, and what its sources
and its documentation tell of it beyond that (harness/envoy.py), and reads the answer as it does.
"""

import json
import random
import signal
import socket
import ssl
import threading
import time
from pathlib import Path

import grpc
import pytest

from harness.agent import Agent
from harness.certificates import new_certificate
from harness.envoy import RECORDINGS, Answer, Check, EnvoyClient, envoy_port, message
from harness.postgres import PostgresCluster
from harness.server import Server, StartFailed, wait_until

ON = ("--envoy-listen", "127.0.0.1:0", "--trusted-proxies", "127.0.0.1/32")
ROUTES = {"routes": [
    {"methods": ["GET"], "host": "*", "path": "/projects/{id}/weather",
     "permission": "read_weather", "resource": "project:{id}"},
    {"methods": ["POST"], "host": "*", "path": "/projects/{id}/weather",
     "permission": "write_weather", "resource": "project:{id}"},
    {"methods": ["GET"], "host": "inner.example.com", "path": "/stock", "permission": "read_stock"},
    {"methods": ["GET"], "host": "*", "path": "/public/**", "permission": None},
]}
IDENTITY = ("x-agent-id", "x-agent-name", "x-agent-owner")
WEATHER = "/projects/7/weather"


def put_routes(server, routes=ROUTES):
    answer = server.administrator().call("PUT", "/gateway/routes", json=routes)
    assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def auth():
    server = Server(*ON).start()
    put_routes(server)
    yield server
    server.close()


@pytest.fixture(scope="module")
def envoy(auth):
    client = EnvoyClient(envoy_port(auth))
    yield client
    client.close()


@pytest.fixture(scope="module")
def agent(auth) -> Agent:
    """May read the weather. For all tests of the file: they leave it as it is."""
    return auth.register_with("read_weather")


@pytest.mark.parametrize("recording", RECORDINGS.values(), ids=RECORDINGS.keys())
def test_what_envoy_was_recorded_to_send_is_understood(auth, envoy, agent, recording):
    path = recording.path.partition("?")[0]
    route = {"methods": ["GET"], "host": recording.host.partition(":")[0], "path": path,
             "permission": "read_weather", "resource": "recorded:1"}
    put_routes(auth, {"routes": [*ROUTES["routes"], route]})
    try:
        answer = Answer(envoy.send(recording.encode(agent.token)))
        assert answer.passes and answer.headers["x-agent-id"] == agent.agent_id
        answer = Answer(envoy.send(recording.encode(auth.register().token)))
        assert (answer.passes, answer.status) == (False, 403)
        answer = Answer(envoy.send(recording.encode("none")))
        assert (answer.passes, answer.status) == (False, 401)
    finally:
        put_routes(auth)


def over_http(server, check: Check):
    """The same question, as Envoy asks it over HTTP."""
    headers = dict(check.header_list())
    headers = {name: value for name, value in headers.items() if not name.startswith(":")}
    return server.call(check.method, "/gateway/ext-authz" + check.path,
                       headers={**headers, "Host": check.host})


def test_who_may_is_passed_on_and_named(envoy, agent):
    answer = envoy.check(Check(path=f"{WEATHER}?day=1", token=agent.token))
    assert answer.passes and answer.code == 0
    assert answer.headers["x-agent-id"] == agent.agent_id
    assert answer.headers["x-agent-owner"] == "owner@example.com"
    assert set(answer.headers) == set(IDENTITY)


@pytest.mark.parametrize("raw_headers", [False, True])
def test_an_identity_that_the_client_sent_does_not_reach_the_backend(envoy, agent, raw_headers):
    forged = [(name, "somebody-else") for name in (
        *IDENTITY, "x_agent_id", "x-agent_id", "x_agent-id", "x_agent_name", "x_agent_owner")]
    known = Check(path=WEATHER, token=agent.token, headers=forged, raw_headers=raw_headers)
    seen = envoy.check(known).passed_on(known.header_list())
    assert "somebody-else" not in [value for _, value in seen]
    assert ("x-agent-id", agent.agent_id) in seen
    stranger = Check(path="/public/page", headers=forged, raw_headers=raw_headers)
    seen = envoy.check(stranger).passed_on(stranger.header_list())
    assert not [name for name, _ in seen if "agent" in name and name != "user-agent"]


TABLE = [
    # what is asked, with a token; status, code of google.rpc, reason
    (Check("POST", WEATHER), True, 403, 7, "permission_denied"),
    (Check("GET", WEATHER), False, 401, 16, "unauthenticated"),
    (Check("PATCH", WEATHER), True, 403, 7, "unlisted_method"),
    (Check("GET", "/nowhere"), True, 403, 7, "unlisted_path"),
    (Check("GET", "/public/%2e%2e/stock"), True, 403, 7, "path_dot_segment"),
    (Check("GET", "/public/../stock"), True, 403, 7, "path_dot_segment"),
    (Check("GET", "//stock"), True, 403, 7, "path_empty_segment"),
    (Check("GET", "/public//stock"), True, 403, 7, "path_empty_segment"),
    (Check("GET", "/public/..%2fstock"), True, 403, 7, "path_encoded_slash"),
    (Check("GET", "/public/..%5cstock"), True, 403, 7, "path_backslash"),
    (Check("GET", "/public/..;/stock"), True, 403, 7, "path_parameters"),
    (Check("GET", "/public/%252e%252e/stock"), True, 403, 7, "path_double_encoding"),
    (Check("GET", "/stock", host="other.example.com"), True, 403, 7, "unlisted_path"),
    (Check("GET", "/public/a", headers=[("x-http-method-override", "DELETE")]), True, 403, 7,
     "override_header"),
    (Check("GET", "/public/a", headers=[("x-original-url", "/stock")]), True, 403, 7,
     "override_header"),
    (Check("GET", "/public/a", headers=[("x-forwarded-uri", "/stock")]), True, 403, 7,
     "repeated_header"),
    (Check("GET", "/public/a", headers=[("x-original-method", "DELETE")]), False, 403, 7,
     "repeated_header"),
]


@pytest.mark.parametrize("check, known, status, code, reason", TABLE)
def test_no_is_the_same_no_as_over_http(auth, envoy, agent, check, known, status, code, reason):
    check.token = agent.token if known else None
    answer = envoy.check(check)
    assert (answer.status, answer.code, answer.reason) == (status, code, reason)
    assert answer.headers["Content-Type"] == "application/problem+json"
    if "/.." in check.path:
        return  # the client library of the tests would resolve it
    expected = over_http(auth, check)
    assert (expected.status_code, expected.headers["X-AgentAuth-Reason"]) == (status, reason)
    assert expected.headers.get("WWW-Authenticate") == answer.headers.get("WWW-Authenticate")
    assert expected.json()["detail"] == json.loads(answer.body)["detail"]


CONTRADICTIONS = [
    Check(path="/public/a", pseudo={":authority": "inner.example.com"}),
    Check(path="/public/a", headers=[("host", "inner.example.com")]),
    Check(path="/public/a", pseudo={":path": "/stock"}),
    Check(path="/public/a", pseudo={":method": "DELETE"}),
    Check(path="/public/a", pseudo={":path": "/public/a "}, raw_headers=True),
    Check(path="/public/a", headers=[(":path", "/stock")]),
]


@pytest.mark.parametrize("check", CONTRADICTIONS)
def test_what_is_said_in_two_ways_is_denied(envoy, check):
    assert envoy.check(check).reason == "repeated_header"


def test_the_authority_of_http_2_is_the_host(auth, envoy):
    agent = auth.register_with("read_stock")
    inner = Check(path="/stock", host="INNER.example.com:443", token=agent.token)
    assert envoy.check(inner).passes
    assert envoy.check(Check(path="/stock", host="", token=agent.token)).reason == "bad_host"


def test_two_tokens_are_none(envoy, agent):
    again = [("authorization", f"Bearer {agent.token}")]
    for check in (Check(path=WEATHER, token=agent.token, headers=again),
                  Check(path=WEATHER, token=f"{agent.token},Bearer {agent.token}")):
        assert envoy.check(check).status == 401


def test_headers_that_are_no_text_hurt_nobody(envoy, agent):
    odd = [("x-odd", b"\xff\xfe\x00\r\nx-agent-id: 1"), ("x-\xe9", "a"), ("", "")]
    assert envoy.check(Check(path=WEATHER, token=agent.token, headers=odd)).passes


def test_a_suspension_bites_at_the_next_call(auth, envoy):
    agent = auth.register_with("read_weather")
    check = Check(path=WEATHER, token=agent.token)
    assert envoy.check(check).passes
    auth.administrator().post(f"{agent.path}/suspend")
    assert envoy.check(check).status == 401


def test_what_may_be_used_so_often_is_used_up_by_both_ways_together(auth, envoy):
    agent = auth.register()
    granted = auth.administrator().post(
        f"{agent.path}/permissions", {"permission": "read_weather", "max_uses": 3})
    assert granted.status_code == 201, granted.text
    check = Check(path=WEATHER, token=agent.token)
    assert envoy.check(check).passes
    assert over_http(auth, check).status_code == 200
    assert envoy.check(check).passes
    assert envoy.check(check).reason == "permission_denied"
    assert over_http(auth, check).status_code == 403


def test_no_more_uses_than_there_are_however_many_ask_at_once(auth, envoy):
    agent = auth.register()
    auth.administrator().post(f"{agent.path}/permissions",
                              {"permission": "read_weather", "max_uses": 10})
    check = Check(path=WEATHER, token=agent.token)
    calls = [envoy.later(check) for _ in range(40)]
    assert sum(Answer(call.result()).passes for call in calls) == 10


def test_the_client_is_whom_envoy_has_the_request_from(auth, envoy, agent):
    check = Check("POST", WEATHER, token=agent.token, source="198.51.100.77",
                  headers=[("x-forwarded-for", "203.0.113.9")])
    envoy.check(check)

    def denials():
        return auth.administrator().get("/audit", params={
            "agent": agent.agent_id, "outcome": "denied"}).json()["items"]

    wait_until(lambda: any(event["client_address"] == "198.51.100.77" for event in denials()))
    event = next(event for event in denials() if event["client_address"] == "198.51.100.77")
    assert (event["operation"], event["detail"]) == ("answerEnvoy", "write_weather")


def test_calls_are_counted_and_logged_as_those_over_http(auth, envoy, agent):
    def count() -> int:
        name = 'agentauth_gateway_answers_total{reason="allowed"} '
        return sum(int(line[len(name):]) for line in auth.get("/metrics").text.splitlines()
                   if line.startswith(name))

    before = count()
    envoy.check(Check(path=WEATHER, token=agent.token))
    assert count() == before + 1
    envoy.check(Check("POST", WEATHER, token=agent.token))
    lines = [line for line in auth.log_lines() if line.get("agent_id") == agent.agent_id]
    assert lines[-1]["route"] == "/gateway/ext-authz/*" and lines[-1]["status"] == 403
    assert agent.token not in auth.stderr()


def test_limits_are_those_of_the_operation(sqlite_launch):
    server = sqlite_launch(*ON)
    put_routes(server)
    limit = {"name": "few", "scope": "address", "routes": ["ANY /gateway/ext-authz/*"],
             "count": "all", "rate": 1, "per": "1h", "burst": 2}
    put = server.administrator().call("PUT", "/limits", json={"limits": [limit]})
    assert put.status_code == 200, put.text
    client = EnvoyClient(envoy_port(server))
    check = Check(path="/public/a")
    assert [client.check(check).status for _ in range(3)] == [200, 200, 429]
    last = client.check(check)
    assert last.code == 8 and int(last.headers["Retry-After"]) > 0
    client.close()


# What is no question.

def test_too_many_headers_are_denied_in_an_answer(envoy, agent):
    check = Check(path=WEATHER, token=agent.token,
                  headers=[(f"x-filler-{i}", "a" * 7000) for i in range(8)])
    assert envoy.check(check).status == 431
    check.headers = [(f"x-filler-{i}", "a") for i in range(100)]
    assert envoy.check(check).status == 431


def test_a_body_is_not_looked_at_and_not_held(envoy):
    def with_body(size):
        return Answer(envoy.send(Check(path="/public/a").encode() + message(
            (1, message((4, message((2, message((12, b"a" * size))))))))))

    assert with_body(10_000).passes
    assert with_body(100_000).status == 413


def test_a_message_over_the_bound_is_an_error_and_no_yes(auth, envoy):
    check = Check(path="/public/a", headers=[("x-filler", "a" * 300_000)])
    with pytest.raises(grpc.RpcError) as refused:
        envoy.check(check)
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    # Nor one that is small until it has been unpacked.
    with pytest.raises(grpc.RpcError):
        envoy.send(Check(path="/public/a", headers=[("x-filler", "a" * 100_000)]).encode(),
                   compression=grpc.Compression.Gzip)
    assert envoy.check(Check(path="/public/a")).passes


def test_no_bytes_whatever_are_a_yes_by_mistake(auth, envoy, agent):
    """Random bytes, and real messages with some of their bytes changed, cut off or repeated."""
    chance = random.Random(20260101)
    real = Check("POST", WEATHER, token=agent.token).encode()

    def variants():
        for _ in range(150):
            yield chance.randbytes(chance.randrange(0, 400))
        for _ in range(300):
            changed = bytearray(real)
            for _ in range(chance.randrange(1, 6)):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            yield bytes(changed[:chance.randrange(1, len(changed) + 1)])
        yield real + real
        yield message((1, message((4, message((2, message((2, "GET"))))))))

    errors = answers = 0
    for data in variants():
        try:
            answer = Answer(envoy.send(data))
            answers += 1
            assert not answer.passes
        except grpc.RpcError as error:
            errors += 1
            assert error.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNIMPLEMENTED), error
    assert errors and answers
    assert envoy.check(Check(path="/public/a")).passes
    assert auth.is_running()


def test_what_speaks_no_grpc_is_not_answered_and_hurts_nobody(auth, envoy):
    chance = random.Random(7)
    for data in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", chance.randbytes(2000), b"",
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + chance.randbytes(2000)):
        with socket.create_connection(("127.0.0.1", envoy_port(auth)), timeout=5) as connection:
            connection.sendall(data)
            connection.settimeout(0.3)
            try:
                assert b"200" not in connection.recv(4096)
            except (TimeoutError, ConnectionError):
                pass
    assert envoy.check(Check(path="/public/a")).passes


def test_other_methods_are_not_implemented(envoy):
    for method in ("/envoy.service.auth.v2.Authorization/Check",
                   "/envoy.service.auth.v3.Authorization/Uncheck"):
        with pytest.raises(grpc.RpcError) as refused:
            envoy.channel.unary_unary(method)(b"", timeout=10)
        assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED


# Life and death.

def test_without_the_option_nothing_listens(sqlite_launch):
    server = sqlite_launch()
    assert not [line for line in server.log_lines() if line["event"] == "envoy_listening"]
    with open(f"/proc/{server.process.pid}/maps", encoding="ascii") as maps:
        assert "grpc" not in maps.read()


def test_sigterm_answers_what_is_under_way_and_takes_no_more(sqlite_launch):
    server = sqlite_launch(*ON)
    put_routes(server)
    client = EnvoyClient(envoy_port(server))
    check = Check(path="/public/a")
    assert client.check(check).passes
    passed, ended = [], threading.Event()

    def ask():
        while not ended.is_set():
            try:
                passed.append(client.check(check).passes)
            except grpc.RpcError as error:
                # Not taken any more; never taken and then forgotten.
                assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
                return

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 5, "nobody waits for connections that are idle"
    ended.set()
    for thread in threads:
        thread.join(timeout=10)
    assert passed and all(passed)
    client.close()


def test_a_database_that_is_away_is_a_no_and_not_an_error():
    """An error would be passed on by who has set failure_mode_allow."""
    cluster = PostgresCluster(durable=False)
    server = Server(*ON, "--max-staleness", 1, database=cluster.fresh_database()).start()
    client = EnvoyClient(envoy_port(server))
    try:
        put_routes(server)
        check = Check(path="/public/a")
        assert client.check(check).passes
        cluster.stop()
        wait_until(lambda: not client.check(check).passes)
        answer = client.check(check)
        assert (answer.status, answer.code, answer.reason) == (503, 14, "unavailable")
        assert server.get("/readyz").status_code == 503
        cluster.start()
        wait_until(lambda: client.check(check).passes)
    finally:
        client.close()
        server.close()
        cluster.close()


def test_a_port_that_is_taken_stops_the_start(sqlite_launch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartFailed) as failed:
            sqlite_launch("--envoy-listen", f"127.0.0.1:{port}")
    assert failed.value.code == 1
    assert f"--envoy-listen: cannot listen on 127.0.0.1:{port}" in failed.value.stderr


def test_over_tls_with_the_certificate_of_the_server(sqlite_launch, tmp_path):
    cert, key = new_certificate(tmp_path)
    server = sqlite_launch(*ON, "--tls-cert", cert, "--tls-key", key, verify=cert)
    put_routes(server)
    port = envoy_port(server)
    trusting = EnvoyClient(port, grpc.ssl_channel_credentials(Path(cert).read_bytes()))
    assert trusting.check(Check(path="/public/a")).passes
    plain = EnvoyClient(port)
    with pytest.raises(grpc.RpcError):
        plain.check(Check(path="/public/a"))
    trusting.close()
    plain.close()
    # A renewed certificate, in the same files.
    new_certificate(tmp_path)
    wait_until(lambda: ssl.get_server_certificate(("127.0.0.1", port)) == Path(cert).read_text())
    renewed = EnvoyClient(port, grpc.ssl_channel_credentials(Path(cert).read_bytes()))
    assert renewed.check(Check(path="/public/a")).passes
    renewed.close()


def test_other_certificate_files_need_a_restart_and_the_log_says_so(sqlite_launch, tmp_path):
    folders = [tmp_path / name for name in ("old", "new")]
    for folder in folders:
        folder.mkdir()
        new_certificate(folder)
    config = tmp_path / "agentauth.toml"

    def configure(folder):
        config.write_text(f'tls_cert = "{folder}/cert.pem"\ntls_key = "{folder}/key.pem"\n')

    configure(folders[0])
    server = sqlite_launch(*ON, "--config", config, verify=str(folders[0] / "cert.pem"))
    shown = [ssl.get_server_certificate(("127.0.0.1", port))
             for port in (server.port, envoy_port(server))]
    configure(folders[1])
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: any(line["event"] == "restart_needed" and "--envoy-listen" in line["note"]
                           for line in server.log_lines()))
    new = (folders[1] / "cert.pem").read_text()
    wait_until(lambda: ssl.get_server_certificate(("127.0.0.1", server.port)) == new)
    assert ssl.get_server_certificate(("127.0.0.1", envoy_port(server))) == shown[1]


def test_a_link_to_a_certificate_may_point_elsewhere(sqlite_launch, tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        new_certificate(tmp_path / name)
    link = tmp_path / "tls"
    link.symlink_to(tmp_path / "old")
    server = sqlite_launch(*ON, "--tls-cert", link / "cert.pem", "--tls-key", link / "key.pem",
                           verify=str(tmp_path / "old" / "cert.pem"))
    (tmp_path / "next").symlink_to(tmp_path / "new")
    (tmp_path / "next").rename(link)
    new = (tmp_path / "new" / "cert.pem").read_text()
    wait_until(lambda: ssl.get_server_certificate(("127.0.0.1", envoy_port(server))) == new)


def test_on_ipv6(sqlite_launch):
    server = sqlite_launch("--envoy-listen", "[::1]:0", "--trusted-proxies", "::1/128")
    put_routes(server)
    client = EnvoyClient(envoy_port(server), host="[::1]")
    assert client.check(Check(path="/public/a")).passes
    client.close()
