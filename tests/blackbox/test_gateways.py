"""An API behind a gateway: nginx and Caddy as Debian has them, with the shipped examples.

Envoy is not in Debian: what it sends over HTTP is written down below as its documentation tells it,
with the headers that were seen of it (https://github.com/envoyproxy/envoy/issues/10104).
"""

import pytest
import requests

from harness.agent import Agent
from harness.gateways import Backend, Gateway
from harness.problems import problem
from harness.raw import RawConnection
from harness.server import Server, wait_until

ROUTES = {"routes": [
    {"methods": ["GET", "HEAD"], "host": "*", "path": "/projects/{id}/weather",
     "permission": "read_weather", "resource": "project:{id}"},
    {"methods": ["POST"], "host": "*", "path": "/projects/{id}/weather",
     "permission": "write_weather", "resource": "project:{id}"},
    {"methods": ["*"], "host": "*", "path": "/admin/**", "permission": "administer"},
    {"methods": ["GET"], "host": "*", "path": "/public/**", "permission": None},
]}
IDENTITY = ("X-Agent-Id", "X-Agent-Name", "X-Agent-Owner")


def put_routes(server, routes=ROUTES):
    answer = server.administrator().call("PUT", "/gateway/routes", json=routes)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.fixture(scope="module")
def auth():
    server = Server("--trusted-proxies", "127.0.0.1/32").start()
    put_routes(server)
    yield server
    server.close()


@pytest.fixture(scope="module")
def backend():
    backend = Backend()
    yield backend
    backend.close()


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def gateway(request, auth, backend):
    gateway = Gateway(request.param, auth.port, backend.port)
    gateway.kind = request.param
    yield gateway
    gateway.close()


@pytest.fixture
def agent(auth) -> Agent:
    return auth.register_with("read_weather")


@pytest.fixture(autouse=True)
def nothing_seen(backend):
    backend.seen.clear()


def call(gateway, method, target, token=None, headers=None, **arguments):
    headers = dict(headers or {})
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return requests.request(method, gateway.url + target, headers=headers, timeout=20,
                            allow_redirects=False, **arguments)


def raw(gateway, target, *lines):
    """One request with a target and headers that no HTTP library would send."""
    head = "".join(f"{line}\r\n" for line in lines)
    with RawConnection(gateway) as connection:
        connection.send(f"GET {target} HTTP/1.1\r\nHost: api.example.com\r\n{head}"
                        "Connection: close\r\n\r\n".encode("utf-8"))
        return connection.response()


def identity(seen) -> list:
    """Whatever the backend could take for the identity, in whatever spelling."""
    return [(name, value) for name, value in seen[2]
            if name.lower().replace("_", "-").startswith("x-agent-") and value]


def test_who_may_reaches_the_backend_and_is_named(gateway, backend, agent):
    answer = call(gateway, "GET", "/projects/7/weather?day=1", agent.token)
    assert answer.status_code == 200
    (seen,) = backend.seen
    assert seen[:2] == ("GET", "/projects/7/weather?day=1")
    assert ("X-Agent-Id", agent.agent_id) in identity(seen)
    assert ("X-Agent-Owner", "owner@example.com") in identity(seen)


def test_the_agent_is_named_as_a_header_can_hold_it(gateway, auth, backend):
    named = auth.register(name="J\u00fcrgen 100%")
    assert call(gateway, "GET", "/public/page", named.token).status_code == 200
    assert ("X-Agent-Name", "J%C3%BCrgen 100%25") in identity(backend.seen[0])


def test_the_permission_is_needed_on_the_resource_that_the_path_names(gateway, auth, backend):
    agent = auth.register()
    granted = auth.administrator().post(
        f"{agent.path}/permissions", {"permission": "read_weather", "resource": "project:7"})
    assert granted.status_code == 201, granted.text
    assert call(gateway, "GET", "/projects/7/weather", agent.token).status_code == 200
    assert call(gateway, "GET", "/projects/8/weather", agent.token).status_code == 403
    assert len(backend.seen) == 1


def test_the_backend_gets_the_target_as_it_was_sent(gateway, backend, agent):
    target = "/projects/a%20b%40c/weather?x=%2F..%2F"
    assert raw(gateway, target, f"Authorization: Bearer {agent.token}").status == 200
    assert backend.seen[0][1] == target


