"""Roles, groups, and grants with terms: in force at the next request, and no way around them."""

import itertools
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from harness.agent import Agent
from harness.problems import problem
from harness.server import wait_until
from test_audit import events
from test_many_nodes import at_other, pair  # noqa: F401

_numbers = itertools.count(1)
WEATHER = "/data/weather"
# Ends that are no ends to come, the epoch among them.
PASSED = ("1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1900-01-01T00:00:00Z",
          "2020-01-01T00:00:00Z")


def unique(prefix: str) -> str:
    return f"{prefix}-{next(_numbers)}"


def done(answer, *statuses):
    assert answer.status_code in (statuses or (200, 201, 204)), answer.text
    return answer


def put(by, path, body=None):
    return by.call("PUT", path, json=body or {})


def role_with(admin, *permissions, kind="roles", **terms) -> str:
    """The path of a new role or group that holds these."""
    path = f"/{kind}/{unique('r')}"
    done(put(admin, path), 201)
    for permission in permissions:
        done(admin.post(f"{path}/permissions", {"permission": permission, **terms}), 201)
    return path


def principal(path: str) -> str:
    kind, name = path.strip("/").split("/")
    return f"{kind[:-1]}:{name}"


def subject(agent: Agent) -> str:
    return f"agent:{agent.agent_id}"


def join(by, member, path, **terms):
    name = subject(member) if isinstance(member, Agent) else member
    return put(by, f"{path}/members/{name}", terms)


def leave(by, member, path):
    name = subject(member) if isinstance(member, Agent) else member
    return by.delete(f"{path}/members/{name}")


def grant(by, agent, permission="read_weather", **terms):
    return by.post(f"{agent.path}/permissions", {"permission": permission, **terms})


def status(agent) -> int:
    return agent.get(WEATHER).status_code


def in_seconds(seconds: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat().replace("+00:00",
                                                                                        "Z")


def test_a_role_that_is_given_or_taken_counts_at_the_very_next_request(server, admin):
    agent, role = server.register(), role_with(admin, "read_weather")
    for _ in range(10):
        assert status(agent) == 403
        done(join(admin, agent, role), 201)
        assert status(agent) == 200
        done(leave(admin, agent, role), 204)


def test_an_agents_own_path_gives_and_takes_roles(server, admin):
    agent, role = server.register(), role_with(admin, "read_weather")
    name = role.split("/")[-1]
    done(admin.post(f"{agent.path}/roles", {"role": name}), 201)
    assert status(agent) == 200
    (listed,) = admin.get(f"{agent.path}/roles").json()["items"]
    assert (listed["of"], listed["member"]) == (principal(role), subject(agent))
    done(admin.delete(f"{agent.path}/roles/{name}"), 204)
    assert status(agent) == 403


def test_what_a_role_holds_counts_at_the_very_next_request(server, admin):
    agent, role = server.register(), role_with(admin)
    done(join(admin, agent, role), 201)
    for _ in range(5):
        assert status(agent) == 403
        done(admin.post(f"{role}/permissions", {"permission": "read_weather"}), 201)
        assert status(agent) == 200
        done(admin.delete(f"{role}/permissions/read_weather"), 204)


def test_a_deny_wins_wherever_it_comes_from(server, admin):
    agent = server.register_with("read_weather")
    group = role_with(admin, "read_weather", kind="groups", effect="deny")
    assert status(agent) == 200
    done(join(admin, agent, group), 201)
    assert status(agent) == 403
    body = admin.get(f"{agent.path}/permissions/read_weather").json()
    assert (body["decision"], body["reason"]) == (False, "denied")
    done(leave(admin, agent, group), 204)
    done(grant(admin, agent, "*", effect="deny"), 201)
    assert status(agent) == 403
    done(admin.delete(f"{agent.path}/permissions/*"), 404)
    assert status(agent) == 403
    done(admin.delete(f"{agent.path}/permissions/*?effect=deny"), 204)
    assert status(agent) == 200


def test_groups_nest(server, admin):
    agent = server.register()
    role, inner, outer = (role_with(admin, "read_weather"), role_with(admin, kind="groups"),
                          role_with(admin, kind="groups"))
    done(join(admin, agent, inner), 201)
    done(join(admin, principal(inner), outer), 201)
    assert status(agent) == 403
    done(join(admin, principal(outer), role), 201)
    assert status(agent) == 200
    problem(join(admin, principal(role), inner), 409, "conflict")
    done(leave(admin, principal(inner), outer), 204)
    assert status(agent) == 403


def test_a_role_that_is_deleted_is_gone_and_comes_back_without_members(server, admin):
    agent, role = server.register(), role_with(admin, "read_weather")
    done(join(admin, agent, role), 201)
    assert status(agent) == 200
    done(admin.delete(role), 204)
    assert status(agent) == 403
    assert admin.get(role).status_code == 404
    done(put(admin, role), 201)
    done(admin.post(f"{role}/permissions", {"permission": "read_weather"}), 201)
    assert status(agent) == 403
    assert admin.get(f"{role}/members").json()["items"] == []


@pytest.mark.parametrize("what", ["grant", "membership"])
def test_what_ends_ends_by_itself(server, admin, what):
    agent, role = server.register(), role_with(admin, "read_weather")
    assert status(agent) == 403  # and it is logged in
    if what == "grant":
        done(grant(admin, agent, expires_at=in_seconds(3)), 201)
    else:
        done(join(admin, agent, role, expires_at=in_seconds(3)), 201)
    assert status(agent) == 200
    assert wait_until(lambda: status(agent) == 403) <= 4


def test_a_grant_begins_when_it_says(server, admin):
    agent = server.register()
    assert status(agent) == 403  # and it is logged in
    done(grant(admin, agent, not_before=in_seconds(3)), 201)
    assert status(agent) == 403
    assert wait_until(lambda: status(agent) == 200) <= 4


def at_once(agents, calls: int) -> list:
    """The statuses of that many calls, 20 at a time."""
    for agent in agents:
        assert agent.token  # beforehand
    turns = [agents[i % len(agents)] for i in range(calls)]
    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(status, turns))


