"""The routes of gateways as a whole: as many as there may be, and as a file."""

import json

import pytest

from harness.binary import run

ROUTES_MAX = 1000
# As long as they may be.
PATH_CHARACTERS, RESOURCE_ID_CHARACTERS = 512, 256


def route(number: int) -> dict:
    path = f"/{number:04}/" + "p" * PATH_CHARACTERS
    return {"methods": ["GET", "POST"], "host": f"host-{number}.{'h' * 60}.example.com",
            "path": path[:PATH_CHARACTERS], "permission": ":".join(["s" * 15] * 8),
            "resource": "type:" + "r" * RESOURCE_ID_CHARACTERS}


@pytest.fixture
def key_file(server, admin):
    path = server.data_dir / "routes.key"
    path.write_text(admin.api_key)
    path.chmod(0o600)
    return path


def routes_command(server, key_file, *arguments):
    return run("gateway", "routes", *arguments, "--server", server.url, "--api-key-file", key_file)


def test_as_many_routes_as_there_may_be_fit_into_a_request(admin):
    body = json.dumps({"routes": [route(i) for i in range(ROUTES_MAX)]})
    assert 512 * 1024 < len(body) < 2 * 1024 * 1024
    answer = admin.call("PUT", "/gateway/routes", data=body,
                        headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert len(admin.get("/gateway/routes").json()["routes"]) == ROUTES_MAX


def test_more_is_refused_whoever_sends_it(server):
    body = b" " * (2 * 1024 * 1024 + 1)
    answer = server.call("PUT", "/gateway/routes", data=body,
                         headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert "2048 KiB" in answer.json()["detail"]


def test_other_bodies_are_as_small_as_before(admin):
    answer = admin.call("PUT", "/limits", data=b" " * (64 * 1024 + 1),
                        headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_the_command_puts_what_it_got(server, admin, key_file, tmp_path):
    routes = {"routes": [route(1), {"methods": ["*"], "host": "*", "path": "/public/**",
                                    "permission": None}]}
    file = tmp_path / "routes.json"
    file.write_text(json.dumps(routes))
    put = routes_command(server, key_file, "put", file)
    assert (put.returncode, put.stdout) == (0, "2 routes in force\n"), put.stderr
    written = tmp_path / "written.json"
    assert routes_command(server, key_file, "get", written).returncode == 0
    before = admin.get("/gateway/routes").json()
    assert json.loads(written.read_text()) == before
    file.write_text('{"routes":[]}')
    assert routes_command(server, key_file, "put", file).stdout == "0 routes in force\n"
    assert routes_command(server, key_file, "put", written).returncode == 0
    assert admin.get("/gateway/routes").json() == before


def test_a_mistake_is_named_and_changes_nothing(server, admin, key_file, tmp_path):
    before = admin.get("/gateway/routes").json()
    file = tmp_path / "routes.json"
    file.write_text('{"routes":[{"methods":["get"],"host":"*","path":"/a","permission":"b"}]}')
    put = routes_command(server, key_file, "put", file)
    assert put.returncode == 1 and "methods" in put.stderr
    assert admin.get("/gateway/routes").json() == before


def test_one_use_is_one_question_whatever_the_caller_calls_it(server, admin):
    before = admin.get("/gateway/routes").json()
    routes = {"routes": [{"methods": ["GET"], "host": "*", "path": "/counted/**",
                          "permission": "read_counted"}]}
    asked = [("/gateway/auth-request", {"X-Original-Method": "GET", "X-Original-URI": "/counted/a"}),
             ("/gateway/forward-auth", {"X-Forwarded-Method": "GET", "X-Forwarded-Host": "a.example",
                                        "X-Forwarded-Uri": "/counted/a"}),
             ("/gateway/ext-authz/counted/a", {})]
    try:
        assert admin.call("PUT", "/gateway/routes", json=routes).status_code == 200
        agent = server.register()
        granted = admin.post(f"{agent.path}/permissions",
                             {"permission": "read_counted", "max_uses": 4})
        assert granted.status_code == 201
        always = {"X-Request-ID": "always-the-same"}
        statuses = [agent.get(path, headers={**headers, **always}).status_code
                    for path, headers in asked * 2]
        assert statuses == [200] * 4 + [403] * 2
    finally:
        put_back = admin.call("PUT", "/gateway/routes", json=before)
    assert put_back.status_code == 200
