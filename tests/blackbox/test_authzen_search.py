"""The searches of the OpenID AuthZEN Authorization API 1.0."""

from harness.authzen import ADMIN_BOB, ALICE, EVALUATION, READ, WRITE, decided, question, record
from harness.problems import problem


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


def test_who_may_not_evaluate_searches_for_itself_alone(server, admin, scenario):
    agent = server.register_with("read")
    itself = {"type": "agent", "id": agent.agent_id}
    assert "read" in search(agent, "action", {"subject": itself, "resource": record(1)})
    assert search(agent, "resource", question(itself, READ, {"type": "record"})) == [
        "record-1", "record-2"]
    for what, body in (("subject", question({"type": "user"}, READ, record(1))),
                       ("resource", question(ALICE, READ, {"type": "record"})),
                       ("action", {"subject": ALICE, "resource": record(1)})):
        problem(agent.post(f"/access/v1/search/{what}", body), 403, "permission_denied")
