"""The clock jumps, ahead and back: nothing that was ended lives again, and nobody gets more."""

import time

import pytest

from harness.server import wait_until

HOUR, DAY = 3600, 24 * 3600
GRACE_SECONDS = 10


@pytest.fixture
def server(launch, shim):
    return launch(environment=shim.environment)


@pytest.fixture
def jump(shim):
    def to(offset):
        shim.clock_offset = offset
    return to


def weather(server, token) -> int:
    return server.get("/data/weather", token=token).status_code


def ended_in_every_way(server) -> list:
    """Tokens of agents that lost, each in another way, what the token was good for."""
    admin, tokens = server.administrator(), []
    for end in (
            lambda agent: admin.post(f"{agent.path}/suspend"),
            lambda agent: admin.post(f"{agent.path}/revoke-tokens"),
            lambda agent: admin.delete(f"{agent.path}/permissions/read_weather"),
            lambda agent: admin.delete(f"{agent.path}/keys/{admin.keys_of(agent)[0]['key_id']}"),
            lambda agent: agent.post("/auth/logout"),
            lambda agent: admin.delete(agent.path)):
        agent = server.register_with("read_weather")
        assert weather(server, agent.token) == 200
        assert end(agent).status_code in (200, 204)
        tokens.append(agent.token)
    return tokens


def test_what_was_ended_stays_ended_wherever_the_clock_goes(server, jump):
    agent = server.register_with("read_weather")
    token, ended = agent.token, ended_in_every_way(server)
    for offset, expected in [(0, 200), (HOUR, 401), (0, 200), (40 * DAY, 401), (0, 200)]:
        jump(offset)
        assert weather(server, token) == expected, offset
        assert {weather(server, token) for token in ended} <= {401, 403}
        assert server.login(agent.api_key).status_code == 200, "who has a key logs in anew"
    jump(-HOUR)
    assert weather(server, token) in (200, 401)
    assert {weather(server, token) for token in ended} <= {401, 403}
    assert weather(server, agent.login()) == 200
    assert server.command_line("audit", "verify").returncode == 0


def test_a_token_that_was_issued_too_late_is_no_good_when_the_clock_is_right_again(server, jump):
    agent = server.register_with("read_weather")
    jump(30 * DAY)
    early = agent.login()
    assert weather(server, early) == 200
    jump(0)
    assert weather(server, early) == 401, "or it would live for a month"


def test_a_refresh_token_is_spent_once_whatever_the_time(server, jump):
    agent = server.register_with("read_weather")

    def refresh(token):
        return server.post("/auth/refresh", {"refresh_token": token})

    first = server.login(agent.api_key).json()
    second = refresh(first["refresh_token"]).json()
    jump(-HOUR)
    again = refresh(first["refresh_token"])
    assert again.status_code == 401 or \
        again.json()["refresh_token"] == second["refresh_token"], "a second successor"
    jump(HOUR)  # beyond the grace: a replay, which ends the family
    assert refresh(first["refresh_token"]).status_code == 401
    for offset in (0, -HOUR, HOUR, 0):
        jump(offset)
        assert refresh(second["refresh_token"]).status_code == 401
        assert weather(server, second["access_token"]) == 401


def test_a_clock_that_goes_back_gives_older_refresh_tokens_no_longer_grace(server, jump):
    agent = server.register_with("read_weather")

    def refresh(pair):
        return server.post("/auth/refresh", {"refresh_token": pair["refresh_token"]})

    first = server.login(agent.api_key).json()
    second = refresh(first).json()
    jump(-HOUR)
    third = refresh(second).json()
    time.sleep(GRACE_SECONDS + 0.5)
    assert refresh(first).status_code == 401
    assert refresh(third).status_code == 401
    assert weather(server, third["access_token"]) == 401


def test_a_family_that_was_ended_while_the_clock_was_behind_stays_ended(server, jump):
    agent = server.register_with("read_weather")
    first = pair = server.login(agent.api_key).json()
    for _ in range(9):  # more than a family remembers, or the first would be a retry
        answer = server.post("/auth/refresh", {"refresh_token": pair["refresh_token"]})
        pair = answer.json()
    assert weather(server, pair["access_token"]) == 200
    jump(-HOUR)
    replayed = server.post("/auth/refresh", {"refresh_token": first["refresh_token"]})
    assert replayed.status_code == 401
    jump(0)
    assert weather(server, pair["access_token"]) == 401
    server.restart()  # which reads only what may still matter
    assert weather(server, pair["access_token"]) == 401


def test_a_limit_is_not_filled_up_by_the_clock(server, jump):
    body = {"limits": [{"name": "slow", "scope": "address", "routes": ["GET /healthz"],
                        "count": "all", "rate": 1, "per": "1h", "burst": 5}]}
    assert server.administrator().call("PUT", "/limits", json=body).status_code == 200
    for offset in (0, DAY, -DAY):
        jump(offset)
        for _ in range(7):
            last = server.get("/healthz")
        assert last.status_code == 429
    jump(0)
    admitted = [server.get("/healthz").status_code for _ in range(5)].count(200)
    assert admitted == 0


def test_decisions_do_not_go_stale_by_the_clock(server, jump):
    agent = server.register_with("read_weather")
    for offset in (HOUR, -HOUR, 0):
        jump(offset)
        token = agent.login()
        wait_until(lambda: server.get("/readyz").status_code == 200)
        assert weather(server, token) == 200
