"""Why a decision is what it is, and what it would be."""

from harness.authzen import ALICE, BOB, READ, WRITE, question, record
from harness.problems import problem


def explain(agent, *asked) -> dict:
    answer = agent.post("/access/v1/explain", question(*asked))
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_explanation_names_the_way_to_the_grant(pep):
    told = explain(pep, BOB, WRITE, record(2))
    assert (told["decision"], told["reason"]) == (True, "granted")
    assert told["path"] == ["user:bob", "role:admin"]
    assert told["grants"][0]["id"] == "5e1f0a3c-0004-4000-8000-000000000004"
    assert told["memberships"] == [{"member": "user:bob", "of": "role:admin", "expires_at": None}]
    assert told["nearest_miss"] is None


def test_an_explanation_says_what_is_missing(server, admin, pep):
    told = explain(pep, ALICE, WRITE, record(2))
    (only,) = told["considered"]
    assert only["outcome"] == "condition_false"
    assert only["detail"] == 'resource.properties.status == "active" is false: "archived"'
    assert told["nearest_miss"]["message"].endswith(only["detail"])
    carol = {"type": "user", "id": "carol-without-roles"}
    told = explain(pep, carol, WRITE, record(2))
    # Its condition asks for a role that carol does not have, so not even membership would do.
    assert told["nearest_miss"] is None
    admin.call("PUT", "/roles/weather_reader", json={})
    admin.post("/roles/weather_reader/permissions", {"permission": "read_weather"})
    told = explain(pep, carol, {"name": "read_weather"}, record(2))
    assert told["nearest_miss"]["message"] == (
        "role:weather_reader would allow: user:carol-without-roles is not a member")
    # Who asks about itself is not told which roles there are.
    agent = server.register()
    told = explain(agent, {"type": "agent", "id": agent.agent_id}, {"name": "read_weather"},
                   record(2))
    assert (told["reason"], told["nearest_miss"]) == ("not_granted", None)


def test_an_explanation_shows_a_plain_permission_with_its_id(server, admin, pep):
    agent = server.register()
    row = admin.grant(agent, "read").json()
    told = explain(pep, {"type": "agent", "id": agent.agent_id}, READ, record(1))
    assert [grant["id"] for grant in told["grants"]] == [row["id"]]
    assert told["path"] == [f"agent:{agent.agent_id}"]


def test_an_explanation_may_be_about_nothing_in_particular(pep):
    answer = pep.post("/access/v1/explain", {"subject": ALICE, "action": READ})
    assert (answer.json()["decision"], answer.json()["considered"][0]["outcome"]) == (
        False, "other_resource")


def test_a_simulation_shows_both_sides_and_changes_nothing(server, admin, pep):
    agent = server.register()
    row = admin.grant(agent, "read").json()
    admin.call("PUT", "/roles/erins", json={})
    admin.post("/roles/erins/permissions", {"permission": "do_erins_work"})
    itself = {"type": "agent", "id": agent.agent_id}
    body = {"change": {
        "grants": {"add": [{"subject": "user:dave", "action": "never_heard_of",
                            "resource": "record:*"}],
                   "remove": [row["id"], "5e1f0a3c-0003-4000-8000-000000000003"]},
        "members": {"add": [{"member": "user:alice", "of": "role:admin"},
                            {"member": "user:erin", "of": "role:erins"}],
                    "remove": [{"member": "user:bob", "of": "role:admin"}]}},
        "evaluations": [
            question({"type": "user", "id": "dave"}, {"name": "never_heard_of"}, record(1)),
            question(itself, READ, record(1)),
            question(ALICE, WRITE, record(1)),
            question(BOB, WRITE, record(2)),
            question(BOB, READ, record(1)),
            question({"type": "user", "id": "erin"}, {"name": "do_erins_work"}, record(1)),
            {}]}
    for _ in range(2):
        answer = pep.post("/access/v1/simulate", body)
        assert answer.status_code == 200, answer.text
        *told, bad = answer.json()["evaluations"]
        assert [(item["before"]["decision"], item["after"]["decision"]) for item in told] == [
            (False, True), (True, False), (True, False), (True, False), (True, True),
            (False, True)]
        assert bad == {"error": {"status": 400, "message": "subject is required"}}
    missing = {"change": {"members": {"add": [{"member": "user:alice", "of": "role:none"}]}},
               "evaluations": body["evaluations"][:1]}
    wrong = problem(pep.post("/access/v1/simulate", missing), 422, "invalid_argument")
    assert wrong["errors"] == [{"field": "change.members.add[0]",
                                "message": "There is no role:none"}]


