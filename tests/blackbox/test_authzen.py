"""The OpenID AuthZEN Authorization API 1.0: the scenario of its certification, then our own."""

import json
import re
import subprocess
import uuid
from pathlib import Path

import pytest

from harness.problems import problem
from harness.server import wait_until

REPOSITORY = Path(__file__).parents[2]
POLICY = REPOSITORY / "deploy/policies/authzen-certification.json"
EVALUATION, EVALUATIONS = "/access/v1/evaluation", "/access/v1/evaluations"
ALICE, BOB = {"type": "user", "id": "alice"}, {"type": "user", "id": "bob"}
ADMIN_BOB = {**BOB, "properties": {"role": "admin"}}
READ, WRITE, DELETE = {"name": "read"}, {"name": "write"}, {"name": "delete"}


def record(number: int, status=None) -> dict:
    one = {"type": "record", "id": f"record-{number}"}
    return {**one, "properties": {"status": status}} if status else one


def question(subject, action, resource, **more) -> dict:
    return {"subject": subject, "action": action, "resource": resource, **more}


def soft(value: bool) -> dict:
    return {**DELETE, "properties": {"soft": value}}


@pytest.fixture
def policy(server, admin):
    for request in json.loads(POLICY.read_text())["requests"]:
        answer = admin.call(request["method"], request["path"], json=request["body"])
        assert answer.status_code in (200, 201), answer.text


@pytest.fixture
def pep(server, policy):
    """An enforcement point whose word counts."""
    return server.register_with("agentauth:access:evaluate", "agentauth:access:assert")


def decided(answer) -> bool:
    assert answer.status_code == 200, answer.text
    return answer.json()["decision"]


def decisions(answer) -> list:
    assert answer.status_code == 200, answer.text
    return [item["decision"] for item in answer.json()["evaluations"]]


@pytest.mark.parametrize(("subject", "action", "resource", "expected"), [
    (ALICE, READ, record(1), True),
    (BOB, READ, record(1), True),
    (ALICE, WRITE, record(1), True),
    (ALICE, WRITE, record(1, "active"), True),
    (BOB, WRITE, record(1), False),
    (ALICE, WRITE, record(2), False),
    (ALICE, WRITE, record(2, "archived"), False),
    (ADMIN_BOB, WRITE, record(2, "archived"), True),
    (ALICE, soft(True), record(1), True),
    (ALICE, soft(False), record(1), False),
    (ALICE, DELETE, record(1), False),
    ({"type": "user", "id": "nobody"}, READ, record(1), False),
    ({"type": "spaceship", "id": "alice"}, READ, record(1), False),
    (ALICE, {"name": "fly"}, record(1), False),
])
def test_the_certification_scenario(pep, subject, action, resource, expected):
    body = question(subject, action, resource)
    assert decided(pep.post(EVALUATION, body)) is expected
    assert decisions(pep.post(EVALUATIONS, {"evaluations": [body]})) == [expected]


def test_an_answer_says_what_it_rests_on(pep):
    answer = pep.post(EVALUATION, question(ALICE, READ, record(1)))
    assert answer.json()["context"]["reason"] == "granted"
    assert answer.json()["context"]["grants"] == ["5e1f0a3c-0001-4000-8000-000000000001"]
    assert answer.json()["context"]["revision"] > 0
    assert answer.headers["Content-Type"] == "application/json"


def test_an_answer_names_the_plain_permission_that_allowed(server, pep):
    agent = server.register_with("metrics:*")
    subject = {"type": "agent", "id": agent.agent_id}
    for action, permission in (("metrics:cpu", "metrics:*"), ("read", None)):
        body = question(subject, {"name": action}, record(1))
        context = pep.post(EVALUATION, body).json()["context"]
        assert (context["grants"], context.get("permission")) == ([], permission)


def test_items_take_what_they_do_not_say_from_the_request(pep):
    body = question(ALICE, WRITE, record(1, "active"), evaluations=[
        {}, {"resource": record(2, "archived")}, {"subject": BOB}, {"action": READ},
        {"subject": ADMIN_BOB, "resource": record(2)}])
    assert decisions(pep.post(EVALUATIONS, body)) == [True, False, False, True, True]


