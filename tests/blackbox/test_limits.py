"""Rate limits: their headers, their defaults, how they are shown, replaced and followed."""

import json
import re
import time

import pytest

from harness import api_keys
from harness.binary import run
from harness.problems import fields, problem
from harness.routes import FOR_GATEWAYS
from harness.server import wait_until

ITEM = re.compile(r'"(?P<name>[\w.-]+)";r=(?P<r>\d+);t=(?P<t>\d+)')
DEFAULTS = {"failed-logins-by-address", "failed-logins-by-key", "registrations-by-address"}


def limit(**changed):
    return {"name": "test", "scope": "address", "routes": ["GET /healthz"], "count": "all",
            "rate": 1, "per": "1m", "burst": 3, **changed}


def put(admin, *limits):
    answer = admin.call("PUT", "/limits", json={"limits": list(limits)})
    assert answer.status_code == 200, answer.text
    return answer


def remaining(answer) -> int:
    """The r of the only item of RateLimit."""
    return int(ITEM.fullmatch(answer.headers["RateLimit"])["r"])


@pytest.fixture
def server(launch):
    return launch()


class TestHeaders:
    def test_every_answer_of_a_limited_route_says_what_is_left(self, server, admin):
        put(admin, limit())
        for left in (2, 1, 0):
            answer = server.get("/healthz")
            assert answer.status_code == 200
            assert remaining(answer) == left
            assert answer.headers["RateLimit-Policy"] == '"test";q=3;w=180'

    def test_what_is_over_the_limit_is_told_when_to_come_back(self, server, admin):
        put(admin, limit(burst=1))
        server.get("/healthz")
        answer = server.get("/healthz")
        problem(answer, 429, "rate_limited")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        item = ITEM.fullmatch(answer.headers["RateLimit"])
        assert (item["name"], item["r"], item["t"]) == ("test", "0", answer.headers["Retry-After"])
        assert answer.headers["RateLimit-Policy"] == '"test";q=1;w=60'

    def test_coming_back_then_succeeds(self, server, admin):
        put(admin, limit(burst=1, per="2s"))
        server.get("/healthz")
        answer = server.get("/healthz")
        assert answer.status_code == 429
        time.sleep(int(answer.headers["Retry-After"]))
        assert server.get("/healthz").status_code == 200

    def test_other_routes_say_nothing(self, server, admin):
        put(admin, limit())
        answer = server.get("/readyz")
        assert "RateLimit" not in answer.headers and "RateLimit-Policy" not in answer.headers