def test_a_counted_grant_is_used_so_often_and_no_more(server, admin):
    agent = server.register()
    done(grant(admin, agent, max_uses=7), 201)
    statuses = at_once([agent], 60)
    assert (statuses.count(200), statuses.count(403)) == (7, 53)
    assert status(agent) == 403
    # The same grant again is the same grant, and used up; another one is another one.
    done(grant(admin, agent, max_uses=7), 200)
    assert status(agent) == 403
    done(grant(admin, agent, max_uses=2), 201)
    assert [status(agent) for _ in range(3)] == [200, 200, 403]
    done(grant(admin, agent), 201)
    assert status(agent) == 200


def test_one_use_is_one_request_whatever_the_caller_calls_it(server, admin):
    agent = server.register()
    done(grant(admin, agent, max_uses=3), 201)
    statuses = [agent.get(WEATHER, headers={"X-Request-ID": "always-the-same"}).status_code
                for _ in range(5)]
    assert statuses == [200, 200, 200, 403, 403]


def test_counted_grants_follow_one_another_for_as_long_as_there_are_some(server, admin):
    agent = server.register()
    for day in range(20):
        done(grant(admin, agent, max_uses=1, not_before=in_seconds(-1000 - day)), 201)
        assert status(agent) == 200, day
        assert status(agent) == 403, day


def test_a_counted_grant_is_counted_on_all_nodes_together(pair):  # noqa: F811
    one, two = pair
    admin, agent = one.administrator(), one.register()
    there, admin_there = at_other(two, agent), at_other(two, admin)
    done(grant(admin, agent, max_uses=9), 201)
    wait_until(lambda: admin_there.get(f"{agent.path}/permissions/read_weather").json()
               .get("decision"))
    statuses = at_once([agent, there], 60)
    assert (statuses.count(200), statuses.count(403)) == (9, 51)


def test_a_condition_looks_at_where_a_request_comes_from(server, admin):
    agent = server.register()
    done(grant(admin, agent, when='inNetwork(context.address, "10.0.0.0/8")'), 201)
    assert status(agent) == 403
    done(grant(admin, agent, when='inNetwork(context.address, "127.0.0.0/8")'), 201)
    assert status(agent) == 200
    done(grant(admin, agent, effect="deny", when="context.nobody_said > 1"), 201)
    assert status(agent) == 403


