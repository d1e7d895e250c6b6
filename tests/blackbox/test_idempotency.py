"""Idempotency-Key: a POST that creates may be repeated without creating twice."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.problems import problem

BODY = {"agent_name": "Once", "owner_email": "once@example.com"}


def key():
    return {"Idempotency-Key": str(uuid.uuid4())}


def count(admin, owner):
    return len(admin.get("/agents", params={"owner": owner, "limit": 1000}).json()["items"])


def test_a_repeated_registration_gives_the_id_and_never_the_key_again(server, admin):
    headers, body = key(), {**BODY, "owner_email": "one@idempotent.org"}
    first = server.post("/agents/register", body, headers=headers)
    assert first.status_code == 201
    for _ in range(2):
        again = problem(server.post("/agents/register", body, headers=headers), 409, "already_created")
        assert again["agent_id"] == first.json()["agent_id"]
        assert first.json()["api_key"] not in str(again)
    assert count(admin, "one@idempotent.org") == 1


def test_a_repeated_key_creation_gives_its_ids(server, admin):
    agent, headers = server.register(), key()
    first = agent.post(f"{agent.path}/keys", {"name": "a"}, headers=headers)
    assert first.status_code == 201
    again = problem(agent.post(f"{agent.path}/keys", {"name": "a"}, headers=headers), 409,
                    "already_created")
    assert again["agent_id"] == agent.agent_id
    assert again["key_id"] == first.json()["key_id"]
    assert len(admin.keys_of(agent)) == 2


def test_a_repeated_grant_gives_the_same_answer(server, admin):
    agent, headers, body = server.register(), key(), {"permission": "read_weather"}
    first, again = (admin.post(f"{agent.path}/permissions", body, headers=headers) for _ in "12")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()


def test_a_repeated_grant_does_not_grant_again_what_was_taken_away(server, admin):
    agent, headers, body = server.register(), key(), {"permission": "read_weather"}
    admin.post(f"{agent.path}/permissions", body, headers=headers)
    admin.take_away(agent, "read_weather")
    assert admin.post(f"{agent.path}/permissions", body, headers=headers).status_code == 201
    assert admin.permissions_of(agent) == set()


def test_the_same_key_with_another_body_is_refused(server, admin):
    headers, owner = key(), "two@idempotent.org"
    body = {**BODY, "owner_email": owner}
    assert server.post("/agents/register", body, headers=headers).status_code == 201
    problem(server.post("/agents/register", {**body, "agent_name": "Other"}, headers=headers),
            422, "idempotency_key_reused")
    assert count(admin, owner) == 1


def test_the_same_key_on_another_path_is_not_the_same_request(server, admin):
    headers = key()
    one, two = server.register(), server.register()
    body = {"permission": "read_weather"}
    assert admin.post(f"{one.path}/permissions", body, headers=headers).status_code == 201
    answer = admin.post(f"{two.path}/permissions", body, headers=headers)
    # Either a request of its own or a refusal; never the answer that was meant for the other.
    assert answer.status_code in (201, 422)
    if answer.status_code == 201:
        assert answer.json()["agent_id"] == two.agent_id


def test_two_callers_with_one_key_do_not_see_each_others_answers(server, admin):
    one, two, headers = server.register(), server.register(), key()
    first = one.post(f"{one.path}/keys", {}, headers=headers).json()
    answer = two.post(f"{two.path}/keys", {}, headers=headers)
    assert answer.status_code == 201
    assert answer.json()["agent_id"] == two.agent_id
    assert answer.json()["key_id"] != first["key_id"]


def test_a_repetition_is_checked_for_permission_like_any_request(server, admin):
    granter = server.register_with("agentauth:permissions:write", "read_weather")
    agent, headers, body = server.register(), key(), {"permission": "read_weather"}
    assert granter.post(f"{agent.path}/permissions", body, headers=headers).status_code == 201
    admin.take_away(granter, "agentauth:permissions:write")
    problem(granter.post(f"{agent.path}/permissions", body, headers=headers), 403)


def at_once(count, post, *arguments, **named):
    with ThreadPoolExecutor(count) as pool:
        calls = [pool.submit(post, *arguments, **named) for _ in range(count)]
        return [call.result() for call in calls]


@pytest.fixture
def hashing_at_once(launch):
    """A server that hashes several keys at once, however few cores there are."""
    return launch("--hashers", "4")


def test_many_at_once_create_one(hashing_at_once):
    server, admin = hashing_at_once, hashing_at_once.administrator()
    headers, body = key(), {**BODY, "owner_email": "many@idempotent.org"}
    answers = at_once(8, server.post, "/agents/register", body, headers=headers)
    created = [answer for answer in answers if answer.status_code == 201]
    assert len(created) == 1
    for answer in answers:
        if answer is not created[0]:
            late = problem(answer, 409, "already_created")
            assert late["agent_id"] == created[0].json()["agent_id"]
    assert count(admin, "many@idempotent.org") == 1


def test_many_keys_at_once_are_one(hashing_at_once):
    server, admin = hashing_at_once, hashing_at_once.administrator()
    agent = server.register()
    answers = at_once(8, agent.post, f"{agent.path}/keys", {"name": "a"}, headers=key())
    created = [answer for answer in answers if answer.status_code == 201]
    assert len(created) == 1
    for answer in answers:
        if answer is not created[0]:
            late = problem(answer, 409, "already_created")
            assert late["key_id"] == created[0].json()["key_id"]
    assert len(admin.keys_of(agent)) == 2


def test_many_grants_at_once_give_the_same_answer(server, admin):
    for _ in range(10):
        agent, body = server.register(), {"permission": "read_weather"}
        answers = at_once(8, admin.post, f"{agent.path}/permissions", body, headers=key())
        assert [answer.status_code for answer in answers] == [201] * 8
        assert len({answer.text for answer in answers}) == 1


def test_a_refused_request_does_not_use_the_key_up(server):
    headers = key()
    problem(server.post("/agents/register", {"agent_name": ""}, headers=headers), 422)
    assert server.post("/agents/register", BODY, headers=headers).status_code == 201


def test_a_key_is_remembered_across_a_restart(launch):
    server, headers = launch(), key()
    first = server.post("/agents/register", BODY, headers=headers)
    server.restart()
    again = problem(server.post("/agents/register", BODY, headers=headers), 409, "already_created")
    assert again["agent_id"] == first.json()["agent_id"]


@pytest.mark.parametrize("value", ["", "x" * 256, "a b", "tab\there", "\x01", "é"], ids=repr)
def test_a_malformed_key_is_refused(server, admin, value):
    before = count(admin, "bad@idempotent.org")
    answer = server.post("/agents/register", {**BODY, "owner_email": "bad@idempotent.org"},
                         headers={"Idempotency-Key": value.encode("latin-1")})
    problem(answer, 400, "malformed_request")
    assert count(admin, "bad@idempotent.org") == before


@pytest.mark.parametrize("value", ["x", "x" * 255, "!~:/\"'"])
def test_any_visible_ascii_is_a_key(server, value):
    headers = {"Idempotency-Key": value}
    body = {**BODY, "owner_email": "visible@idempotent.org"}
    assert server.post("/agents/register", body, headers=headers).status_code == 201
    assert server.post("/agents/register", body, headers=headers).status_code == 409