class TestCounting:
    def test_never_more_than_burst_and_rate_times_time_is_admitted(self, server, admin):
        put(admin, limit(rate=50, per="1s", burst=20))
        begin = time.monotonic()
        statuses = []
        while time.monotonic() - begin < 2:
            statuses.append(server.get("/healthz").status_code)
        admitted = statuses.count(200)
        most = 20 + 50 * (time.monotonic() - begin)
        assert set(statuses) == {200, 429}
        assert most * 0.9 <= admitted <= most + 1

    def test_agents_have_buckets_of_their_own(self, server, admin):
        put(admin, limit(scope="agent", routes=["GET /data/weather"], burst=2))
        one, other = (server.register_with("read_weather") for _ in range(2))
        assert [one.get("/data/weather").status_code for _ in range(3)] == [200, 200, 429]
        assert other.get("/data/weather").status_code == 200

    def test_a_new_token_is_no_new_bucket(self, server, admin):
        put(admin, limit(scope="agent", routes=["GET /data/weather"], burst=1))
        agent = server.register_with("read_weather")
        assert agent.get("/data/weather").status_code == 200
        answer = server.get("/data/weather", token=agent.login())
        assert answer.status_code == 429

    def test_keys_of_one_agent_have_buckets_of_their_own_at_logins_refreshes_and_calls(
            self, server, admin):
        agent = server.register_with("read_weather")
        created = agent.post(f"{agent.path}/keys", {}).json()
        one, other = (server.login(key).json() for key in (agent.api_key, created["api_key"]))

        def weather(pair):
            return server.get("/data/weather", token=pair["access_token"]).status_code

        put(admin, limit(scope="key", routes=["GET /data/weather"], burst=2))
        assert [weather(one) for _ in range(3)] == [200, 200, 429]
        assert weather(server.login(agent.api_key).json()) == 429, "a new token is no new bucket"
        assert weather(other) == 200
        put(admin, limit(scope="key", routes=["POST /auth/refresh"], burst=1))
        for status in (200, 429):
            answer = server.post("/auth/refresh", {"refresh_token": one["refresh_token"]})
            assert answer.status_code == status
            one = answer.json() if status == 200 else one

    def test_a_star_is_every_route(self, server, admin):
        put(admin, limit(scope="agent", routes=["*"], burst=2))
        agent = server.register_with("read_weather")
        assert agent.get("/data/weather").status_code == 200  # the login was the first
        assert agent.get("/agents/me").status_code == 429

    def test_a_star_leaves_the_probes_out(self, server, admin):
        put(admin, limit(routes=["*"], burst=1))
        statuses = {path: [server.get(path).status_code for _ in range(3)]
                    for path in ("/healthz", "/readyz", "/metrics")}
        assert statuses == {"/healthz": [200] * 3, "/readyz": [200] * 3,
                            "/metrics": [200, 429, 429]}

    @pytest.mark.parametrize("scope", ["agent", "key", "owner"])
    def test_what_is_denied_counts_as_what_is_allowed(self, server, admin, scope):
        agent = server.register()
        agent.login()
        put(admin, limit(scope=scope, routes=["GET /data/stock", "GET /agents/{id}/keys"], burst=3))
        answer = agent.get("/data/stock")
        assert answer.status_code == 403 and ";r=2;" in answer.headers["RateLimit"]
        assert agent.get("/agents/not-an-id/keys").status_code == 403
        statuses = [agent.get("/data/stock").status_code for _ in range(5)]
        assert statuses == [403, 429, 429, 429, 429]

    def test_a_refusal_by_one_limit_is_not_charged_to_another(self, server, admin):
        agent = server.register_with("read_weather")
        route = ["GET /data/weather"]
        put(admin, limit(name="day", scope="agent", routes=route, rate=20, per="1d", burst=20),
            limit(name="min", scope="owner", routes=route, rate=1, per="1m", burst=1))
        statuses = [agent.get("/data/weather").status_code for _ in range(30)]
        assert statuses == [200] + [429] * 29
        answer = agent.get("/data/weather")
        assert '"day";r=19;' in answer.headers["RateLimit"]
        assert int(answer.headers["Retry-After"]) <= 60

    def test_registrations_by_owner_share_a_bucket_whatever_the_case(self, server, admin):
        put(admin, limit(scope="owner", routes=["POST /agents/register"], burst=2))
        for owner, status in [("a@example.com", 201), ("A@EXAMPLE.com", 201),
                              ("a@Example.Com", 429), ("b@example.com", 201)]:
            answer = server.post("/agents/register", {"agent_name": "x", "owner_email": owner})
            assert answer.status_code == status, owner


def test_limits_go_by_who_it_is_not_how_it_is_spelled(launch):
    server = launch("--trusted-proxies", "127.0.0.1")
    put(server.administrator(), limit(burst=2))
    for address, status in [
            ("2001:db8::1", 200), ("2001:0DB8:0:0:ffff::2", 200), ("2001:db8::3", 429),
            ("192.0.2.1", 200), ("::ffff:192.0.2.1", 200), ("::FFFF:c000:201", 429)]:
        answer = server.get("/healthz", headers={"X-Forwarded-For": address})
        assert answer.status_code == status, address


class TestDefaults:
    def test_are_failed_logins_and_registrations_with_a_burst_of_a_thousand(self, admin):
        limits = {each["name"]: each for each in admin.get("/limits").json()["limits"]}
        assert set(limits) == DEFAULTS
        assert {each["burst"] for each in limits.values()} == {1000}
        assert limits["failed-logins-by-address"]["count"] == "failures"
        assert limits["registrations-by-address"]["routes"] == ["POST /agents/register"]

    def test_a_thousand_failed_logins_are_answered_and_then_refused(self, server):
        agent = server.register()
        wrong = api_keys.wrong_secret(agent.api_key)
        statuses = [server.login(wrong).status_code for _ in range(1000)]
        assert set(statuses) == {401}
        deadline = time.monotonic() + 60
        while server.login(wrong).status_code != 429:
            assert time.monotonic() < deadline, "failed logins are not limited"

    def test_successful_calls_are_not_limited(self, server):
        agent = server.register_with("read_weather")
        assert {agent.get("/data/weather").status_code for _ in range(1500)} == {200}

    def test_switched_off_nothing_is_limited(self, launch):
        server = launch("--limits", "off")
        admin = server.administrator()
        put(admin, limit(burst=1))
        assert {server.get("/healthz").status_code for _ in range(5)} == {200}
        assert [each["name"] for each in admin.get("/limits").json()["limits"]] == ["test"]


