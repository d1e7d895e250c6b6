"""Refresh tokens: spent once, bound to their agent and key, ended as a family when replayed."""

import re
import threading
import time

import pytest

from harness.problems import problem
from harness.server import wait_until
from harness.tokens import decode

MEMBERS = {"access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in"}
GRACE_SECONDS = 10
VISIBLE_SECONDS_MAX = 1.0


def log_in(agent) -> dict:
    answer = agent.server.login(agent.api_key)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refresh(server, token):
    return server.post("/auth/refresh", {"refresh_token": token})


def refreshed(server, token) -> dict:
    answer = refresh(server, token)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(server, token):
    answer = refresh(server, token)
    problem(answer, 401, "unauthenticated")
    assert answer.json()["detail"] == "The refresh token is not valid"


def weather(server, pair):
    return server.get("/data/weather", token=pair["access_token"]).status_code


@pytest.fixture
def agent(server):
    return server.register_with("read_weather")


def test_a_login_gives_a_refresh_token_beside_the_access_token(agent):
    pair = log_in(agent)
    assert set(pair) == MEMBERS
    assert re.fullmatch(r"ar_[A-Za-z0-9_-]{100,200}", pair["refresh_token"])
    assert pair["refresh_expires_in"] == 7 * 24 * 3600
    assert pair["refresh_token"] != log_in(agent)["refresh_token"]


def test_a_refresh_gives_a_new_pair_that_works_and_is_stored_nowhere(server, agent):
    first = log_in(agent)
    answer = refresh(server, first["refresh_token"])
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    second = answer.json()
    assert set(second) == MEMBERS and second["token_type"] == "bearer"
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert weather(server, second) == weather(server, first) == 200
    claims = [decode(pair["access_token"])[1] for pair in (first, second)]
    assert claims[0]["sid"] == claims[1]["sid"] and claims[0]["jti"] != claims[1]["jti"]


def test_a_chain_of_refreshes_goes_on(server, agent):
    pair = log_in(agent)
    seen = {pair["refresh_token"]}
    for _ in range(20):
        pair = refreshed(server, pair["refresh_token"])
        seen.add(pair["refresh_token"])
    assert len(seen) == 21 and weather(server, pair) == 200


def test_spent_again_within_the_grace_gives_the_same_successor(server, agent):
    first = log_in(agent)["refresh_token"]
    successors = {refreshed(server, first)["refresh_token"] for _ in range(5)}
    assert len(successors) == 1
    assert weather(server, refreshed(server, successors.pop())) == 200


def test_sixteen_at_once_get_one_successor(server, agent):
    token = log_in(agent)["refresh_token"]
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(refresh(server, token)))
               for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert [answer.status_code for answer in answers] == [200] * 16
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


def test_spent_again_after_the_grace_ends_the_whole_family(server, agent):
    first, bystander = log_in(agent), log_in(agent)
    second = refreshed(server, first["refresh_token"])
    time.sleep(GRACE_SECONDS + 0.1)
    refused(server, first["refresh_token"])
    refused(server, second["refresh_token"])
    assert weather(server, first) == weather(server, second) == 401
    assert weather(server, bystander) == 200
    assert weather(server, refreshed(server, bystander["refresh_token"])) == 200


def test_a_token_before_the_last_has_a_grace_of_its_own(server, agent):
    first = log_in(agent)
    second = refreshed(server, first["refresh_token"])
    time.sleep(GRACE_SECONDS / 2)
    third = refreshed(server, second["refresh_token"])
    assert refreshed(server, first["refresh_token"])["refresh_token"] == second["refresh_token"]
    time.sleep(GRACE_SECONDS / 2 + 0.1)
    assert refreshed(server, second["refresh_token"])["refresh_token"] == third["refresh_token"]
    refused(server, first["refresh_token"])
    refused(server, third["refresh_token"])
    assert weather(server, third) == 401


def replay(server, pair):
    """Of a token with more spent since than a family remembers, so that no grace has to end."""
    last = pair
    for _ in range(9):
        last = refreshed(server, last["refresh_token"])
    refused(server, pair["refresh_token"])
    return last


def test_every_token_that_does_not_work_gets_the_same_answer(server, agent, admin):
    good = log_in(agent)
    token = good["refresh_token"]
    for wrong in ("", "x", "ar_", token[:-1], token + "A", token[:-1] + "!", "A" * 5000,
                  token[:50] + ("B" if token[50] == "A" else "A") + token[51:],
                  good["access_token"], agent.api_key, "ar_" + "A" * (len(token) - 3),
                  token.upper(), " " + token, "\u2602"):
        refused(server, wrong)
    assert refresh(server, token).status_code == 200


@pytest.mark.parametrize("body", [{}, {"refresh_token": None}, {"refresh_token": 7},
                                  {"refresh_token": ["x"]}, {"token": "x"}, []], ids=repr)
def test_a_body_without_the_token_is_refused_as_such(server, body):
    assert server.post("/auth/refresh", body).status_code in (400, 422)


def test_status_of_the_agent_is_read_at_each_refresh(server, admin, agent):
    pair = log_in(agent)
    admin.post(f"{agent.path}/suspend")
    refused(server, pair["refresh_token"])
    admin.post(f"{agent.path}/resume")
    pair = refreshed(server, pair["refresh_token"])
    admin.delete(agent.path)
    refused(server, pair["refresh_token"])


def test_permissions_are_those_of_now(server, admin, agent):
    pair = log_in(agent)
    admin.take_away(agent, "read_weather")
    assert weather(server, refreshed(server, pair["refresh_token"])) == 403


