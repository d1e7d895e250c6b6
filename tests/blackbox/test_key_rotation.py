"""A key is replaced without a gap: the old one works until the overlap ends."""

import json
import time

import pytest

from harness.binary import run
from harness.problems import fields, problem
from harness.server import wait_until


def create_key(agent, **body):
    return agent.post(f"{agent.path}/keys", body).json()


def rotate(by, agent, key, **body):
    return by.post(f"{agent.path}/keys/{key['key_id']}/rotate", body)


def logs_in(server, key) -> bool:
    return server.login(key["api_key"]).status_code == 200


def test_both_keys_work_until_the_overlap_ends(server, admin):
    agent = server.register()
    old = create_key(agent, name="laptop")
    answer = rotate(agent, agent, old, overlap_seconds=3)
    assert answer.status_code == 201
    new = answer.json()
    assert new["name"] == "laptop" and new["key_id"] != old["key_id"]
    assert logs_in(server, old) and logs_in(server, new)
    wait_until(lambda: not logs_in(server, old), seconds=5)
    assert logs_in(server, new)
    statuses = {key["key_id"]: key["status"] for key in admin.keys_of(agent)}
    assert (statuses[old["key_id"]], statuses[new["key_id"]]) == ("expired", "active")


def test_no_request_fails_while_a_key_is_rotated(server):
    """What a fleet does: take the new key over while the old one is still in use."""
    agent = server.register_with("read_weather")
    key = create_key(agent)
    for _ in range(3):
        token = server.login(key["api_key"]).json()["access_token"]
        new = server.post("/auth/rotate", {"overlap_seconds": 60}, token=token).json()
        assert server.get("/data/weather", token=token).status_code == 200
        assert logs_in(server, key)
        key = new
    assert logs_in(server, key)


def test_without_an_overlap_the_old_key_ends_now_and_its_tokens_too(server):
    agent = server.register()
    old = create_key(agent)
    token = server.login(old["api_key"]).json()["access_token"]
    assert rotate(agent, agent, old, overlap_seconds=0).status_code == 201
    assert not logs_in(server, old)
    problem(server.get("/agents/me", token=token), 401, "unauthenticated")


def test_a_key_rotates_itself(server):
    agent = server.register()
    answer = agent.post("/auth/rotate", {"overlap_seconds": 0})
    assert answer.status_code == 201
    assert answer.json()["agent_id"] == agent.agent_id
    assert not logs_in(server, {"api_key": agent.api_key})
    assert logs_in(server, answer.json())
    problem(agent.post("/auth/rotate", {}), 401, "unauthenticated")


def test_a_key_that_has_ended_is_not_rotated(server, admin):
    agent = server.register()
    revoked, expired = create_key(agent), create_key(agent, expires_in=1)
    agent.delete(f"{agent.path}/keys/{revoked['key_id']}")
    time.sleep(1.1)
    before = admin.snapshot(agent)
    for key in (revoked, expired):
        problem(rotate(agent, agent, key, overlap_seconds=60), 409, "conflict")
    assert admin.snapshot(agent) == before


def test_a_key_of_another_is_not_rotated(server, admin):
    agent, other = server.register(), server.register()
    key = create_key(agent)
    before = admin.snapshot(agent)
    problem(rotate(other, agent, key), 403, "permission_denied")
    problem(rotate(other, other, key), 404, "not_found")
    assert admin.snapshot(agent) == before
    assert logs_in(server, key)


@pytest.mark.parametrize("overlap", [-1, 2592001, 1.5, "60", True])
def test_an_overlap_out_of_bounds_is_refused(server, admin, overlap):
    agent = server.register()
    key = create_key(agent)
    complaint = problem(rotate(agent, agent, key, overlap_seconds=overlap), 422)
    assert fields(complaint) == {"overlap_seconds"}
    problem(agent.post("/auth/rotate", {"overlap_seconds": overlap}), 422)
    assert len(admin.keys_of(agent)) == 2


def test_a_repeat_makes_no_second_key(server, admin):
    agent = server.register()
    key = create_key(agent)
    path = f"{agent.path}/keys/{key['key_id']}/rotate"
    first, second = (agent.post(path, {}, headers={"Idempotency-Key": "once"}) for _ in range(2))
    assert first.status_code == 201
    assert problem(second, 409, "already_created")["key_id"] == first.json()["key_id"]
    assert len(admin.keys_of(agent)) == 3


def test_the_command_line_rotates_a_key_by_its_kid_and_the_one_in_use(server, tmp_path):
    agent = server.register()
    key = create_key(agent)
    file = tmp_path / "key"
    file.write_text(agent.api_key)
    file.chmod(0o600)
    for words in (("me", key["kid"]), ("me",)):
        result = run("key", "rotate", *words, "--overlap", "60", "--json", "--server", server.url,
                     "--api-key-file", file)
        assert result.returncode == 0, result.stderr
        assert logs_in(server, json.loads(result.stdout))
