"""Checks that an error is told the way the whole API tells errors (RFC 9457)."""

MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}


def problem(answer, status: int, code: str = None) -> dict:
    """Asserts that `answer` (of requests, or a RawResponse) is this problem; returns it."""
    found = getattr(answer, "status_code", None) or answer.status
    text = getattr(answer, "text", None) or answer.body
    assert found == status, f"expected {status}, got {found}: {text}"
    assert _header(answer, "Content-Type").split(";")[0] == "application/problem+json"
    body = answer.json()
    assert MEMBERS <= set(body), f"missing {MEMBERS - set(body)}"
    assert body["status"] == status
    assert body["request_id"] == _header(answer, "X-Request-ID")
    for member in ("type", "title", "detail", "code"):
        assert isinstance(body[member], str) and body[member], member
    assert code in (None, body["code"]), f"expected code {code}, got {body['code']}"
    if status == 401:
        assert _header(answer, "WWW-Authenticate").startswith('Bearer realm="')
    if status == 503:
        assert int(_header(answer, "Retry-After")) >= 0
    return body


def fields(body: dict) -> set:
    """The fields that a problem of code invalid_argument complains about."""
    for error in body["errors"]:
        assert set(error) == {"field", "message"} and error["message"]
    return {error["field"] for error in body["errors"]}


def _header(answer, name: str) -> str:
    value = answer.header(name) if hasattr(answer, "header") else answer.headers.get(name)
    assert value is not None, f"no header {name}"
    return value
