"""Questions of the AuthZEN Authorization API 1.0, about what its certification scenario knows."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
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


def decided(answer) -> bool:
    assert answer.status_code == 200, answer.text
    return answer.json()["decision"]


def decisions(answer) -> list:
    assert answer.status_code == 200, answer.text
    return [item["decision"] for item in answer.json()["evaluations"]]