def test_who_may_not_is_denied_and_the_backend_hears_nothing(gateway, backend, agent):
    for method, target in (("POST", "/projects/7/weather"), ("GET", "/admin/users"),
                           ("DELETE", "/projects/7/weather"), ("GET", "/nowhere")):
        answer = call(gateway, method, target, agent.token, data=b"")
        assert answer.status_code == 403, (method, target)
        assert answer.headers["X-AgentAuth-Reason"] in (
            "permission_denied", "unlisted_method", "unlisted_path")
    assert not backend.seen


def test_without_a_token_it_is_401_and_the_backend_hears_nothing(gateway, backend):
    for token in (None, "forged", "a.b.c"):
        answer = call(gateway, "GET", "/projects/7/weather", token)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="agentauth"')
    assert not backend.seen


def test_a_suspension_bites_at_the_next_request(gateway, auth, backend, agent):
    assert call(gateway, "GET", "/projects/7/weather", agent.token).status_code == 200
    auth.administrator().post(f"{agent.path}/suspend")
    assert call(gateway, "GET", "/projects/7/weather", agent.token).status_code == 401
    assert len(backend.seen) == 1


def test_a_permission_that_is_taken_away_bites_at_the_next_request(gateway, auth, agent):
    assert call(gateway, "GET", "/projects/7/weather", agent.token).status_code == 200
    auth.administrator().take_away(agent, "read_weather")
    assert call(gateway, "GET", "/projects/7/weather", agent.token).status_code == 403