def test_items_take_required_members_that_they_lack_from_the_request(pep):
    body = question(ALICE, WRITE, {"type": "record", "properties": {"status": "archived"}},
                    evaluations=[
                        {"resource": {"id": "record-1", "properties": {"status": "active"}}},
                        {"resource": record(2, "archived")},
                        {"resource": {"id": "record-1"}, "subject": {"id": "bob"}, "action": READ},
                        {"action": {"properties": {"soft": True}}}])
    answer = pep.post(EVALUATIONS, body)
    assert decisions(answer) == [True, False, True, False]
    assert answer.json()["evaluations"][3]["context"]["error"]["message"] == "resource.id is required"


def test_semantics_end_the_evaluation_early(pep):
    items = [{"action": action} for action in (READ, {"name": "fly"}, WRITE)]
    for semantic, expected in (("execute_all", [True, False, True]),
                               ("deny_on_first_deny", [True, False]),
                               ("permit_on_first_permit", [True])):
        body = {"subject": ALICE, "resource": record(1), "evaluations": items,
                "options": {"evaluations_semantic": semantic}}
        assert decisions(pep.post(EVALUATIONS, body)) == expected
    body["options"] = {"evaluations_semantic": "guess"}
    problem(pep.post(EVALUATIONS, body), 400, "malformed_request")


def test_without_items_it_is_one_evaluation(pep):
    one = question(ALICE, READ, record(1))
    assert decided(pep.post(EVALUATIONS, one)) is True
    assert decided(pep.post(EVALUATIONS, {**one, "evaluations": []})) is True


def test_a_bad_item_is_that_items_error(pep):
    body = {"subject": ALICE, "action": READ, "evaluations": [{"resource": record(1)}, {}]}
    answer = pep.post(EVALUATIONS, body).json()["evaluations"]
    assert answer[0]["decision"] is True
    assert answer[1] == {"decision": False, "context": {
        "error": {"status": 400, "message": "resource is required"}}}


@pytest.mark.parametrize(("body", "detail"), [
    ({}, "subject is required"),
    (question({"type": "user"}, READ, record(1)), "subject.id is required"),
    (question({"type": 1, "id": "a"}, READ, record(1)), "subject.type must be a text"),
    (question(ALICE, {}, record(1)), "action.name is required"),
    (question(ALICE, READ, {"id": "1"}), "resource.type is required"),
    (question(ALICE, READ, record(1), context=[]), "context must be an object"),
])
def test_what_cannot_be_read_is_400(pep, body, detail):
    assert problem(pep.post(EVALUATION, body), 400, "malformed_request")["detail"] == detail


@pytest.mark.parametrize("path", ["evaluation", "evaluations", "search/subject",
                                  "search/resource", "search/action"])
@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", ""])
def test_another_content_type_is_400(pep, path, media_type):
    answer = pep.call("POST", f"/access/v1/{path}", data=json.dumps(question(ALICE, READ, record(1))),
                      headers={"Content-Type": media_type})
    problem(answer, 400, "malformed_request")


def test_unknown_fields_are_ignored(pep):
    body = question({**ALICE, "more": 1}, {**READ, "more": []}, record(1), more={}, extra=None)
    assert decided(pep.post(EVALUATION, body)) is True


def test_a_number_of_more_than_64_bits_is_the_nearest_double(admin, pep):
    grant = {"subject": "user:alice", "action": "count", "when": "context.a == 1e20"}
    assert admin.call("PUT", f"/grants/{uuid.uuid4()}", json=grant).status_code == 201
    for a, expected in ((10 ** 20, True), (10 ** 20 + 1, True), (-10 ** 20, False), (2 ** 64, False),
                        (-2 ** 63 - 1, False)):
        body = question(ALICE, {"name": "count"}, record(1), context={"a": a}, more=a)
        assert decided(pep.post(EVALUATION, body)) is expected, a
    text = json.dumps(question(ALICE, READ, record(1), context={"a": 0})).replace("0}", "1e400}")
    refused = problem(pep.call("POST", EVALUATION, data=text,
                               headers={"Content-Type": "application/json"}), 400,
                      "malformed_request")
    assert "the number is too large" in refused["detail"]