def test_what_is_stored_of_an_agent_counts_at_the_next_request(server, admin):
    agent = server.register()
    done(grant(admin, agent, when="subject.properties.clearance >= 2"), 201)
    entity = f"/entities/agent/{agent.agent_id}"
    assert status(agent) == 403
    for clearance, expected in [(1, 403), (2, 200), (1, 403), (3, 200)]:
        done(put(admin, entity, {"properties": {"clearance": clearance}}), 200)
        assert status(agent) == expected
    done(admin.delete(entity), 204)
    assert status(agent) == 403


def test_what_cannot_be_kept_is_refused(server, admin):
    agent = server.register()
    for terms in ({"when": "context.amount <"}, {"resource": "berlin"}, {"effect": "perhaps"},
                  {"max_uses": 0}, {"effect": "deny", "max_uses": 1},
                  {"not_before": in_seconds(10), "expires_at": in_seconds(5)},
                  *({"expires_at": end} for end in PASSED)):
        problem(grant(admin, agent, **terms), 422, "invalid_argument")
    assert admin.get(f"{agent.path}/permissions").json()["items"] == []


def test_what_is_passed_on_for_a_while_is_passed_on_until_no_time_that_has_passed(server, admin):
    helper, agent = server.register_with("agentauth:grants:write"), server.register()
    done(grant(admin, helper, expires_at=in_seconds(600)), 201)
    role = role_with(admin)
    for end in PASSED:
        row = {"subject": subject(agent), "action": "read_weather", "expires_at": end}
        problem(put(helper, f"/grants/{uuid.uuid4()}", row), 422, "invalid_argument")
        problem(join(admin, agent, role, expires_at=end), 422, "invalid_argument")
        problem(put(admin, "/policy?keep=true", {"grants": [row]}), 422, "invalid_argument")
    assert status(agent) == 403


def test_what_an_agent_holds_already_is_named(server, admin):
    agent = server.register_with("read_weather")
    (held,) = admin.get(f"{agent.path}/permissions").json()["items"]
    body = {"subject": subject(agent), "action": "read_weather"}
    refused = problem(put(admin, f"/grants/{uuid.uuid4()}", body), 409, "conflict")
    assert held["id"] in refused["detail"]


def test_every_agent_is_granted_and_denied_at_once(server, admin):
    agent, name = server.register(), f"/grants/{uuid.uuid4()}"
    done(put(admin, name, {"subject": "agent:*", "action": "read_stock"}), 201)
    assert agent.get("/data/stock").status_code == 200
    done(put(admin, name, {"subject": "agent:*", "action": "read_stock", "effect": "deny"}), 200)
    assert agent.get("/data/stock").status_code == 403
    done(admin.delete(name), 204)
    assert agent.get("/data/stock").status_code == 403
    for action in ("*", "agentauth:*", "agentauth:roles:read"):
        problem(put(admin, name, {"subject": "agent:*", "action": action, "effect": "deny"}), 409,
                "conflict")


# What one must not be able to do.


def test_nobody_gives_a_role_that_holds_what_it_does_not(server, admin):
    helper, agent = server.register_with("agentauth:roles:write"), server.register()
    role = role_with(admin, "read_weather")
    for member in (agent, helper):
        problem(join(helper, member, role), 403, "permission_denied")
        problem(helper.post(f"{member.path}/roles", {"role": role.split("/")[-1]}), 403,
                "permission_denied")
    problem(helper.post(f"{role}/permissions", {"permission": "read_stock"}), 403,
            "permission_denied")
    assert admin.get(f"{role}/members").json()["items"] == []
    assert status(agent) == 403
    # By a detour: a role of its own in the one that holds it.
    own = role_with(helper)
    done(join(helper, agent, own), 201)
    problem(join(helper, principal(own), role), 403, "permission_denied")
    admin.grant(helper, "read_weather")
    done(join(helper, agent, role), 201)
    assert status(agent) == 200


def test_nobody_leaves_a_group_that_denies_it_something(server, admin):
    helper = server.register_with("agentauth:roles:write", "read_weather")
    group = role_with(admin, "read_weather", kind="groups", effect="deny")
    done(join(admin, helper, group), 201)
    problem(leave(helper, helper, group), 403, "permission_denied")
    problem(join(helper, helper, group, expires_at=in_seconds(1)), 403, "permission_denied")
    problem(helper.delete(group), 403, "permission_denied")
    problem(helper.delete(f"{group}/permissions/read_weather?effect=deny"), 403,
            "permission_denied")
    assert status(helper) == 403


