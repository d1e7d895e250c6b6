"""Which grants nobody uses: written down some time after the call that was let through, whichever
node it was at."""

import datetime

import pytest

from harness.agent import Agent
from harness.binary import run
from harness.server import wait_until

WRITTEN_WITHIN_SECONDS = 15


def now(**later) -> str:
    time = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**later)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def unused(admin, **query) -> list:
    items, cursor = [], None
    while True:
        page = admin.get("/grants/unused", params={**query, "limit": 2, "cursor": cursor})
        assert page.status_code == 200, page.text
        items += page.json()["items"]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return items


def never_used(admin, subject) -> set:
    return {grant["action"] for grant in unused(admin, subject=subject)}


def of(agent) -> str:
    return f"agent:{agent.agent_id}"


def test_a_grant_that_let_a_call_through_is_not_unused(server, admin):
    agent = server.register_with("read_weather", "read_stock", "reports:*")
    assert never_used(admin, of(agent)) == {"read_weather", "read_stock", "reports:*"}
    assert agent.get("/data/weather").status_code == 200
    wait_until(lambda: never_used(admin, of(agent)) == {"read_stock", "reports:*"},
               seconds=WRITTEN_WITHIN_SECONDS)


def test_it_says_since_when_uses_are_counted(server, admin):
    agent = server.register_with("read_stock")
    grant, = unused(admin, subject=of(agent))
    assert grant["last_used_at"] is None
    assert grant["counted_since"] >= grant["created_at"]
    # It was not there by then, so nobody can say that it was not used since.
    assert unused(admin, subject=of(agent), since=now(days=-1)) == []


def test_a_refused_call_is_no_use(server, admin):
    agent = server.register_with("read_weather")
    admin.post(f"{agent.path}/permissions", {"permission": "read_stock", "effect": "deny"})
    assert agent.get("/data/stock").status_code == 403
    assert agent.get("/data/weather").status_code == 200
    wait_until(lambda: never_used(admin, of(agent)) == set(), seconds=WRITTEN_WITHIN_SECONDS)


def test_the_grant_of_a_role_is_used_by_whoever_uses_it(server, admin):
    admin.call("PUT", "/roles/unused_reader", json={})
    for permission in ("read_weather", "read_stock"):
        admin.post("/roles/unused_reader/permissions", {"permission": permission})
    agent = server.register()
    admin.post(f"{agent.path}/roles", {"role": "unused_reader"})
    assert agent.get("/data/weather").status_code == 200
    wait_until(lambda: never_used(admin, "role:unused_reader") == {"read_stock"},
               seconds=WRITTEN_WITHIN_SECONDS)


def test_an_enforcement_point_uses_and_who_asks_about_itself_does_not(server, admin):
    agent = server.register_with("read_weather", "read_stock")
    point = server.register_with("agentauth:access:evaluate", "agentauth:permissions:read")

    def question(action):
        return {"subject": {"type": "agent", "id": agent.agent_id}, "action": {"name": action},
                "resource": {"type": "city", "id": "berlin"}}

    assert agent.post("/access/v1/evaluation", question("read_stock")).json()["decision"] is True
    assert agent.get(f"{agent.path}/permissions/read_stock").json()["decision"] is True
    assert point.post("/access/v1/evaluation", question("read_weather")).json()["decision"] is True
    wait_until(lambda: never_used(admin, of(agent)) == {"read_stock"},
               seconds=WRITTEN_WITHIN_SECONDS)
    assert point.get(f"{agent.path}/permissions/read_stock").json()["decision"] is True
    wait_until(lambda: never_used(admin, of(agent)) == set(), seconds=WRITTEN_WITHIN_SECONDS)


def test_a_counted_grant_is_used_when_it_is_counted(server, admin):
    agent = server.register()
    admin.post(f"{agent.path}/permissions", {"permission": "read_stock", "max_uses": 2})
    assert agent.get("/data/stock").status_code == 200
    wait_until(lambda: never_used(admin, of(agent)) == set(), seconds=WRITTEN_WITHIN_SECONDS)


@pytest.mark.parametrize("since", [lambda: "yesterday", lambda: "2026-01-31",
                                   lambda: now(days=1)], ids=["word", "day", "tomorrow"])
def test_since_is_a_time_that_has_been(admin, since):
    answer = admin.get("/grants/unused", params={"since": since()})
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["errors"][0]["field"] == "since"


def test_uses_are_no_changes_and_leave_the_revision_alone(server, admin):
    agent = server.register_with("read_weather")
    before = server.get("/readyz").json()["revision"]
    assert agent.get("/data/weather").status_code == 200
    wait_until(lambda: never_used(admin, of(agent)) == set(), seconds=WRITTEN_WITHIN_SECONDS)
    assert server.get("/readyz").json()["revision"] == before


def test_what_was_used_before_a_restart_stays_used(launch):
    server = launch()
    admin = server.administrator()
    agent = server.register_with("read_weather", "read_stock")
    assert agent.get("/data/weather").status_code == 200
    server.restart()
    admin = Agent(server, admin.agent_id, admin.api_key)
    assert never_used(admin, of(agent)) == {"read_stock"}
    agent = Agent(server, agent.agent_id, agent.api_key)
    assert agent.get("/data/stock").status_code == 200
    wait_until(lambda: never_used(admin, of(agent)) == set(), seconds=WRITTEN_WITHIN_SECONDS)


def test_a_use_counts_whichever_node_it_was_at(launch, database):
    one = launch()
    two = launch("--master-key-file", one.data_dir / "master.key",
                 database=one.database or f"sqlite:{one.data_dir / 'agentauth.db'}")
    admin = one.administrator()
    agent = one.register_with("read_weather", "read_stock")
    there = Agent(two, agent.agent_id, agent.api_key)
    wait_until(lambda: two.login(agent.api_key).status_code == 200)
    wait_until(lambda: there.get("/data/stock").status_code == 200)
    assert agent.get("/data/weather").status_code == 200
    wait_until(lambda: never_used(admin, of(agent)) == set(), seconds=WRITTEN_WITHIN_SECONDS)


def test_the_command_lists_them(server, admin):
    agent = server.register_with("never:used")
    key_file = server.data_dir / "unused.key"
    key_file.write_text(admin.api_key)
    key_file.chmod(0o600)

    def listed(*arguments):
        return run("grant", "unused", *arguments, "--server", server.url, "--api-key-file", key_file)

    shown = listed("--subject", of(agent))
    assert shown.returncode == 0, shown.stderr
    assert "COUNTED_SINCE" in shown.stdout and "never:used" in shown.stdout
    shown = listed("--since", "30d")
    assert shown.returncode == 0, shown.stderr
    assert "never:used" not in shown.stdout
    refused = listed("--since", "a month")
    assert refused.returncode == 2 and "30d" in refused.stderr
