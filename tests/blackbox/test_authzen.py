"""The OpenID AuthZEN Authorization API 1.0: the scenario of its certification, then our own."""

import json
import re
import subprocess
import uuid

import pytest

from harness.authzen import (
    ADMIN_BOB, ALICE, BOB, DELETE, EVALUATION, EVALUATIONS, READ, REPOSITORY, WRITE, decided,
    decisions, question, record, soft)
from harness.problems import problem
from harness.server import wait_until


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


def test_an_agent_may_ask_about_itself_and_nobody_else(server, scenario):
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