def test_revoking_the_key_ends_what_it_logged_in(server, agent):
    created = agent.post(f"{agent.path}/keys", {}).json()
    pair = server.login(created["api_key"]).json()
    other = log_in(agent)
    pair = refreshed(server, pair["refresh_token"])
    agent.delete(f"{agent.path}/keys/{created['key_id']}")
    refused(server, pair["refresh_token"])
    assert weather(server, refreshed(server, other["refresh_token"])) == 200


def test_a_key_that_expired_refreshes_nothing(server, agent):
    created = agent.post(f"{agent.path}/keys", {"expires_in": 2}).json()
    pair = server.login(created["api_key"]).json()
    time.sleep(2.1)
    refused(server, pair["refresh_token"])


def test_no_token_says_that_it_outlives_its_key(server, agent):
    made = time.time()
    key = agent.post(f"{agent.path}/keys", {"expires_in": 60}).json()
    for pair in (login := server.login(key["api_key"]).json(),
                 refreshed(server, login["refresh_token"])):
        assert 50 <= pair["expires_in"] <= 60 and 50 <= pair["refresh_expires_in"] <= 60
        assert decode(pair["access_token"])[1]["exp"] <= made + 61
        assert weather(server, pair) == 200
    old = agent.post(f"{agent.path}/keys", {}).json()
    agent.post(f"{agent.path}/keys/{old['key_id']}/rotate", {"overlap_seconds": 100})
    pair = server.login(old["api_key"]).json()
    assert pair["expires_in"] <= 100 and pair["refresh_expires_in"] <= 100


def test_revoking_all_tokens_ends_refresh_tokens_too(server, admin, agent):
    pair = log_in(agent)
    assert admin.post(f"{agent.path}/revoke-tokens").status_code == 204
    refused(server, pair["refresh_token"])
    assert weather(server, refreshed(server, log_in(agent)["refresh_token"])) == 200


@pytest.mark.parametrize("end", ["restart", "kill -9"])
def test_what_was_spent_or_ended_is_known_after_a_restart(launch, end):
    server = launch()
    agent = server.register_with("read_weather")
    unspent, pair, replayed = (log_in(agent) for _ in range(3))
    second = refreshed(server, pair["refresh_token"])
    last = replay(server, replayed)
    if end == "restart":
        server.restart()
    else:
        server.kill()
        server.start()
    refused(server, last["refresh_token"])
    assert weather(server, last) == 401
    assert weather(server, refreshed(server, unspent["refresh_token"])) == 200
    assert refreshed(server, pair["refresh_token"])["refresh_token"] == second["refresh_token"]
    refused(server, replay(server, pair)["refresh_token"])


def test_two_nodes_know_the_same_families(launch, database):
    one = launch()
    two = launch("--master-key-file", one.data_dir / "master.key",
                 database=one.database or f"sqlite:{one.data_dir / 'agentauth.db'}")
    agent = one.register_with("read_weather")
    wait_until(lambda: two.login(agent.api_key).status_code == 200)
    first = log_in(agent)
    second = refreshed(two, first["refresh_token"])
    assert refreshed(one, first["refresh_token"])["refresh_token"] == second["refresh_token"]
    last = refreshed(one, second["refresh_token"])
    assert weather(two, last) == 200
    last = replay(two, last)
    assert weather(two, last) == 401
    assert wait_until(lambda: weather(one, last) == 401) <= VISIBLE_SECONDS_MAX
    refused(one, last["refresh_token"])


def suspend(admin, agent, _):
    return admin.post(f"{agent.path}/suspend")


def revoke_key(_, agent, key):
    return agent.delete(f"{agent.path}/keys/{key['key_id']}")


def rotate_without_overlap(_, agent, key):
    return agent.post(f"{agent.path}/keys/{key['key_id']}/rotate", {"overlap_seconds": 0})


def revoke_tokens(admin, agent, _):
    return admin.post(f"{agent.path}/revoke-tokens")


@pytest.mark.parametrize("end", [suspend, revoke_key, rotate_without_overlap, revoke_tokens])
def test_what_one_node_has_answered_no_refresh_on_another_overlooks(launch, end):
    """Without a moment between the two calls: the other node may not have heard of it."""
    one = launch()
    two = launch("--master-key-file", one.data_dir / "master.key",
                 database=one.database or f"sqlite:{one.data_dir / 'agentauth.db'}")
    admin = one.administrator()
    held = []
    for _ in range(12):
        agent = one.register()
        key = agent.post(f"{agent.path}/keys", {}).json()
        held.append((agent, key, one.login(key["api_key"]).json()["refresh_token"]))
    wait_until(lambda: two.login(held[-1][1]["api_key"]).status_code == 200)
    for agent, key, token in held:
        assert end(admin, agent, key).status_code in (200, 201, 204)
        refused(two, token)


def test_a_family_ends_at_its_lifetime_and_a_token_when_it_lies_idle(launch):
    server = launch("--refresh-ttl", 6, "--refresh-idle", 3)
    agent = server.register_with("read_weather")
    pair, idle = log_in(agent), log_in(agent)
    assert pair["refresh_expires_in"] == 3
    for _ in range(2):
        time.sleep(2)
        pair = refreshed(server, pair["refresh_token"])
        assert 0 <= pair["refresh_expires_in"] <= 3
    refused(server, idle["refresh_token"])
    time.sleep(2.1)
    refused(server, pair["refresh_token"])


def test_no_refresh_token_enters_the_log(launch):
    server = launch("--log-level", "debug")
    agent = server.register()
    tokens = [log_in(agent)["refresh_token"]]
    for _ in range(9):
        tokens.append(refreshed(server, tokens[-1])["refresh_token"])
    refused(server, tokens[0])
    text = server.stderr() + server.stdout()
    assert "/auth/refresh" in text
    for token in tokens:
        assert token[3:40] not in text and token[-40:] not in text