def test_the_request_id_comes_back(pep):
    for path in (EVALUATION, EVALUATIONS):
        answer = pep.post(path, question(ALICE, READ, record(1)),
                          headers={"X-Request-ID": "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"})
        assert answer.headers["X-Request-ID"] == "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"


def test_what_is_sent_counts_only_from_who_may_assert_and_never_against_what_is_stored(
        server, pep):
    evaluator = server.register_with("agentauth:access:evaluate")
    sent = question(ALICE, WRITE, record(3, "active"))
    assert decided(pep.post(EVALUATION, sent)) is True
    assert decided(evaluator.post(EVALUATION, sent)) is False
    assert decided(pep.post(EVALUATION, question(ALICE, WRITE, record(2, "active")))) is False


def test_an_agent_may_ask_about_itself_and_nobody_else(server, policy):
    agent, other = server.register_with("read"), server.register_with("read")
    about = lambda who: question({"type": "agent", "id": who}, READ, record(1))
    name = agent.get("/agents/me").json()["agent_name"]
    assert decided(agent.post(EVALUATION, about(agent.agent_id))) is True
    assert decided(agent.post(EVALUATION, about(name))) is True
    for body in (about(other.agent_id), about("no such name"), question(ALICE, READ, record(1))):
        problem(agent.post(EVALUATION, body), 403, "permission_denied")
        problem(agent.post(EVALUATIONS, {"evaluations": [body]}), 403, "permission_denied")
        problem(agent.post("/access/v1/explain", body), 403, "permission_denied")
    problem(server.post(EVALUATION, about(agent.agent_id)), 401, "unauthenticated")


def test_agents_go_by_ids_and_names(server, pep):
    agent = server.register_with("read", name="Reader of records")
    for who in (agent.agent_id, "Reader of records"):
        assert decided(pep.post(EVALUATION, question({"type": "agent", "id": who}, READ,
                                                     record(1)))) is True
    server.register(name="Reader of records")
    answer = pep.post(EVALUATION, question({"type": "agent", "id": "Reader of records"}, READ,
                                           record(1)))
    assert (decided(answer), answer.json()["context"]["reason"]) == (False, "agent_ambiguous")


def test_a_counted_grant_is_used_once_for_each_request_id(admin, pep):
    path = "/grants/5e1f0a3c-0006-4000-8000-000000000006"
    admin.delete(path)
    grant = {"subject": "user:carol", "action": "pay", "max_uses": 2}
    assert admin.call("PUT", path, json=grant).status_code == 201
    body = question({"type": "user", "id": "carol"}, {"name": "pay"}, record(1))
    pay = lambda request_id: pep.post(EVALUATION, body,
                                      headers={"X-Request-ID": request_id}).json()
    assert [pay(name)["decision"] for name in ("a", "a", "b", "c", "b")] == [
        True, True, True, False, True]
    assert pay("d")["context"]["reason"] == "uses_spent"


def test_the_same_question_in_one_batch_is_one_use(admin, pep):
    path = "/grants/5e1f0a3c-0007-4000-8000-000000000007"
    admin.delete(path)
    grant = {"subject": "user:dora", "action": "pay", "max_uses": 2}
    assert admin.call("PUT", path, json=grant).status_code == 201
    item = question({"type": "user", "id": "dora"}, {"name": "pay"}, record(1))
    pay = lambda request_id: decisions(pep.post(
        EVALUATIONS, {"evaluations": [item] * 3}, headers={"X-Request-ID": request_id}))
    assert [pay(name) for name in ("a", "a", "b", "c")] == [
        [True] * 3, [True] * 3, [True] * 3, [False] * 3]


