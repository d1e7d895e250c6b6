"""Keys, tokens and hashes: shown once to whom they belong, never logged, never stored in clear."""

import re

import pytest

from harness import api_keys
from harness.raw import raw_call, request
from harness.server import Server, StartFailed
from harness.tokens import SECRET

BCRYPT = re.compile(rb"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")
REGISTRATION_TOKEN = "registration-token-that-nobody-may-find"


@pytest.fixture
def busy(launch):
    """A server that has been through a whole day, and every secret of that day."""
    server = launch("--log-level", "debug", "--signing-secret", SECRET)
    admin, agent = server.administrator(), server.register_with("read_weather")
    created = admin.post(f"{agent.path}/keys", {"name": "second"},
                         headers={"Idempotency-Key": "a-key-kept-for-a-day"}).json()
    found = {"administrator's key": admin.api_key, "first key": agent.api_key,
             "second key": created["api_key"], "token": agent.token, "admin's token": admin.token,
             "signing secret": SECRET, "master key": ""}
    agent.get("/data/weather")
    agent.get("/data/stock")
    for wrong in (api_keys.wrong_secret(agent.api_key), api_keys.unknown(), "nonsense-key-attempt"):
        server.login(wrong)
        found[f"wrong key {wrong[:6]}"] = wrong
    server.get("/data/weather", token=agent.token[:-1] + "A")
    # Secrets where they do not belong are not logged either.
    server.get(f"/data/weather?access_token={agent.token}")
    server.get("/data/weather", headers={"Authorization": f"Basic {agent.api_key}"})
    server.get("/data/weather", headers={"X-Request-ID": agent.api_key})
    server.call("POST", "/auth/login", headers={"X-Request-ID": f"login:{created['api_key']}"})
    server.get(f"/data/{agent.api_key}?key={agent.api_key}")
    raw_call(server, request(agent.api_key, "/data/weather"))
    raw_call(server, request("GET", "/nowhere", f"X-Request-ID: {agent.api_key}", version="1.7"))
    server.call("POST", "/auth/login", data='{"api_key":"' + agent.api_key,
                headers={"Content-Type": "application/json"})
    server.post("/auth/login", {"api_key": agent.api_key, "extra": 1})
    server.post("/agents/register", {"agent_name": "x", "owner_email": created["api_key"]})
    admin.delete(f"{agent.path}/keys/{created['key_id']}")
    admin.post(f"{agent.path}/suspend")
    server.login(agent.api_key)
    found.pop("master key")
    return server, found


def test_a_secret_on_the_command_line_is_warned_of_and_one_from_a_file_is_not(launch, tmp_path):
    """Whoever lists processes reads the arguments of each."""
    def warnings(server):
        return [line for line in server.log_lines() if line["event"] == "secret_in_flag"]

    file = tmp_path / "token"
    file.write_text(REGISTRATION_TOKEN)
    server = launch("--signing-secret", SECRET, "--registration", "token",
                    "--registration-token-file", file, "--redis", "redis://127.0.0.1:1")
    (warning,) = warnings(server)
    assert (warning["level"], warning["option"]) == ("warning", "--signing-secret")
    assert "--signing-secret-file" in warning["note"] and SECRET not in server.stderr()


def needles(found: dict) -> dict:
    """What may be found nowhere: the whole secret, and the half that is the secret in it."""
    result = {name: value.encode() for name, value in found.items()}
    for name, value in found.items():
        if api_keys.SHAPE.fullmatch(value):
            result[name + " (secret part)"] = api_keys.parts(value)[1].encode()
        elif value.count(".") == 2:
            result[name + " (signature)"] = value.rsplit(".", 1)[1].encode()
    return result


def everything_stored(server, database) -> bytes:
    files = [path for path in server.data_dir.rglob("*") if path.is_file()]
    stored = b"".join(path.read_bytes() for path in files)
    if database.kind == "postgresql":
        stored += database.cluster.dump(server.database).encode()
    return stored


