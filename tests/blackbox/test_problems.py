"""Errors are told in one way everywhere; headers say what a program has to know."""

import re

import pytest

from harness.problems import problem
from harness.raw import RawConnection, raw_call, request

TOO_LARGE = (b"POST /auth/login HTTP/1.1\r\nHost: localhost\r\n"
             b"Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
UNKNOWN_ID = "6f1d3c52-8d0a-4c39-9a53-0e4a8f6b2d71"


def test_every_kind_of_error_has_the_same_shape(server, admin):
    agent = server.register()
    for status, code, answer in [
        (400, "malformed_request", server.call("POST", "/auth/login", data="{", headers={
            "Content-Type": "application/json"})),
        (400, "malformed_request", server.post("/auth/login", {"unknown": 1, "api_key": "x"})),
        (401, "unauthenticated", server.get("/agents")),
        (401, "unauthenticated", server.get("/agents", token="rubbish")),
        (401, "unauthenticated", server.login("rubbish")),
        (403, "permission_denied", agent.get("/agents")),
        (404, "not_found", server.get("/nowhere")),
        (404, "not_found", admin.get(f"/agents/{UNKNOWN_ID}")),
        (405, "method_not_allowed", server.get("/auth/login")),
        (413, "payload_too_large", raw_call(server, TOO_LARGE)),
        (414, "uri_too_long", server.get("/" + "x" * 9_000)),
        (415, "unsupported_media_type", server.call("POST", "/auth/login", data="{}", headers={
            "Content-Type": "text/plain"})),
        (422, "invalid_argument", server.post("/agents/register", {})),
        (431, "headers_too_large", server.get("/healthz", headers={"X-Big": "x" * 60_000})),
    ]:
        body = problem(answer, status, code)
        assert body["type"] == "about:blank"


@pytest.mark.parametrize("method, path, allowed", [
    ("GET", "/auth/login", {"POST"}), ("PUT", "/agents/register", {"POST"}),
    ("DELETE", "/agents", {"GET", "HEAD"}), ("POST", "/data/weather", {"GET", "HEAD"}),
    ("PUT", "/agents/" + UNKNOWN_ID, {"GET", "HEAD", "PATCH", "DELETE"}),
    ("POST", "/healthz", {"GET", "HEAD"}), ("OPTIONS", "/agents/register", {"POST"}),
    ("TRACE", "/healthz", {"GET", "HEAD"}), ("BREW", "/healthz", {"GET", "HEAD"}),
    ("PATCH", f"/agents/{UNKNOWN_ID}/keys", {"GET", "HEAD", "POST"}),
    ("PUT", f"/agents/{UNKNOWN_ID}/keys/{UNKNOWN_ID}", {"DELETE"}),
])
def test_a_wrong_method_is_told_the_right_ones(server, method, path, allowed):
    answer = server.call(method, path)
    problem(answer, 405, "method_not_allowed")
    told = set(re.split(r"\s*,\s*", answer.headers["Allow"]))
    assert allowed <= told <= allowed | {"OPTIONS"}


class TestRequestIds:
    @pytest.mark.parametrize("broken", [TOO_LARGE, b"BROKEN\r\n\r\n", request("GET", "/" + "x" * 9000),
                                        request("GET", "/healthz", "X: " + "x" * 20_000)],
                             ids=["body", "rubbish", "target", "head"])
    def test_a_refusal_is_never_taken_for_the_request_before_it(self, server, broken):
        """Whatever a connection remembers of one request must not reach the next answer."""
        with RawConnection(server) as connection:
            connection.send(request("GET", "/agents", "X-Request-ID: the-first"))
            assert connection.response().header("X-Request-ID") == "the-first"
            connection.send(broken)
            refusal = connection.response()
            assert problem(refusal, refusal.status)["request_id"] != "the-first"
            assert refusal.header("WWW-Authenticate") is None

    @pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/agents", "/metrics"])
    def test_every_answer_carries_one_of_its_own(self, server, path):
        identifiers = {server.get(path).headers["X-Request-ID"] for _ in range(5)}
        assert len(identifiers) == 5
        assert all(identifiers)

    @pytest.mark.parametrize("identifier", ["abc", UNKNOWN_ID, "A-1_2.3", "x" * 64])
    def test_a_valid_one_of_the_caller_is_echoed(self, server, identifier):
        headers = {"X-Request-ID": identifier}
        assert server.get("/healthz", headers=headers).headers["X-Request-ID"] == identifier
        refused = server.get("/agents", headers=headers)
        assert refused.headers["X-Request-ID"] == identifier
        assert problem(refused, 401)["request_id"] == identifier

    @pytest.mark.parametrize("identifier", [
        "", "x" * 300, "a b", "<script>", 'quote"', "new\tline", "\xe9", "{}",
    ], ids=repr)
    def test_an_invalid_one_is_replaced(self, server, identifier):
        answer = server.get("/healthz", headers={"X-Request-ID": identifier.encode("latin-1")})
        assert answer.headers["X-Request-ID"] not in ("", identifier)


class TestChallenges:
    def test_without_credentials_only_the_realm_is_told(self, server):
        assert server.get("/agents").headers["WWW-Authenticate"] == 'Bearer realm="agentauth"'

    def test_a_bad_token_is_told_to_be_invalid(self, server):
        challenge = server.get("/agents", token="a.b.c").headers["WWW-Authenticate"]
        assert challenge.startswith('Bearer realm="agentauth"')
        assert 'error="invalid_token"' in challenge

    def test_a_missing_permission_is_told_as_insufficient_scope(self, server):
        challenge = server.register().get("/agents").headers["WWW-Authenticate"]
        assert 'error="insufficient_scope"' in challenge
        assert 'scope="agentauth:agents:read"' in challenge

    @pytest.mark.parametrize("value", [
        "Basic YTpi", "Bearer", "Bearer ", "bearer", "Token {token}", "{token}", "Bearer {token} x",
        "Bearer {token},Bearer {token}", "Bearer  ", "Digest a=b", "Bearer\t{token}", "Bearer={token}",
    ])
    def test_other_credentials_are_none(self, server, value):
        token = server.register_with("read_weather").token
        headers = {"Authorization": value.replace("{token}", token)}
        problem(server.get("/data/weather", headers=headers), 401, "unauthenticated")

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    def test_the_scheme_has_no_case(self, server, scheme):
        token = server.register_with("read_weather").token
        headers = {"Authorization": f"{scheme} {token}"}
        assert server.get("/data/weather", headers=headers).status_code == 200

    def test_a_token_counts_only_in_the_header(self, server):
        token = server.register_with("read_weather").token
        answer = server.get(f"/data/weather?access_token={token}")
        assert answer.status_code in (400, 401)
        assert server.get("/data/weather", cookies={"access_token": token}).status_code == 401


def test_no_other_site_may_read_answers(server):
    agent = server.register()
    answer = agent.get("/agents/me", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_an_error_does_not_tell_how_the_server_is_built(server, admin):
    for answer in (admin.get("/agents/x'"), server.post("/agents/register", {"agent_name": "'"}),
                   admin.get("/agents", params={"cursor": "'"})):
        for word in ("sqlite", "postgres", "pqxx", "SELECT", ".cc", "exception", "syntax"):
            assert word.lower() not in answer.text.lower()
