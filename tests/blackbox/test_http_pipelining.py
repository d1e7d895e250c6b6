"""Requests sent without waiting: answers come in order, whichever thread makes them."""

import pytest

from harness.raw import RawConnection, request


@pytest.fixture
def mix(server, admin):
    """Kinds of request by name: in memory, on a worker, with bcrypt, and errors of the edge."""
    agent = server.register_with("read_weather")
    bearer, root = (f"Authorization: Bearer {who.token}" for who in (agent, admin))
    registration = {"agent_name": "Piped", "owner_email": "piped@example.com"}

    def build(kind: str, identifier: str) -> bytes:
        mark = f"X-Request-ID: {identifier}"
        return {
            "memory": request("GET", "/data/weather", bearer, mark),
            "worker": request("GET", "/agents?limit=2", root, mark),
            "bcrypt": request("POST", "/agents/register", mark, body=registration),
            "login": request("POST", "/auth/login", mark, body={"api_key": agent.api_key}),
            "denied": request("GET", "/data/stock", bearer, mark),
            "anonymous": request("GET", "/agents", mark),
            "missing": request("GET", "/nowhere", mark),
            "invalid": request("POST", "/agents/register", mark, body={}),
            "large": request("GET", "/openapi.json", mark),
        }[kind]

    return build


STATUS = {"memory": 200, "worker": 200, "bcrypt": 201, "login": 200, "denied": 403,
          "anonymous": 401, "missing": 404, "invalid": 422, "large": 200}


def ask(server, mix, kinds):
    requests = [mix(kind, f"r-{number}-{kind}") for number, kind in enumerate(kinds)]
    with RawConnection(server, timeout=60) as connection:
        connection.send(*requests)
        for number, kind in enumerate(kinds):
            answer = connection.response()
            assert answer is not None, f"closed before answer {number}"
            assert answer.header("X-Request-ID") == f"r-{number}-{kind}"
            assert answer.status == STATUS[kind], (kind, answer)


@pytest.mark.parametrize("kinds", [
    ["memory"] * 100, ["worker"] * 20, ["bcrypt"] * 4,
    ["worker", "memory"] * 20, ["bcrypt", "memory", "worker", "denied"] * 3,
    ["memory", "bcrypt", "missing", "worker", "anonymous", "large", "login", "invalid"] * 3,
    ["large"] * 30,
], ids=lambda kinds: f"{len(kinds)}-{'-'.join(dict.fromkeys(kinds))}")
def test_answers_come_in_the_order_of_the_requests(server, mix, kinds):
    ask(server, mix, kinds)


def test_a_thousand_requests_on_one_connection(server, mix):
    ask(server, mix, (["memory", "anonymous", "missing"] * 334)[:1000])


def test_requests_cut_anywhere_are_put_together_again(server, mix):
    kinds = ["memory", "worker", "login", "missing"] * 3
    data = b"".join(mix(kind, f"cut-{number}") for number, kind in enumerate(kinds))
    for size in (1, 7, 64, 999):
        with RawConnection(server, timeout=30) as connection:
            for begin in range(0, len(data), size):
                connection.send(data[begin:begin + size])
            for number in range(len(kinds)):
                assert connection.response().header("X-Request-ID") == f"cut-{number}"


def test_what_follows_close_is_not_answered(server, mix):
    with RawConnection(server) as connection:
        connection.send(mix("memory", "one"), request("GET", "/healthz", "Connection: close"),
                        mix("memory", "three"))
        assert len(connection.responses()) == 2


def test_what_follows_a_broken_request_is_not_answered(server, mix):
    with RawConnection(server) as connection:
        connection.send(mix("worker", "one"), "BROKEN\r\n\r\n", mix("memory", "three"))
        answers = connection.responses()
        assert answers[0].status == 200
        assert len(answers) <= 2
        assert all(answer.status == 400 for answer in answers[1:])


def test_a_grant_is_seen_by_the_request_right_behind_it(server, admin):
    agent = server.register()
    see = request("GET", "/data/weather", f"Authorization: Bearer {agent.token}")
    root = f"Authorization: Bearer {admin.token}"
    give = request("POST", f"{agent.path}/permissions", root, body={"permission": "read_weather"})
    take = request("DELETE", f"{agent.path}/permissions/read_weather", root)
    with RawConnection(server, timeout=30) as connection:
        connection.send(*[see, give, see, take] * 10)
        statuses = [connection.response().status for _ in range(40)]
    assert statuses == [403, 201, 200, 204] * 10


def test_a_client_that_leaves_takes_nobody_with_it(server, mix):
    for _ in range(20):
        with RawConnection(server) as connection:
            connection.send(mix("bcrypt", "gone"), mix("worker", "gone"), mix("large", "gone"))
    assert server.get("/healthz").status_code == 200


def test_a_client_that_shuts_its_side_still_gets_its_answers(server, mix):
    with RawConnection(server, timeout=30) as connection:
        connection.send(mix("worker", "a"), mix("memory", "b"))
        connection.finish_sending()
        assert [answer.header("X-Request-ID") for answer in connection.responses()] == ["a", "b"]