def test_no_secret_is_logged(busy):
    server, found = busy
    server.stop()
    logged = (server.stdout() + server.stderr()).encode()
    assert logged.count(b"\n") > 5
    for name, needle in needles(found).items():
        assert needle not in logged, f"the {name} is in the log"
    assert not BCRYPT.search(logged)


def test_no_secret_is_stored_in_clear(busy, database):
    server, found = busy
    for running in (True, False):
        stored = everything_stored(server, database)
        assert BCRYPT.search(stored), "this test looks in the wrong place"
        for name, needle in needles(found).items():
            assert needle not in stored, f"the {name} is stored"
        if running:
            server.stop()


def test_the_master_key_is_not_in_the_database(busy, database):
    server, _ = busy
    server.stop()
    key_file = server.data_dir / "master.key"
    key = key_file.read_bytes()
    key_file.unlink()
    stored = everything_stored(server, database)
    assert key not in stored and key.hex().encode() not in stored.lower()


def test_a_request_that_names_itself_by_a_key_gets_another_name(server):
    key = api_keys.unknown()
    named = server.get("/nowhere", headers={"X-Request-ID": key})
    assert named.json()["request_id"] == named.headers["X-Request-ID"] != key
    assert re.fullmatch(r"[0-9A-Za-z-]+", named.headers["X-Request-ID"])


def test_every_hash_is_of_the_configured_cost(busy, database):
    server, _ = busy
    costs = {match.group()[4:6] for match in BCRYPT.finditer(everything_stored(server, database))}
    assert costs == {b"10"}


def test_no_answer_tells_a_secret_again(server, admin):
    agent = server.register_with("read_weather")
    created = agent.post(f"{agent.path}/keys", {}).json()
    secrets = [agent.api_key, created["api_key"], api_keys.parts(agent.api_key)[1],
               api_keys.parts(created["api_key"])[1], admin.api_key, agent.token]
    for path in ("/agents?limit=1000", "/agents/me", agent.path, f"{agent.path}/keys",
                 f"{agent.path}/permissions", "/metrics", "/readyz", "/openapi.json", "/healthz"):
        text = admin.get(path).text
        for secret in secrets:
            assert secret not in text, path
        assert not BCRYPT.search(text.encode()), path
        assert "hash" not in text or path in ("/openapi.json", "/metrics"), path


def test_no_refusal_tells_what_was_presented(server):
    key = server.register().api_key
    for answer in (server.post("/auth/login", {"api_key": key, "extra": 1}),
                   server.get("/healthz", headers={"X-Request-ID": key}),
                   server.login(api_keys.wrong_checksum(key)),
                   server.get("/agents", token=key),
                   server.post("/agents/register", {"agent_name": 1, "owner_email": key})):
        assert api_keys.parts(key)[1] not in answer.text + str(answer.headers)


def test_the_process_tells_no_secret_of_a_file(sqlite_launch, tmp_path):
    (tmp_path / "token").write_text(REGISTRATION_TOKEN)
    server = sqlite_launch("--registration", "token", "--log-level", "debug",
                           "--registration-token-file", tmp_path / "token")
    server.post("/agents/register", {}, token=REGISTRATION_TOKEN)
    server.post("/agents/register", {}, token=REGISTRATION_TOKEN + "x")
    server.stop()
    assert REGISTRATION_TOKEN not in server.stdout() + server.stderr()


def test_the_password_of_the_database_is_not_logged(postgres_cluster):
    url = postgres_cluster.fresh_database().replace("agentauth@", "agentauth:sesame42@")
    server = Server("--log-level", "debug", database=url).start()
    try:
        server.register()
        assert server.stop() == 0
        server.database = url.replace(f":{postgres_cluster.port}/", ":1/")
        with pytest.raises(StartFailed):
            server.start()
        assert "sesame42" not in server.stdout() + server.stderr()
    finally:
        server.close()