# On record, and counted.

def denials(admin, **filters) -> list:
    answer = admin.get("/audit", params={"outcome": "denied", "limit": 1000, **filters})
    return answer.json()["items"][::-1]


def counted(server) -> dict:
    rows = re.findall(r'^agentauth_decisions_total\{entry="(\w+)",decision="(\w+)",'
                      r'reason="(\w+)"\} (\d+)$', server.get("/metrics").text, re.MULTILINE)
    return {row[:3]: int(row[3]) for row in rows}


def test_what_an_enforcement_point_denies_is_on_record_and_counted(server, admin, pep):
    agent = server.register()
    fly = {"name": "fly"}
    before = counted(server)
    pep.post(EVALUATION, question({"type": "agent", "id": agent.agent_id}, fly, record(1)))
    pep.post(EVALUATIONS, {"action": READ, "resource": record(1), "evaluations": [
        {"subject": ALICE}, {"subject": BOB, "action": fly}, {}]})
    wait_until(lambda: len(denials(admin, agent=pep.agent_id)) == 2)
    one, other = denials(admin, agent=pep.agent_id)
    assert denials(admin, agent=agent.agent_id) == [one]
    assert (one["on_behalf_of"], other["on_behalf_of"]) == (
        f"agent:{agent.agent_id}", "user:bob")
    assert (one["operation"], other["operation"]) == ("evaluateAccess", "evaluateAccesses")
    for event in (one, other):
        assert (event["action"], event["outcome"], event["reason"]) == (
            "request", "denied", "not_granted")
        assert (event["target_type"], event["target_id"], event["detail"]) == (
            "resource", "record:record-1", "fly")
    after = counted(server)
    added = {name: after[name] - before.get(name, 0) for name in after if name[0] == "evaluation"}
    assert added[("evaluation", "allow", "granted")] == 1
    assert added[("evaluation", "deny", "not_granted")] == 2
    assert added[("evaluation", "deny", "malformed")] == 1
    assert after[("route", "allow", "granted")] > before[("route", "allow", "granted")]
    exported = server.command_line("audit", "export", "--format", "ocsf").stdout
    lines = [json.loads(line) for line in exported.splitlines()]
    (line,) = [line for line in lines if line["unmapped"]["on_behalf_of"] ==
               f"agent:{agent.agent_id}"]
    assert line["resources"] == [{"type": "record", "name": "record:record-1"}]


def test_what_an_audit_grant_matches_is_on_record_with_whom_and_what(server, admin):
    point, person = server.register_with("agentauth:access:evaluate"), f"p{uuid.uuid4().hex}"
    grant = str(uuid.uuid4())
    answer = admin.call("PUT", f"/grants/{grant}", json={
        "subject": f"user:{person}", "action": "fly", "effect": "audit"})
    assert answer.status_code in (200, 201), answer.text
    asked = question({"type": "user", "id": person}, {"name": "fly"}, record(1))
    assert decided(point.post(EVALUATION, asked)) is False
    matched = lambda: [event for event in denials(admin, agent=point.agent_id)
                       if event["reason"] == "audit_grant"]
    wait_until(matched)
    (event,) = matched()
    assert (event["on_behalf_of"], event["target_type"], event["target_id"], event["detail"]) == (
        f"user:{person}", "resource", "record:record-1",
        f"permission=fly grants={grant} as_allow=granted")
    exported = server.command_line("audit", "export", "--format", "ocsf").stdout
    lines = [json.loads(line) for line in exported.splitlines()]
    (line,) = [line for line in lines if line["unmapped"]["on_behalf_of"] == f"user:{person}"
               and line["status_detail"] == "audit_grant"]
    assert line["class_uid"] == 6003
    assert line["resources"] == [{"type": "record", "name": "record:record-1"}]