@pytest.mark.parametrize("change", [
    lambda name: name, str.lower, str.upper, lambda name: name.replace("-", "_"),
    lambda name: name.replace("-", "_", 1), lambda name: "X-Agent_" + name[8:],
], ids=["as it is", "lower", "upper", "underscores", "first underscore", "last underscore"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_forged_identity_does_not_reach_the_backend(gateway, backend, agent, change, times):
    forged = [f"{change(name)}: somebody-else" for name in IDENTITY] * times
    authorization = f"Authorization: Bearer {agent.token}"
    assert raw(gateway, "/projects/7/weather", authorization, *forged).status == 200
    assert raw(gateway, "/public/page", authorization, *forged).status == 200
    assert raw(gateway, "/public/page", *forged).status == 200
    known, known_on_open, anonymous = map(identity, backend.seen)
    assert not [name for name, _ in backend.seen[2][2] if "agent" in name.lower()], "not even empty"
    for seen in (known, known_on_open):
        assert ("X-Agent-Id", agent.agent_id) in seen
        assert len({name for name, _ in seen}) == len(seen), "nothing twice"
    for name, value in known + known_on_open + anonymous:
        assert "somebody-else" not in value, name
    assert not anonymous


@pytest.mark.parametrize("name", ["X-Agent-Id", "x-agent-id, close", "keep-alive, X-Agent-Id"])
def test_an_identity_that_is_called_hop_by_hop_is_not_lost(gateway, backend, agent, name):
    with RawConnection(gateway) as connection:
        connection.send("GET /projects/7/weather HTTP/1.1\r\nHost: a\r\n"
                        f"Authorization: Bearer {agent.token}\r\nConnection: {name}\r\n\r\n")
        status = connection.response().status
    # Either it is refused, or the backend is told who calls.
    assert status == 400 if not backend.seen else (
        status == 200 and ("X-Agent-Id", agent.agent_id) in identity(backend.seen[0]))


# What a client says of its own in the headers of the question.
@pytest.mark.parametrize("lie", [
    "X-Original-URI: /public/page", "X-Forwarded-Uri: /public/page", "X-Original-Host: other",
    "X-Forwarded-Host: other", "X-Forwarded-Method: GET", "X-Original-Method: GET",
    "Connection: X-Forwarded-Uri, X-Forwarded-Method", "Connection: X-Original-URI",
], ids=str)
def test_nobody_says_what_is_asked_about_but_the_gateway(gateway, backend, agent, lie):
    authorization = f"Authorization: Bearer {agent.token}"
    assert raw(gateway, "/admin/users", authorization, lie).status in (400, 401, 403)
    assert raw(gateway, "/admin/users", lie).status in (400, 401, 403)
    assert not backend.seen


TRICKS = [
    "/public/..%2fadmin/users", "/public/..%2Fadmin/users", "/public/%2e%2e/admin/users",
    "/public/%2e%2e%2fadmin/users", "/public/../admin/users", "/public/./../admin/users",
    "/public/..;/admin/users", "/public/..;a=b/admin/users", "/public;/../admin/users",
    "/public/..%3b/admin/users", "/public/..%5cadmin/users", "/public/..\\admin/users",
    "/public//../admin/users", "//admin/users", "/public//admin", "/admin//users", "//",
    "/public/..%252fadmin/users", "/public/%252e%252e/admin/users", "/public/..%25%32%66admin",
    "/public/%c0%ae%c0%ae/admin/users", "/public/..%c0%afadmin/users", "/public/%e0%80%af",
    "/public/%00", "/public/a%00/../admin", "/public/a%0d%0aX-Agent-Id:%20x", "/public/%ff",
    "/public/page#/../../admin", "/public/page%23", "/admin%3f/../public/page", "/public/page%3fa",
    "/public/%", "/public/%zz", "/public/%u002e%u002e/admin", "/public/...", "/public/..%20/admin",
    "/%61dmin/users", "/admin", "/admin/", "/./admin/users", "/admin/./users",
    "http://api.example.com/admin/users", "http://other.example.com/public/../admin/users",
]


@pytest.mark.parametrize("target", TRICKS)
def test_no_spelling_of_a_path_reaches_what_its_sender_may_not(gateway, backend, agent, target):
    for lines in ([], [f"Authorization: Bearer {agent.token}"]):
        answer = raw(gateway, target, *lines)
        assert answer.status in (400, 401, 403, 404), answer
    assert not backend.seen


def test_a_method_is_not_changed_on_the_way(gateway, backend, agent):
    """Whether it is refused or the header removed, the backend is not asked for another method."""
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Rewrite-URL",
                 "X-Original-URL"):
        answer = call(gateway, "GET", "/projects/7/weather", agent.token, headers={name: "/admin"})
        assert answer.status_code in (200, 403)
        assert all(name.lower() != sent.lower() for seen in backend.seen for sent, _ in seen[2])


LIES = ["X-Original-URI: /admin/x", "X-Original-Method: DELETE", "X-Original-Host: other",
        "X-Forwarded-Uri: /admin/x", "X-Forwarded-Method: DELETE", "X-Forwarded-Host: other",
        "X-Original-URL: /admin/x", "X-Rewrite-URL: /admin/x", "X-HTTP-Method: DELETE",
        "X-HTTP-Method-Override: DELETE", "X-Method-Override: DELETE"]


@pytest.mark.parametrize("change", [
    lambda name: name, str.lower, lambda name: name.replace("-", "_"),
    lambda name: name.replace("-", "_", 1), lambda name: "_".join(name.rsplit("-", 1)),
], ids=["as it is", "lower", "underscores", "first underscore", "last underscore"])
@pytest.mark.parametrize("lie", LIES, ids=str)
def test_no_backend_is_told_of_another_request(gateway, backend, agent, lie, change):
    """Whether it is denied or the header removed; on open routes, too."""
    name, told = lie.split(": ")
    line = f"{change(name)}: {told}"
    authorization = f"Authorization: Bearer {agent.token}"
    for target, *lines in (["/projects/7/weather", authorization], ["/public/page"],
                           ["/public/page", authorization]):
        assert raw(gateway, target, *lines, line, line).status in (200, 400, 403)
        assert raw(gateway, target, *lines, line).status in (200, 400, 403)
    for method, target, headers in backend.seen:
        assert method == "GET" and target in ("/projects/7/weather", "/public/page")
        assert told not in [value for _, value in headers], headers


def test_two_tokens_are_none(gateway, backend, agent):
    line = f"Authorization: Bearer {agent.token}"
    assert raw(gateway, "/projects/7/weather", line, line).status in (400, 401)
    assert not backend.seen


def test_head_and_bodies_are_asked_about_by_their_own_method(gateway, auth, backend, agent):
    assert call(gateway, "HEAD", "/projects/7/weather", agent.token).status_code == 200
    auth.administrator().grant(agent, "write_weather")
    answer = call(gateway, "POST", "/projects/7/weather", agent.token, data=b"x" * 200_000)
    assert answer.status_code == 200
    assert [seen[0] for seen in backend.seen] == ["HEAD", "POST"]


def test_who_sends_too_much_is_denied_and_told_so(gateway, backend, agent):
    """More than AgentAuth reads of a head, and less than the gateway does."""
    filler = {f"X-Filler-{i}": "a" * 7000 for i in range(3)}
    answer = call(gateway, "GET", "/projects/7/weather", agent.token, headers=filler)
    assert answer.status_code == (403 if gateway.kind == "nginx" else 431)
    assert not backend.seen


def test_the_client_is_who_the_gateway_says(gateway, auth, agent):
    """For keys bound to networks, limits and the trail; a client cannot say it is somebody else."""
    call(gateway, "GET", "/admin/users", agent.token, headers={"X-Forwarded-For": "198.51.100.7"})
    event = denials_of(auth, agent)[0]
    assert event["client_address"] == "127.0.0.1"
    assert event["detail"] == "administer"
    assert (event["target_type"], event["target_id"]) == ("path", "/admin/users")


def test_a_denial_is_on_record_with_what_it_was_about(auth, agent):
    for method, target in (("POST", "/projects/8/weather?day=1"), ("GET", "/no%77here?key=1")):
        auth.get("/gateway/auth-request", token=agent.token,
                 headers={"X-Original-Method": method, "X-Original-URI": target,
                          "X-Original-Host": "api.example.com"})
    wait_until(lambda: len(denials_of(auth, agent)) == 2)
    assert [(event["target_type"], event["target_id"], event["detail"])
            for event in denials_of(auth, agent)] == [
        ("path", "/nowhere", "unlisted_path"), ("resource", "project:8", "write_weather")]


def denials_of(auth, agent) -> list:
    def found():
        return auth.administrator().get(
            "/audit", params={"agent": agent.agent_id, "outcome": "denied"}).json()["items"]
    wait_until(lambda: found())
    return found()


def test_while_agentauth_is_away_nothing_is_passed_on(gateway, backend):
    away = Gateway(gateway.kind, 1, backend.port)
    try:
        assert call(away, "GET", "/public/page").status_code in (500, 502)
        assert not backend.seen
    finally:
        away.close()


def test_routes_that_are_replaced_are_in_force_at_once(gateway, auth, backend):
    try:
        assert call(gateway, "GET", "/public/page").status_code == 200
        put_routes(auth, {"routes": []})
        assert call(gateway, "GET", "/public/page").status_code == 403
    finally:
        put_routes(auth)
    assert len(backend.seen) == 1


# What Envoy sends for a check over HTTP (ext_authz.proto, "HttpService"): the original method, the
# path behind the prefix, the original authority as Host, Authorization, Content-Length: 0, what
# allowed_headers lets through, and its own of every request to a cluster.
ENVOY_CHECK = (
    "{method} /gateway/ext-authz{target} HTTP/1.1\r\n"
    "host: {host}\r\n"
    "{authorization}"
    "content-length: 0\r\n"
    "x-forwarded-for: 198.51.100.7\r\n"
    "x-request-id: 6f1a2c9e-3f3b-9d0a-8a51-0a5d0c1b2e3f\r\n"
    "x-envoy-internal: true\r\n"
    "x-envoy-expected-rq-timeout-ms: 2000\r\n"
    "\r\n")

ENVOY_TABLE = [
    # method, host, target, with a token; status, reason
    ("GET", "api.example.com", "/projects/7/weather?day=1", True, 200, "allowed"),
    ("HEAD", "api.example.com", "/projects/7/weather", True, 200, "allowed"),
    ("GET", "api.example.com:8080", "/projects/7/weather", True, 200, "allowed"),
    ("POST", "api.example.com", "/projects/7/weather", True, 403, "permission_denied"),
    ("PATCH", "api.example.com", "/projects/7/weather", True, 403, "unlisted_method"),
    ("PURGE", "api.example.com", "/projects/7/weather", True, 403, "unlisted_method"),
    ("GET", "api.example.com", "/projects/7/weather", False, 401, "unauthenticated"),
    ("GET", "api.example.com", "/public/page", False, 200, "open"),
    ("GET", "api.example.com", "/", True, 403, "unlisted_path"),
    ("GET", "api.example.com", "/public/..%2fadmin", True, 403, "path_encoded_slash"),
    ("GET", "api.example.com", "/public/../admin", True, 403, "path_dot_segment"),
    ("GET", "api.example.com", "/../auth-request", True, 403, "path_dot_segment"),
    ("GET", "api.example.com", "//admin", True, 403, "path_empty_segment"),
    ("GET", "a%2eexample.com", "/public/page", True, 403, "bad_host"),
    # No request target at all, and told in the gateway's words all the same.
    ("GET", "api.example.com", "/public\\page", True, 400, "malformed_request"),
    ("GET", "api.example.com", "/public#page", True, 400, "malformed_request"),
]


@pytest.mark.parametrize("method, host, target, known, status, reason", ENVOY_TABLE)
def test_envoy_is_answered_as_its_documentation_wants(auth, agent, method, host, target, known,
                                                      status, reason):
    authorization = f"authorization: Bearer {agent.token}\r\n" if known else ""
    with RawConnection(auth) as connection:
        connection.send(ENVOY_CHECK.format(method=method, host=host, target=target,
                                           authorization=authorization))
        answer = connection.response(to=method)
    assert (answer.status, answer.header("X-AgentAuth-Reason")) == (status, reason)
    if status == 200:
        # Only what is answered replaces what the client sent.
        for name in IDENTITY:
            assert answer.header(name) is not None, name
        assert answer.header("X-Agent-Id") == (agent.agent_id if known else "")


def test_traefik_and_caddy_may_ask_by_any_method(auth, agent):
    headers = {"X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/projects/7/weather",
               "X-Forwarded-Host": "api.example.com"}
    for method in ("GET", "POST", "DELETE", "OPTIONS", "PROPFIND"):
        answer = auth.call(method, "/gateway/forward-auth", token=agent.token, headers=headers)
        assert answer.status_code == 200, method


def test_routes_are_the_same_on_every_node_within_a_second(postgres_cluster):
    url = postgres_cluster.fresh_database()
    first = Server(database=url).start()
    second = Server("--master-key-file", first.data_dir / "master.key", database=url).start()
    try:
        put_routes(first)
        question = {"X-Original-Method": "GET", "X-Original-URI": "/public/page"}
        wait_until(lambda: second.get("/gateway/auth-request", headers=question).status_code == 200,
                   seconds=1)
    finally:
        second.close()
        first.close()


def test_routes_survive_a_restart(sqlite_launch):
    server = sqlite_launch()
    put_routes(server)
    server.restart()
    question = {"X-Original-Method": "GET", "X-Original-URI": "/public/page"}
    assert server.get("/gateway/auth-request", headers=question).status_code == 200


def test_a_route_that_is_wrong_is_named_by_its_index(auth):
    routes = {"routes": [*ROUTES["routes"], {"methods": ["GET"], "host": "*", "path": "/a/{x}",
                                             "permission": "p", "resource": "thing:{y}"}]}
    answer = auth.administrator().call("PUT", "/gateway/routes", json=routes)
    body = problem(answer, 422, "invalid_argument")
    assert [error["field"] for error in body["errors"]] == ["routes[4].resource"]
    same = {"routes": [ROUTES["routes"][0], {**ROUTES["routes"][0], "path": "/projects/{x}/weather",
                                             "resource": None}]}
    body = problem(auth.administrator().call("PUT", "/gateway/routes", json=same), 422)
    assert {error["field"] for error in body["errors"]} == {"routes[1].path"}


def test_a_permission_that_is_left_out_does_not_open_a_route(auth):
    routes = {"routes": [{"methods": ["GET"], "host": "*", "path": "/a"}]}
    body = problem(auth.administrator().call("PUT", "/gateway/routes", json=routes), 422)
    assert body["errors"] == [{"field": "routes[0].permission", "message": "is required"}]
