"""Logging out: one login ends, on every node, whether or not it was ever refreshed."""

import pytest

from harness.problems import problem
from harness.server import wait_until
from harness.tokens import SECRET, claims, header, sign

VISIBLE_SECONDS_MAX = 1.0


def log_in(agent) -> dict:
    return agent.server.login(agent.api_key).json()


def log_out(server, pair):
    return server.post("/auth/logout", token=pair["access_token"])


def refresh(server, pair):
    return server.post("/auth/refresh", {"refresh_token": pair["refresh_token"]})


def weather(server, pair):
    return server.get("/data/weather", token=pair["access_token"]).status_code


@pytest.fixture
def agent(server):
    return server.register_with("read_weather")


@pytest.mark.parametrize("refreshes", [0, 1, 3])
def test_it_ends_the_login_with_all_its_tokens_and_no_other(server, agent, refreshes):
    family, bystander = [log_in(agent)], log_in(agent)
    for _ in range(refreshes):
        family.append(refresh(server, family[-1]).json())
    assert [weather(server, pair) for pair in family] == [200] * len(family)
    answer = log_out(server, family[0])
    assert answer.status_code == 204 and answer.content == b""
    for pair in family:
        problem(server.get("/data/weather", token=pair["access_token"]), 401, "unauthenticated")
        problem(refresh(server, pair), 401, "unauthenticated")
    assert weather(server, bystander) == 200
    assert refresh(server, bystander).status_code == 200
    assert weather(server, log_in(agent)) == 200


def test_the_second_time_nobody_is_logged_in(server, agent):
    pair = log_in(agent)
    assert log_out(server, pair).status_code == 204
    problem(log_out(server, pair), 401, "unauthenticated")


def test_nobody_is_logged_out_without_a_token(server):
    problem(server.post("/auth/logout"), 401, "unauthenticated")
    problem(server.post("/auth/logout", token="x"), 401, "unauthenticated")


def test_it_takes_no_input(server, agent):
    pair = log_in(agent)
    for arguments in ({"json": {"all": True}}, {"params": {"agent": agent.agent_id}}):
        answer = server.call("POST", "/auth/logout", token=pair["access_token"], **arguments)
        problem(answer, 400, "malformed_request")
    assert weather(server, pair) == 200


@pytest.mark.parametrize("end", ["restart", "kill -9"])
def test_it_outlives_the_server(launch, end):
    server = launch()
    agent = server.register_with("read_weather")
    fresh, refreshed = log_in(agent), log_in(agent)
    refreshed = refresh(server, refreshed).json()
    assert log_out(server, fresh).status_code == log_out(server, refreshed).status_code == 204
    if end == "restart":
        server.restart()
    else:
        server.kill()
        server.start()
    for pair in (fresh, refreshed):
        assert weather(server, pair) == 401
        assert refresh(server, pair).status_code == 401


def test_it_bites_on_another_node_within_a_second(launch, database):
    one = launch()
    two = launch("--master-key-file", one.data_dir / "master.key",
                 database=one.database or f"sqlite:{one.data_dir / 'agentauth.db'}")
    agent = one.register_with("read_weather")
    pair = log_in(agent)
    wait_until(lambda: weather(two, pair) == 200)
    assert log_out(one, pair).status_code == 204
    assert refresh(two, pair).status_code == 401
    assert wait_until(lambda: weather(two, pair) == 401) <= VISIBLE_SECONDS_MAX


def test_a_token_of_no_login_is_told_so_rather_than_that_it_ended(launch):
    server = launch("--signing-secret", SECRET)
    agent = server.register_with("read_weather")
    token = sign(header(), claims(agent))
    problem(server.post("/auth/logout", token=token), 409, "conflict")
    assert server.get("/data/weather", token=token).status_code == 200
