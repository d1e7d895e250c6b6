"""Bodies larger than others: strangers have no place there, and nobody has all places."""

import contextlib
import json

import pytest

from harness.problems import problem
from harness.raw import RawConnection

LENGTH = 200_000


@pytest.fixture
def narrow(launch):
    """Two places for large bodies, no more."""
    return launch("--threads", 1)


@pytest.fixture
def boss(narrow):
    return narrow.administrator()


def head(token=None, length=LENGTH, path="/policy", more=()):
    lines = [f"PUT {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *more]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += ["Transfer-Encoding: chunked"] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join(lines) + "\r\n\r\n"


def large_policy(boss):
    """What is in force, and spaces."""
    return json.dumps(boss.get("/policy").json()).ljust(LENGTH)


def put(boss):
    return boss.call("PUT", "/policy", data=large_policy(boss),
                     headers={"Content-Type": "application/json"})


@contextlib.contextmanager
def connections(server, count):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(RawConnection(server)) for _ in range(count)]


@pytest.mark.parametrize("path", ["/policy", "/policy?dry_run=true", "/gateway/routes"])
def test_who_may_not_is_told_at_the_head(narrow, boss, path):
    reader = narrow.register_with("agentauth:policy:read")
    suspended = narrow.register_with("agentauth:*")
    token = suspended.token
    assert boss.post(f"/agents/{suspended.agent_id}/suspend", json={}).status_code < 300
    for sent, status, code in [(None, 401, "unauthenticated"), ("a.b.c", 401, "unauthenticated"),
                               (token, 401, "unauthenticated"),
                               (reader.token, 403, "permission_denied")]:
        with RawConnection(narrow) as connection:
            answer = connection.send(head(sent, path=path)).response()
            problem(answer, status, code)
            assert answer.header("Connection") == "close"
            assert connection.is_closed_within(5)


def test_who_may_not_is_not_told_to_go_on(narrow, boss):
    with connections(narrow, 2) as (stranger, known):
        expect = ["Expect: 100-continue"]
        problem(stranger.send(head(more=expect)).interim(), 401, "unauthenticated")
        assert known.send(head(boss.token, more=expect)).interim().status == 100


def test_slow_strangers_do_not_keep_an_administrator_from_applying_a_policy(narrow, boss):
    reader = narrow.register_with("agentauth:policy:read")
    with connections(narrow, 30) as strangers:
        for number, stranger in enumerate(strangers):
            token = [None, "a.b.c", reader.token][number % 3]
            stranger.send(head(token, [LENGTH, None][number % 2]))
            stranger.send("ffff\r\n" + " " * 0xffff if number % 2 else " " * 1000)
        for _ in range(3):
            assert put(boss).status_code == 200
        for number, stranger in enumerate(strangers):
            stranger.send("\r\nffff\r\n" + " " * 1000 if number % 2 else " ")
        assert put(boss).status_code == 200


def test_a_caller_who_is_slow_leaves_a_place_for_others(narrow, boss):
    slow = narrow.register_with("agentauth:policy:write")
    with connections(narrow, 3) as (first, second, third):
        first.send(head(slow.token) + " " * 70_000)
        problem(second.send(head(slow.token)).response(), 503, "unavailable")
        assert put(boss).status_code == 200
        third.send(head(boss.token))
        problem(put_as(narrow.register_with("agentauth:policy:write"), boss), 503, "unavailable")


def put_as(agent, boss):
    return agent.call("PUT", "/policy?dry_run=true", data=large_policy(boss),
                      headers={"Content-Type": "application/json"})


def test_a_large_body_that_trickles_is_cut_off(narrow, boss):
    """In the time that every request has."""
    with RawConnection(narrow) as connection:
        connection.send(head(boss.token) + " " * 70_000)
        for _ in range(40):
            if connection.is_closed_within(0.5):
                break
            connection.send(" ")
        else:
            pytest.fail("it is still open after 20 seconds")
    assert put(boss).status_code == 200