def test_a_batch_of_denials_costs_no_more_than_the_budget(server, admin, pep):
    body = question(BOB, {"name": "fly"}, record(1), evaluations=[{}] * 1000)
    for _ in range(3):
        assert decisions(pep.post(EVALUATIONS, body)) == [False] * 1000
    dropped = lambda: sum(map(int, re.findall(r"^agentauth_audit_dropped_total\{.*\} (\d+)$",
                                              server.get("/metrics").text, re.MULTILINE)))
    wait_until(lambda: "agentauth_audit_queue_depth 0\n" in server.get("/metrics").text)
    assert dropped() >= 1500


def test_a_question_leaves_nothing_on_record(server, admin, pep):
    agent = server.register()
    itself = question({"type": "agent", "id": agent.agent_id}, {"name": "fly"}, record(1))
    assert decided(agent.post(EVALUATION, itself)) is False
    for path in ("explain", "simulate", "search/action"):
        body = {**itself, "evaluations": [itself]} if path == "simulate" else itself
        assert pep.post(f"/access/v1/{path}", body).status_code == 200
    assert decided(pep.post(EVALUATION, {**itself, "action": {"name": "swim"}})) is False
    wait_until(lambda: denials(admin, agent=agent.agent_id))
    assert [event["detail"] for event in denials(admin, agent=agent.agent_id)] == ["swim"]


# Search.

def search(agent, what: str, body: dict) -> list:
    answer = agent.post(f"/access/v1/search/{what}", body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["page"]["next_token"] == ""
    return [item.get("id", item.get("name")) for item in answer.json()["results"]]


def test_the_searches_of_the_certification_scenario(pep):
    users, records = {"type": "user"}, {"type": "record"}
    assert search(pep, "subject", question(users, READ, record(1))) == ["alice", "bob"]
    ignored = {"type": "user", "id": "does-not-filter"}
    assert search(pep, "subject", question(ignored, READ, record(1))) == ["alice", "bob"]
    assert search(pep, "subject", question(users, WRITE, record(2, "archived"))) == ["bob"]
    assert search(pep, "subject", question({"type": "spaceship"}, READ, record(1))) == []
    assert search(pep, "resource", question(ALICE, READ, records)) == ["record-1"]
    assert search(pep, "resource", question(ADMIN_BOB, WRITE, records)) == ["record-2"]
    assert search(pep, "action", {"subject": ALICE, "resource": record(1)}) == ["read", "write"]
    assert search(pep, "action", {"subject": ADMIN_BOB,
                                  "resource": record(2, "archived")}) == ["write"]
    nobody = {"type": "user", "id": "nobody"}
    assert search(pep, "action", {"subject": nobody, "resource": record(1)}) == []
    for what, body in (("subject", {"subject": users, "resource": record(1)}),
                       ("subject", question(users, READ, records)),
                       ("resource", question(users, READ, records)),
                       ("action", {"subject": users, "resource": record(1)})):
        problem(pep.post(f"/access/v1/search/{what}", body), 400, "malformed_request")


def pages(agent, body: dict, limit: int):
    token = ""
    while True:
        answer = agent.post("/access/v1/search/subject",
                            {**body, "page": {"token": token, "limit": limit}}).json()
        yield answer
        token = answer["page"]["next_token"]
        if not token:
            return


def test_pages_hold_everything_once_and_agree_with_evaluations(server, admin, pep):
    agents = [server.register() for _ in range(7)]
    for agent in agents[::2]:
        admin.grant(agent, "turn_pages")
    admin.post(f"{agents[0].path}/suspend")
    body = question({"type": "agent"}, {"name": "turn_pages"}, record(1))
    expected = sorted(agent.agent_id for agent in agents[2::2])
    # Administrators may do anything with "agentauth:*" only: they are not among them.
    for limit in (1, 2, 1000):
        found = [item for page in pages(pep, body, limit) for item in page["results"]]
        assert [item["id"] for item in found] == expected
    for item in found:
        assert decided(pep.post(EVALUATION, {**body, "subject": item})) is True


def test_a_page_token_belongs_to_its_query_and_cannot_be_made(server, admin, pep):
    body = question({"type": "user"}, READ, record(1))
    first = pep.post("/access/v1/search/subject", {**body, "page": {"limit": 1}}).json()
    token = first["page"]["next_token"]
    assert token and "alice" not in token

    def turn(what, body, token):
        return pep.post(f"/access/v1/search/{what}", {**body, "page": {"token": token}})

    assert [item["id"] for item in turn("subject", body, token).json()["results"]] == ["bob"]
    for limit in (0, 1001):
        problem(pep.post("/access/v1/search/subject", {**body, "page": {"limit": limit}}), 400,
                "malformed_request")
    changed = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]
    for what, other, wrong in (("subject", question({"type": "user"}, WRITE, record(1)), token),
                               ("resource", question(ALICE, READ, {"type": "record"}), token),
                               ("subject", body, changed), ("subject", body, "x"),
                               ("subject", body, "YWxpY2U")):
        problem(turn(what, other, wrong), 400, "malformed_request")


