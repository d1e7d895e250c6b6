"""The last use of each key: written down some time after the login, whichever node it was at."""

import datetime

import pytest

from harness.agent import Agent
from harness.server import wait_until

WRITTEN_WITHIN_SECONDS = 10


def new_key(agent) -> dict:
    return agent.post(f"{agent.path}/keys", {}).json()


def last_use(admin, agent, key) -> tuple:
    shown = next(k for k in admin.keys_of(agent) if k["key_id"] == key["key_id"])
    return shown["last_used_at"], shown["last_used_address"]


def seconds_ago(time: str) -> float:
    then = datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
    return (datetime.datetime.now(datetime.timezone.utc) - then).total_seconds()


def log_in(server, key, **arguments):
    answer = server.post("/auth/login", {"api_key": key["api_key"]}, **arguments)
    assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def module_options():
    return ("--trusted-proxies", "127.0.0.1")


def test_a_key_that_never_logged_in_has_none(server, admin):
    agent = server.register()
    assert last_use(admin, agent, new_key(agent)) == (None, None)


def test_a_login_is_written_with_its_time_and_address(server, admin):
    agent = server.register()
    key = new_key(agent)
    log_in(server, key)
    wait_until(lambda: last_use(admin, agent, key)[0], seconds=WRITTEN_WITHIN_SECONDS)
    time, address = last_use(admin, agent, key)
    assert -1 < seconds_ago(time) < WRITTEN_WITHIN_SECONDS + 1
    assert address == "127.0.0.1"
    log_in(server, key, headers={"X-Forwarded-For": "2001:DB8::7"})
    wait_until(lambda: last_use(admin, agent, key)[1] == "2001:db8::7",
               seconds=WRITTEN_WITHIN_SECONDS)
    assert last_use(admin, agent, key)[0] > time


def test_a_refused_login_is_no_use(server, admin):
    agent = server.register()
    key, other = new_key(agent), new_key(agent)
    secret = key["api_key"]
    answer = server.login(secret[:20] + ("0" if secret[20] != "0" else "1") + secret[21:])
    assert answer.status_code == 401
    log_in(server, other)
    wait_until(lambda: last_use(admin, agent, other)[0], seconds=WRITTEN_WITHIN_SECONDS)
    assert last_use(admin, agent, key) == (None, None)


def test_uses_are_no_changes_and_leave_the_revision_alone(server, admin):
    agent = server.register()
    key = new_key(agent)
    before = server.get("/readyz").json()["revision"]
    log_in(server, key)
    wait_until(lambda: last_use(admin, agent, key)[0], seconds=WRITTEN_WITHIN_SECONDS)
    assert server.get("/readyz").json()["revision"] == before


def test_the_last_of_them_is_written_at_shutdown(launch):
    server = launch()
    admin, agent = server.administrator(), server.register()
    key = new_key(agent)
    log_in(server, key)
    server.restart()
    assert last_use(Agent(server, admin.agent_id, admin.api_key), agent, key)[1] == "127.0.0.1"


def test_the_newest_use_counts_whichever_node_it_was_at(launch, database):
    one = launch()
    two = launch("--master-key-file", one.data_dir / "master.key",
                 database=one.database or f"sqlite:{one.data_dir / 'agentauth.db'}")
    admin, agent = one.administrator(), one.register()
    key = new_key(agent)
    wait_until(lambda: two.login(key["api_key"]).status_code == 200)
    log_in(one, key)
    wait_until(lambda: last_use(admin, agent, key)[0], seconds=WRITTEN_WITHIN_SECONDS)
    time, _ = last_use(admin, agent, key)
    log_in(two, key)
    wait_until(lambda: last_use(admin, agent, key)[0] > time, seconds=WRITTEN_WITHIN_SECONDS)