def test_nobody_lifts_its_own_deny(server, admin):
    helper = server.register_with("agentauth:permissions:write", "agentauth:grants:write",
                                  "read_weather")
    deny = done(grant(admin, helper, effect="deny"), 201).json()["id"]
    problem(helper.delete(f"{helper.path}/permissions/read_weather?effect=deny"), 403,
            "permission_denied")
    problem(helper.delete(f"/grants/{deny}"), 403, "permission_denied")
    replaced = {"subject": subject(helper), "action": "read_weather", "effect": "deny",
                "expires_at": in_seconds(1)}
    problem(put(helper, f"/grants/{deny}", replaced), 403, "permission_denied")
    assert status(helper) == 403


def test_nobody_takes_itself_off_the_record(server, admin):
    group = role_with(admin, "read_weather", kind="groups", effect="audit")
    helper, other = server.register_with("agentauth:permissions:write", "agentauth:grants:write",
                                         "agentauth:roles:write", "read_weather"), server.register()
    audit = done(grant(admin, helper, effect="audit"), 201).json()["id"]
    done(join(admin, helper, group), 201)
    shorter = {"subject": subject(helper), "action": "read_weather", "effect": "audit",
               "expires_at": in_seconds(60)}
    for refused in (helper.delete(f"/grants/{audit}"),
                    helper.delete(f"{helper.path}/permissions/read_weather?effect=audit"),
                    helper.delete(f"{group}/permissions/read_weather?effect=audit"),
                    put(helper, f"/grants/{audit}", shorter),
                    leave(helper, helper, group),
                    join(helper, helper, group, expires_at=in_seconds(60)),
                    helper.delete(group)):
        problem(refused, 403, "permission_denied")
    done(grant(admin, other, effect="audit"), 201)
    done(helper.delete(f"{other.path}/permissions/read_weather?effect=audit"), 204)
    done(admin.delete(f"/grants/{audit}"), 204)
    done(leave(admin, helper, group), 204)


def test_nobody_takes_administration_away_by_way_of_grants_or_roles(server, admin):
    helper = server.register_with("agentauth:roles:write", "agentauth:grants:write")
    group, chief = role_with(admin, "agentauth:*", kind="groups"), server.register()
    done(join(admin, chief, group), 201)
    problem(helper.delete(f"{group}/permissions/agentauth:*"), 403, "permission_denied")
    (grant_of_group,) = admin.get(f"{group}/permissions").json()["items"]
    (grant_of_admin,) = admin.get(f"{admin.path}/permissions").json()["items"]
    for row in (grant_of_group, grant_of_admin):
        problem(helper.delete(f"/grants/{row['id']}"), 403, "permission_denied")
        replaced = {"subject": "user:nobody", "action": "agentauth:roles:write"}
        problem(put(helper, f"/grants/{row['id']}", replaced), 403, "permission_denied")
    problem(leave(helper, chief, group), 403, "permission_denied")
    assert chief.get("/agents").status_code == 200


@pytest.mark.parametrize("terms", [
    {}, {"when": "1 == 2"}, {"resource": "no:thing"}, {"not_before": "2999-01-01T00:00:00Z"},
], ids=["plain", "never", "nowhere", "later"])
def test_nobody_locks_an_administrator_out_by_a_deny(server, admin, terms):
    mallory = server.register_with("agentauth:grants:write", "agentauth:roles:write",
                                   "agentauth:policy:write", "agentauth:agents:read")
    deny = {"action": "agentauth:agents:read", "effect": "deny", **terms}
    trap, ready = role_with(mallory), role_with(admin, "agentauth:agents:read", effect="deny",
                                                **terms)
    for whom in (subject(admin), "agent:*", principal(trap)):
        problem(put(mallory, f"/grants/{uuid.uuid4()}", {"subject": whom, **deny}), 403,
                "permission_denied")
    problem(mallory.post(f"{trap}/permissions", {"permission": deny["action"],
                                                 "effect": "deny", **terms}),
            403, "permission_denied")
    problem(join(mallory, admin, ready), 403, "permission_denied")
    done(join(mallory, admin, trap), 201)
    problem(join(mallory, principal(trap), ready), 403, "permission_denied")
    problem(put(mallory, "/policy?keep=true", {"grants": [{"subject": subject(admin), **deny}]}),
            403, "permission_denied")
    assert admin.get("/agents").status_code == 200
    done(grant(admin, server.register(), "whatever"), 201)