def test_failures_of_a_key_do_not_lock_out_who_has_it(server, admin):
    put(admin, limit(scope="key", routes=["POST /auth/login"], count="failures", burst=3))
    agent = server.register()
    statuses = [server.login(api_keys.wrong_secret(agent.api_key)).status_code for _ in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    assert server.login(agent.api_key).status_code == 200


class TestReplacing:
    def test_replaces_all_of_them_defaults_too(self, server, admin):
        one, two = limit(), limit(name="two", count="failures", routes=["POST /auth/login"])
        assert put(admin, one, two).json() == {"limits": [one, two]}
        assert admin.get("/limits").json() == {"limits": [one, two]}
        assert put(admin).json() == {"limits": []}
        assert {server.get("/healthz").status_code for _ in range(10)} == {200}

    def test_survives_a_restart(self, server, admin):
        put(admin, limit(burst=1))
        server.restart()
        server.get("/healthz")
        assert server.get("/healthz").status_code == 429

    @pytest.mark.parametrize("changed, field", [
        ({"name": ""}, "name"), ({"name": "a b"}, "name"), ({"name": 'a"b'}, "name"),
        ({"name": "n" * 65}, "name"), ({"scope": "planet"}, "scope"), ({"scope": 1}, "scope"),
        ({"routes": []}, "routes"), ({"routes": ["GET /nowhere"]}, "routes"),
        ({"routes": ["get /healthz"]}, "routes"), ({"routes": "GET /healthz"}, "routes"),
        ({"routes": ["GET /healthz", "GET /healthz"]}, "routes"), ({"routes": [5]}, "routes"),
        ({"scope": "owner", "routes": ["GET /healthz"]}, "routes"),
        ({"scope": "owner", "count": "failures"}, "routes"),
        ({"count": "some"}, "count"), ({"rate": 0}, "rate"), ({"rate": -1}, "rate"),
        ({"rate": 1.5}, "rate"), ({"rate": 1000001}, "rate"), ({"rate": "1"}, "rate"),
        ({"per": "0s"}, "per"), ({"per": "1"}, "per"), ({"per": "-1s"}, "per"),
        ({"per": "32d"}, "per"), ({"per": 1}, "per"), ({"burst": 0}, "burst"),
        ({"burst": 1000001}, "burst"), ({"per": "31d", "burst": 2}, "burst"),
        ({"burst": None}, "burst"),
    ], ids=repr)
    def test_names_the_field_that_is_wrong_and_changes_nothing(self, admin, changed, field):
        before = admin.get("/limits").json()
        answer = admin.call("PUT", "/limits",
                            json={"limits": [limit(name="good"), limit(**changed)]})
        assert fields(problem(answer, 422, "invalid_argument")) == {f"limits[1].{field}"}
        assert admin.get("/limits").json() == before

    @pytest.mark.parametrize("scope, route, count", [
        ("agent", "GET /healthz", "all"), ("key", "GET /readyz", "all"),
        ("agent", "POST /agents/register", "all"), ("key", "POST /agents/register", "all"),
        ("owner", "GET /healthz", "all"), ("agent", "POST /auth/login", "failures"),
        ("agent", "POST /auth/refresh", "failures"), ("key", "POST /auth/refresh", "failures"),
    ])
    def test_refuses_a_limit_that_would_never_count_and_says_so(self, admin, scope, route, count):
        before = admin.get("/limits").json()
        wrong = limit(scope=scope, routes=[route], count=count)
        answer = admin.call("PUT", "/limits", json={"limits": [wrong]})
        (error,) = problem(answer, 422, "invalid_argument")["errors"]
        assert error["field"] == "limits[0].routes"
        assert error["message"].startswith(f"cannot be counted by {scope}: {route}, wh")
        assert admin.get("/limits").json() == before

    @pytest.mark.parametrize("route", ["*", "GET /data/weather", "POST /agents/register"])
    def test_refuses_to_count_failures_by_owner_and_says_why(self, admin, route):
        wrong = limit(scope="owner", routes=[route], count="failures")
        (error,) = problem(admin.call("PUT", "/limits", json={"limits": [wrong]}), 422,
                           "invalid_argument")["errors"]
        assert error["message"] == (
            f"cannot be counted by owner: {route}, because strangers could lock out all agents of "
            "an owner by failing; count failures by address, agent or key")

    def test_counts_all_agents_of_an_owner_together(self, server, admin):
        agents = [server.register(owner="Fleet@example.com"),
                  server.register(owner="fleet@example.com"), server.register()]
        put(admin, limit(scope="owner", routes=["GET /agents/me"], burst=2))
        statuses = [agent.get("/agents/me").status_code for agent in [*agents, *agents]]
        assert statuses == [200, 200, 200, 429, 429, 200]

    def test_refuses_a_field_that_nobody_knows(self, admin):
        for body in ({"limits": [limit(color="red")]}, {"limits": [], "more": 1}):
            problem(admin.call("PUT", "/limits", json=body), 400, "malformed_request")

    def test_refuses_a_name_twice_and_more_than_64(self, admin):
        problem(admin.call("PUT", "/limits", json={"limits": [limit(), limit()]}), 422,
                "invalid_argument")
        routes = [f"{method} {path}" for path, item in
                  admin.get("/openapi.json").json()["paths"].items()
                  for method in map(str.upper, item) if (method, path) not in FOR_GATEWAYS]
        many = [limit(name=f"l{i}", routes=[routes[i % len(routes)]]) for i in range(65)]
        problem(admin.call("PUT", "/limits", json={"limits": many}), 422, "invalid_argument")
        put(admin, *many[:64])

    def test_refuses_more_than_eight_for_one_route(self, admin):
        many = [limit(name=f"l{i}") for i in range(9)]
        problem(admin.call("PUT", "/limits", json={"limits": many}), 422, "invalid_argument")
        put(admin, *many[:8])

    def test_needs_the_permission_for_it(self, server, admin):
        reader = server.register_with("agentauth:limits:read")
        writer = server.register_with("agentauth:limits:write")
        before = admin.get("/limits").json()
        assert reader.get("/limits").json() == before
        problem(reader.call("PUT", "/limits", json={"limits": []}), 403, "permission_denied")
        problem(writer.get("/limits"), 403, "permission_denied")
        problem(server.get("/limits"), 401, "unauthenticated")
        assert admin.get("/limits").json() == before
        assert writer.call("PUT", "/limits", json={"limits": []}).status_code == 200


class TestCommandLine:
    def test_what_show_prints_can_be_applied(self, server, admin, tmp_path):
        options = ["--server", server.url, "--api-key", admin.api_key]
        shown = run("limits", "show", "--json", *options)
        assert json.loads(shown.stdout) == admin.get("/limits").json()
        put(admin)
        file = tmp_path / "limits.json"
        file.write_text(shown.stdout)
        applied = run("limits", "apply", file, *options)
        assert applied.returncode == 0, applied.stderr
        assert "failed-logins-by-key" in applied.stdout and "POST /auth/login" in applied.stdout
        assert json.loads(shown.stdout) == admin.get("/limits").json()

    @pytest.mark.parametrize("text, code", [(None, 1), ("", 1), ("x" * 70000, 1), ("{", 1),
                                            ('{"limits":[{}]}', 1)])
    def test_a_file_that_is_none_changes_nothing(self, server, admin, tmp_path, text, code):
        before = admin.get("/limits").json()
        file = tmp_path / "limits.json"
        if text is not None:
            file.write_text(text)
        refused = run("limits", "apply", file, "--server", server.url, "--api-key", admin.api_key)
        assert refused.returncode in (code, 2) and refused.stderr
        assert admin.get("/limits").json() == before


def test_another_server_on_the_database_follows_within_a_second(launch, database):
    one = launch()
    two = launch("--master-key-file", one.data_dir / "master.key",
                 database=one.database or f"sqlite:{one.data_dir / 'agentauth.db'}")
    put(one.administrator(), limit(burst=1))
    took = wait_until(lambda: "RateLimit" in two.get("/healthz").headers)
    assert took <= 1
    assert two.get("/healthz").status_code == 429


def test_metrics_tell_what_was_asked_and_refused(server, admin):
    put(admin, limit(burst=2))
    for _ in range(5):
        server.get("/healthz")
    text = server.get("/metrics").text
    assert 'agentauth_limit_checks_total{limit="test"} 5' in text
    assert 'agentauth_limit_refusals_total{limit="test"} 3' in text
    assert re.search(r"^agentauth_limit_buckets [1-9]", text, re.M)


def test_a_body_of_limits_larger_than_any_is_refused_early(admin):
    body = json.dumps({"limits": [limit(name="x" * 200)] * 500})
    answer = admin.call("PUT", "/limits", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