def test_who_may_not_evaluate_searches_for_itself_alone(server, admin, policy):
    agent = server.register_with("read")
    itself = {"type": "agent", "id": agent.agent_id}
    assert "read" in search(agent, "action", {"subject": itself, "resource": record(1)})
    assert search(agent, "resource", question(itself, READ, {"type": "record"})) == [
        "record-1", "record-2"]
    for what, body in (("subject", question({"type": "user"}, READ, record(1))),
                       ("resource", question(ALICE, READ, {"type": "record"})),
                       ("action", {"subject": ALICE, "resource": record(1)})):
        problem(agent.post(f"/access/v1/search/{what}", body), 403, "permission_denied")


# Why, and what if.

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


def test_an_agent_simulates_its_own_grants_and_learns_nothing_else(server, admin, policy):
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


# Discovery, and the page about it all.

def test_the_configuration_names_every_endpoint(server):
    answer = server.get("/.well-known/authzen-configuration")
    assert answer.json() == {
        "policy_decision_point": server.url,
        "access_evaluation_endpoint": f"{server.url}/access/v1/evaluation",
        "access_evaluations_endpoint": f"{server.url}/access/v1/evaluations",
        "search_subject_endpoint": f"{server.url}/access/v1/search/subject",
        "search_resource_endpoint": f"{server.url}/access/v1/search/resource",
        "search_action_endpoint": f"{server.url}/access/v1/search/action"}


def test_an_issuer_that_is_an_address_is_the_decision_point(sqlite_launch):
    server = sqlite_launch("--issuer", "https://auth.example.com/")
    document = server.get("/.well-known/authzen-configuration").json()
    assert document["policy_decision_point"] == "https://auth.example.com"


def test_the_commands_of_the_guide_do_what_they_say(server, admin):
    text = (REPOSITORY / "docs/guide/authzen.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```\n(?:\n```json\n(.*?)```)?", text, re.DOTALL)
    assert len(blocks) > 2
    environment = {"SERVER": server.url, "TOKEN": admin.token, "PATH": "/usr/bin:/bin"}
    for command, expected in blocks:
        result = subprocess.run(["bash", "-ec", command], cwd=REPOSITORY, env=environment,
                                capture_output=True, text=True, timeout=60, check=False)
        assert result.returncode == 0, result.stderr
        if expected:
            told = json.loads(result.stdout)
            if isinstance(told, dict):
                told.get("context", told).pop("revision", None)
            assert told == json.loads(expected), command


def test_a_thousand_questions_that_say_much_are_one_batch(server, admin):
    point = server.register_with("agentauth:access:evaluate")
    item = {"subject": {"type": "user", "id": "alice"}, "action": {"name": "read"},
            "resource": {"type": "document", "id": "d" * 256}, "context": {"why": "w" * 64}}
    batch = {"evaluations": [item] * 1000}
    assert len(json.dumps(batch)) > 400_000
    answer = point.post(EVALUATIONS, batch)
    assert answer.status_code == 200 and len(answer.json()["evaluations"]) == 1000
    problem(server.register().post(EVALUATIONS, batch), 413, "payload_too_large")