def test_the_last_administrator_stays(launch):
    server = launch()
    admin = server.administrator()
    own = {"subject": subject(admin), "action": "agentauth:keys:write", "effect": "deny"}
    role = role_with(admin, "agentauth:keys:write", effect="deny")
    for refused in (put(admin, f"/grants/{uuid.uuid4()}", own), join(admin, admin, role),
                    put(admin, "/policy?keep=true", {"grants": [own]}),
                    put(admin, "/policy?dry_run=true", {"grants": []}),
                    admin.delete(f"{admin.path}/permissions/agentauth:*")):
        problem(refused, 409, "conflict")
    other = server.register_with("agentauth:*")
    done(admin.delete(f"{admin.path}/permissions/agentauth:*"), 204)
    assert other.get("/agents").status_code == 200


def test_a_suspended_agent_has_no_roles(server, admin):
    agent, role = server.register(), role_with(admin, "read_weather")
    done(join(admin, agent, role), 201)
    assert status(agent) == 200
    done(admin.post(f"{agent.path}/suspend"))
    assert status(agent) == 401
    done(admin.post(f"{agent.path}/resume"))
    assert status(agent) == 200


# The record.


def test_every_change_is_on_record_with_who_and_what(server, admin):
    agent, role = server.register(), f"/roles/{unique('audited')}"
    member, name = subject(agent), principal(role)
    entity = f"/entities/record/{unique('e')}"
    grant_path = f"/grants/{uuid.uuid4()}"
    calls = [
        ("role.put", "principal", name, lambda: put(admin, role, {"about": "Watched"})),
        ("permission.grant", "permission", "read_weather",
         lambda: admin.post(f"{role}/permissions", {"permission": "read_weather"})),
        ("member.add", "principal", name, lambda: join(admin, agent, role)),
        ("member.remove", "principal", name, lambda: leave(admin, agent, role)),
        ("permission.revoke", "permission", "read_weather",
         lambda: admin.delete(f"{role}/permissions/read_weather")),
        ("role.delete", "principal", name, lambda: admin.delete(role)),
        ("permission.grant", "permission", "read_stock",
         lambda: put(admin, grant_path, {"subject": member, "action": "read_stock",
                                         "resource": "stock:acme"})),
        ("permission.revoke", "permission", "read_stock", lambda: admin.delete(grant_path)),
        ("entity.put", "entity", entity.replace("/entities/", "").replace("/", ":"),
         lambda: put(admin, entity, {"properties": {"a": 1}})),
        ("entity.delete", "entity", entity.replace("/entities/", "").replace("/", ":"),
         lambda: admin.delete(entity)),
    ]
    for action, kind, target, call in calls:
        done(call())
        event = events(admin, action=action)[-1]
        assert event["agent_id"] == admin.agent_id
        assert (event["target_type"], event["target_id"]) == (kind, target), event
        assert event["outcome"] == "success"
        if action.startswith("member"):
            assert event["detail"] == member
        if action.startswith("permission"):
            assert event["detail"] in (name, member)


def test_a_refused_change_is_on_record_too(server, admin):
    helper, role = server.register_with("agentauth:roles:write"), role_with(admin, "read_weather")
    problem(join(helper, helper, role), 403, "permission_denied")
    wait_until(lambda: events(admin, agent=helper.agent_id, action="member.add"))
    (event,) = events(admin, agent=helper.agent_id, action="member.add")
    assert (event["outcome"], event["agent_id"]) == ("denied", helper.agent_id)


def test_what_an_audit_grant_matches_is_on_record_whether_allowed_or_not(server, admin):
    agent = server.register()
    done(grant(admin, agent, effect="audit"), 201)
    assert status(agent) == 403
    done(grant(admin, agent), 201)
    assert status(agent) == 200
    wait_until(lambda: len([e for e in events(admin, agent=agent.agent_id)
                            if e.get("reason") == "audit_grant"]) >= 2)
    outcomes = [e["outcome"] for e in events(admin, agent=agent.agent_id)
                if e.get("reason") == "audit_grant"]
    assert outcomes == ["denied", "success"]
