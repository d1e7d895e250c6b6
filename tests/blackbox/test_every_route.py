"""Tables over every route of the OpenAPI document, so that no route can be forgotten.

Anonymous: 401. Without the permission: 403 and nothing changed. A field nobody knows: 400.
"""

import pytest

from harness.problems import problem
from harness.routes import (BODIES, FOR_EVERY_AGENT, IGNORES_UNKNOWN_FIELDS, protected,
                            routes)
from harness.tokens import sign, header, claims


@pytest.fixture
def victim(server, admin):
    return server.register_with("read_weather", "data:x")


def addressed(route, admin, victim) -> str:
    (key, *_) = admin.keys_of(victim)
    return route.address(id=victim.agent_id, key_id=key["key_id"], permission="read_weather")


def test_the_document_lists_every_route_of_the_contract(server):
    assert {route.name for route in routes(server)} >= {
        ("POST", "/agents/register"), ("POST", "/auth/login"), ("POST", "/auth/refresh"),
        ("POST", "/auth/logout"), ("GET", "/data/weather"),
        ("GET", "/data/stock"), ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"),
        ("GET", "/agents"), ("GET", "/agents/me"), ("GET", "/agents/{id}"),
        ("PATCH", "/agents/{id}"), ("DELETE", "/agents/{id}"), ("POST", "/agents/{id}/suspend"),
        ("POST", "/agents/{id}/revoke-tokens"), ("POST", "/agents/{id}/resume"), ("GET", "/agents/{id}/permissions"),
        ("POST", "/agents/{id}/permissions"), ("GET", "/agents/{id}/permissions/{permission}"),
        ("DELETE", "/agents/{id}/permissions/{permission}"), ("GET", "/agents/{id}/keys"),
        ("POST", "/agents/{id}/keys"), ("DELETE", "/agents/{id}/keys/{key_id}"),
        ("POST", "/agents/{id}/keys/{key_id}/rotate"), ("POST", "/auth/rotate"),
        ("POST", "/owners/{email}/suspend"), ("POST", "/owners/{email}/resume"),
        ("GET", "/gateway/routes"), ("PUT", "/gateway/routes"), ("GET", "/gateway/auth-request"),
    }


def test_these_tables_know_a_good_body_for_every_route_that_takes_one(server):
    takes_one = {route.name for route in routes(server) if "requestBody" in route.operation}
    assert takes_one == set(BODIES), "add the new route to harness/routes.py"


def test_the_document_says_which_routes_are_protected(server):
    document = server.get("/openapi.json").json()
    default = document.get("security", [])
    for route in routes(server):
        security = route.operation.get("security", default)
        # {} among the requirements means that credentials are welcome and not needed.
        assert (security == [] or {} in security) is route.is_public, route


def test_anonymous_is_answered_401_and_nothing_changes(server, admin, victim):
    before = admin.snapshot(victim)
    for route in protected(server):
        address = addressed(route, admin, victim)
        problem(server.call(route.method, address, **route.body()), 401, "unauthenticated")
        # Whether a thing exists is nothing for strangers to find out.
        problem(server.call(route.method, route.address(), **route.body()), 401)
        # Credentials come before the body: a stranger learns nothing from validation.
        problem(server.call(route.method, address, data=b"{", headers={
            "Content-Type": "application/json"}), 401, "unauthenticated")
    assert admin.snapshot(victim) == before


def test_a_forged_token_is_answered_401_and_nothing_changes(server, admin, victim):
    before = admin.snapshot(victim)
    forged = sign(header(), claims(admin), secret="a secret that is not the server's own")
    for route in protected(server):
        address = addressed(route, admin, victim)
        problem(server.call(route.method, address, token=forged, **route.body()), 401)
    assert admin.snapshot(victim) == before


def test_without_the_permission_it_is_403_and_nothing_changes(server, admin, victim):
    stranger = server.register_with("read_nothing", "agentauth:unheard:of")
    before = admin.snapshot(victim)
    for route in protected(server):
        if route.name in FOR_EVERY_AGENT:
            continue
        answer = stranger.call(route.method, addressed(route, admin, victim), **route.body())
        body = problem(answer, 403, "permission_denied")
        assert body["detail"] == "Permission denied", route
        # Not allowed to know whether it exists, either.
        assert stranger.call(route.method, route.address(), **route.body()).status_code == 403
    assert admin.snapshot(victim) == before


def test_a_suspended_agent_is_401_everywhere(server, admin, victim):
    second = server.register_with("agentauth:*")
    assert second.get("/agents/me").status_code == 200
    admin.post(f"{second.path}/suspend")
    before = admin.snapshot(victim)
    for route in protected(server):
        problem(second.call(route.method, addressed(route, admin, victim), **route.body()), 401)
    assert admin.snapshot(victim) == before


def test_a_field_nobody_knows_is_400_and_nothing_changes(server, admin, victim):
    before = admin.snapshot(victim)
    for route in routes(server):
        if route.name not in BODIES or route.path.startswith(IGNORES_UNKNOWN_FIELDS):
            continue
        body = {**BODIES[route.name], "surprise": 1}
        address = addressed(route, admin, victim)
        problem(admin.call(route.method, address, json=body), 400, "malformed_request")
    assert admin.snapshot(victim) == before


def test_a_query_parameter_nobody_knows_is_400_and_nothing_changes(server, admin, victim):
    before = admin.snapshot(victim)
    allowed = server.register_with("agentauth:*", "read_weather", "read_stock")
    for route in protected(server):
        address = addressed(route, admin, victim) + "?surprise=1"
        problem(allowed.call(route.method, address, **route.body()), 400, "malformed_request")
    assert admin.snapshot(victim) == before


def test_a_body_that_is_no_json_is_400_and_nothing_changes(server, admin, victim):
    before = admin.snapshot(victim)
    headers = {"Content-Type": "application/json"}
    for route in routes(server):
        if route.name in BODIES:
            address = addressed(route, admin, victim)
            answer = admin.call(route.method, address, data=b'{"a":', headers=headers)
            problem(answer, 400, "malformed_request")
    assert admin.snapshot(victim) == before


def test_head_is_answered_as_get_without_a_body(server, admin, victim):
    for route in routes(server):
        if route.method != "GET":
            continue
        address = addressed(route, admin, victim)
        got = admin.call("GET", address, stream=True)  # there are answers without an end
        head = admin.call("HEAD", address)
        assert head.status_code == got.status_code, route
        assert head.content == b""
        assert head.headers.get("Content-Type") == got.headers.get("Content-Type")
        got.close()


def test_no_route_answers_to_a_trailing_slash(server, admin, victim):
    for route in protected(server):
        answer = admin.call(route.method, addressed(route, admin, victim) + "/", **route.body())
        assert answer.status_code in (404, 405), route