def test_a_simulated_membership_is_refused_over_the_bounds_of_a_real_one(server, admin, pep):
    agent = server.register()
    name = f"agent:{agent.agent_id}"
    levels = [f"bounds-level-{i}" for i in range(18)]
    members = {"bounds-mid": ["role:bounds-low"], "bounds-low": [name, "robot:r2"],
               "bounds-a": [name, "robot:r2"], "bounds-last": []}
    members |= {one: [] for one in levels}
    members |= {levels[i + 1]: [f"role:{levels[i]}"] for i in range(16)}
    for one in "abcde":  # each in 60 others
        members.setdefault(f"bounds-{one}", [])
        members |= {f"bounds-{one}-{i}": [f"role:bounds-{one}"] for i in range(60)}
    applied = admin.call("PUT", "/policy?keep=true", json={
        "roles": [{"name": role, "members": those} for role, those in members.items()]})
    assert applied.status_code == 200, applied.text

    def simulate(*joins):
        add = [{"member": member, "of": of} for member, of in joins]
        return pep.post("/access/v1/simulate", {
            "change": {"members": {"add": add}},
            "evaluations": [question(ALICE, READ, record(1))]})

    def refused(*joins):
        """At the last of them, as it is when they are written."""
        (wrong,) = problem(simulate(*joins), 422, "invalid_argument")["errors"]
        assert wrong["field"] == f"change.members.add[{len(joins) - 1}]"
        *before, last = [admin.call("PUT", f"/roles/{of.removeprefix('role:')}/members/{member}",
                                    json={}) for member, of in joins]
        assert all(answer.status_code == 201 for answer in before)
        assert problem(last, 409, "conflict")["detail"] == wrong["message"]
        return wrong["message"]

    assert simulate((name, f"role:{levels[0]}")).status_code == 200, "an agent is no level"
    assert refused(("robot:r3", f"role:{levels[0]}"),
                   ("role:bounds-last", f"role:{levels[0]}")) == (
        "Levels of nested roles and groups are at most 16")
    # Those below are in low, mid and a with its 60.
    wide = [("role:bounds-mid", f"role:bounds-{one}") for one in "bcde"]
    assert simulate(*wide[:3]).status_code == 200
    assert refused(*wide) == (
        "Roles and groups that one is a member of, by others too, are at most 254")


def test_an_agent_simulates_its_own_grants_and_learns_nothing_else(server, admin, scenario):
    agent = server.register()
    row = admin.grant(agent, "read").json()
    name = f"agent:{agent.agent_id}"
    itself = question({"type": "agent", "id": agent.agent_id}, READ, record(1))
    simulate = lambda change, asked=itself: agent.post(
        "/access/v1/simulate", {"change": change, "evaluations": [asked]})
    (told,) = simulate({"grants": {"remove": [row["id"]]}}).json()["evaluations"]
    assert (told["before"]["decision"], told["after"]["decision"]) == (True, False)
    for change in ({"members": {"add": [{"member": name, "of": "role:admin"}]}},
                   {"members": {"remove": [{"member": "user:bob", "of": "role:admin"}]}},
                   {"grants": {"add": [{"subject": "user:bob", "action": "read"}]}},
                   {"grants": {"add": [{"subject": name, "action": "fly",
                                        "when": "resource.properties.status == 'active'"}]}}):
        problem(simulate(change), 403, "permission_denied")
    problem(simulate({}, question(ALICE, READ, record(1))), 403, "permission_denied")
    foreign = simulate({"grants": {"remove": ["5e1f0a3c-0003-4000-8000-000000000003"]}})
    missing = simulate({"grants": {"remove": ["5e1f0a3c-9999-4000-8000-000000000003"]}})
    for answer in (foreign, missing):
        assert problem(answer, 422, "invalid_argument")["errors"][0]["field"] == (
            "change.grants.remove[0]")
