"""Ending all tokens of an agent before they expire."""

import pytest

from harness.api_keys import new_key_file
from harness.binary import run
from harness.problems import problem
from harness.server import wait_until

VISIBLE_SECONDS_MAX = 1.0


def weather(server, token):
    return server.get("/data/weather", token=token).status_code


def test_all_tokens_end_at_the_next_request_and_the_key_stays(server, admin):
    agent, other = (server.register_with("read_weather") for _ in range(2))
    tokens = [agent.login() for _ in range(3)]
    bystander = other.login()
    assert [weather(server, token) for token in tokens] == [200] * 3
    answer = admin.post(f"{agent.path}/revoke-tokens")
    assert answer.status_code == 204 and answer.content == b""
    for token in tokens:
        problem(server.get("/data/weather", token=token), 401, "unauthenticated")
    assert weather(server, bystander) == 200
    assert weather(server, agent.login()) == 200


def test_an_agent_ends_its_own_tokens(server):
    agent = server.register_with("read_weather")
    token = agent.login()
    assert server.post(f"{agent.path}/revoke-tokens", token=token).status_code == 204
    problem(server.post(f"{agent.path}/revoke-tokens", token=token), 401)


def test_nobody_ends_the_tokens_of_another_without_the_permission(server):
    agent, stranger = server.register_with("read_weather"), server.register()
    token = agent.login()
    problem(stranger.post(f"{agent.path}/revoke-tokens"), 403, "permission_denied")
    assert weather(server, token) == 200


def test_a_helper_does_not_end_the_tokens_of_an_administrator(server, admin):
    helper = server.register_with("agentauth:agents:write")
    problem(helper.post(f"{admin.path}/revoke-tokens"), 403, "permission_denied")
    assert admin.get("/agents").status_code == 200


def test_an_agent_that_does_not_exist_has_no_tokens(admin):
    path = "/agents/6f1d3c52-8d0a-4c39-9a53-0e4a8f6b2d71/revoke-tokens"
    problem(admin.post(path), 404, "not_found")


@pytest.mark.parametrize("end", ["restart", "kill -9"])
def test_what_was_revoked_stays_revoked(launch, end):
    server = launch()
    agent = server.register_with("read_weather")
    token = agent.login()
    server.administrator().post(f"{agent.path}/revoke-tokens")
    if end == "restart":
        server.restart()
    else:
        server.kill()
        server.start()
    assert weather(server, token) == 401
    assert weather(server, agent.login()) == 200


def test_it_bites_on_another_node_within_a_second(launch, database):
    one = launch()
    two = launch("--master-key-file", one.data_dir / "master.key",
                 database=one.database or f"sqlite:{one.data_dir / 'agentauth.db'}")
    agent = one.register_with("read_weather")
    token = agent.login()
    wait_until(lambda: weather(two, token) == 200)
    one.administrator().post(f"{agent.path}/revoke-tokens")
    assert wait_until(lambda: weather(two, token) == 401) <= VISIBLE_SECONDS_MAX


def test_the_command_line_does_it_too(server, admin, tmp_path):
    agent = server.register_with("read_weather")
    token = agent.login()
    key = new_key_file(tmp_path, admin.api_key)
    result = run("agent", "revoke-tokens", agent.agent_id, "--server", server.url,
                 "--api-key-file", key)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert weather(server, token) == 401
