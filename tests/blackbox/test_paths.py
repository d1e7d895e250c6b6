"""One spelling for every path: whatever a gateway might read as something else opens nothing."""

import uuid

import pytest

from harness.raw import raw_call, request

SPELLINGS = [
    "/data/%77eather", "/data%2fweather", "/data%2Fweather", "/%64ata/weather", "//data/weather",
    "/data//weather", "/data/weather/", "/data/weather//", "/data/./weather", "/./data/weather",
    "/data/../data/weather", "/healthz/../data/weather", "/data/%2e/weather",
    "/healthz/%2e%2e/data/weather", "/healthz/..%2fdata/weather", "/data/weather%00",
    "/data/weather;a=b", "/data;a/weather", "/DATA/weather", "/Data/Weather", "/data/weather%20",
    "/data/weather.", "/data/weather.json", "/data\\weather", "/data%5cweather", "/data/weather#x",
    "/data/weather%23", "/data/weather%3f", "/data/weather?", "/data/%2577eather", "/data/weath%65r",
    "/data/weather%0d%0aX:y", "/data/w%c3%a8ather", "/data/%u0077eather", "/data/%7", "/data/%zz",
    "/data/weather/%2e", "/data/weather/..;/weather", "/.//data/weather", "/%2fdata/weather",
    "/data/%ef%bd%97eather", "/data/%c0%b7eather", "/docs/../data/weather", "/docs/..%2fdata/weather",
    "/docs/%2e%2e/data/weather", "/agents/register/../../data/weather",
]


@pytest.fixture(scope="module")
def permitted(module_server):
    return module_server.register_with("read_weather")


@pytest.fixture(scope="module")
def unpermitted(module_server):
    return module_server.register_with("read_stock")


@pytest.mark.parametrize("path", SPELLINGS)
def test_no_spelling_lets_a_stranger_in(server, path):
    answer = raw_call(server, request("GET", path))
    assert answer.status in (400, 401, 404), answer


@pytest.mark.parametrize("path", SPELLINGS)
def test_no_spelling_replaces_the_permission(server, unpermitted, path):
    answer = raw_call(server, request("GET", path, f"Authorization: Bearer {unpermitted.token}"))
    assert answer.status in (400, 403, 404), answer


@pytest.mark.parametrize("path", SPELLINGS)
def test_with_the_permission_a_spelling_is_the_route_or_nothing(server, permitted, path):
    answer = raw_call(server, request("GET", path, f"Authorization: Bearer {permitted.token}"))
    assert answer.status in (200, 400, 404), answer
    if answer.status == 200:
        assert answer.json()["message"] == "Protected weather data"


@pytest.mark.parametrize("path", [
    "/agents/{id}%2Fkeys", "/agents/{id}%2fpermissions", "/agents/%2e%2e/agents", "/agents//keys",
    "/agents/{id}/../{id}/keys", "/agents/{id}/keys/", "/agents/{id}/./keys", "/agents/me/keys",
    "/agents/me/permissions", "/agents/ME", "/agents/%6De/keys", "/agents/{id}/keys/%2e%2e",
    "/agents/{id}/keys/..", "/agents/{upper}/keys;x",
])
def test_no_spelling_reaches_another_agent(server, admin, path):
    victim, stranger = server.register(), server.register()
    before = admin.snapshot(victim)
    path = path.format(id=victim.agent_id, upper=victim.agent_id.upper())
    for method in ("GET", "POST", "DELETE", "PATCH"):
        data = request(method, path, f"Authorization: Bearer {stranger.token}",
                       body={} if method in ("POST", "PATCH") else b"")
        answer = raw_call(server, data)
        assert answer.status in (400, 403, 404, 405), (method, answer)
    assert admin.snapshot(victim) == before


def test_register_and_me_are_not_agent_ids(server, admin):
    assert admin.get("/agents/me").json()["agent_id"] == admin.agent_id
    assert admin.get("/agents/register").status_code in (404, 405)
    assert admin.delete("/agents/me").status_code in (404, 405)
    assert admin.patch("/agents/register", {"agent_name": "x"}).status_code in (404, 405)


@pytest.mark.parametrize("spell", [str.upper, lambda text: "{" + text + "}",
                                   lambda text: text.replace("-", ""),
                                   lambda text: "urn:uuid:" + text])
def test_an_id_has_one_meaning(server, admin, spell):
    """Another spelling of a UUID is either the same agent or nothing."""
    agent = server.register()
    answer = admin.get(f"/agents/{spell(agent.agent_id)}")
    assert answer.status_code in (200, 400, 404)
    if answer.status_code == 200:
        assert answer.json()["agent_id"] == agent.agent_id


@pytest.mark.parametrize("header", [
    "X-Original-URL: /healthz", "X-Rewrite-URL: /healthz", "X-HTTP-Method-Override: GET",
    "X-Method-Override: GET", "X-Forwarded-Prefix: /docs", "X-Agent-Id: {admin}",
    "X_Agent_Id: {admin}", "X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1",
    "X-Forwarded-User: admin", "X-Real-IP: 127.0.0.1",
])
def test_no_header_replaces_path_method_or_identity(server, admin, header):
    line = header.format(admin=admin.agent_id)
    assert raw_call(server, request("GET", "/agents", line)).status == 401
    token = server.register().token
    answer = raw_call(server, request("DELETE", admin.path, line, f"Authorization: Bearer {token}"))
    assert answer.status == 403


def test_a_path_of_nonsense_is_not_found(server):
    for path in ("/" + str(uuid.uuid4()), "/data", "/data/rain", "/agents/x/y/z", "/favicon.ico"):
        assert server.get(path).status_code == 404
