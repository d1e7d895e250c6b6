"""What must not work: every class of failure that happened to a system of this kind, in short.

docs/security-cases.md says which tests, here and beside the code, hold each of them off.
"""

import random
import re
import sqlite3
import statistics
import time
import uuid
from pathlib import Path

import pytest

from harness import api_keys
from harness.binary import REPOSITORY
from harness.problems import problem
from harness.raw import RawConnection, raw_call, request
from harness.tokens import SECRET, claims, header, sign

WRONG_HEX = str.maketrans("0123456789abcdef", "123456789abcdef0")


@pytest.fixture(scope="module")
def module_options():
    return "--signing-secret", SECRET


def weather(server, token) -> int:
    return server.get("/data/weather", token=token).status_code


def test_the_algorithm_belongs_to_the_key(server):
    who = claims(server.register_with("read_weather"))
    assert weather(server, sign(header(), who)) == 200
    unsigned = sign(header(alg="none"), who).rsplit(".", 1)[0] + "."
    for token in (unsigned, sign(header(alg="none"), who), sign(header(alg="hs256"), who),
                  sign(header(alg="RS256"), who), sign(header(), who, secret=""),
                  sign(header(kid=""), who, secret="")):
        assert weather(server, token) == 401


def test_audience_issuer_and_type_are_required_and_exact(server):
    agent = server.register_with("read_weather")
    for change in ({"aud": None}, {"aud": []}, {"aud": "agentaut"}, {"aud": ["agentauthx"]},
                   {"iss": None}, {"iss": "agentauth/"}):
        assert weather(server, sign(header(), claims(agent, **change))) == 401
    for typ in (None, "JWT", "refresh+jwt"):
        assert weather(server, sign(header(typ=typ), claims(agent))) == 401


def test_expiry_is_required_and_cannot_be_stretched(server):
    agent, now = server.register_with("read_weather"), int(time.time())
    for change in ({"exp": None}, {"exp": now - 120}, {"exp": now + 10**9}, {"exp": 10**18},
                   {"exp": "9999999999"}, {"iat": None}):
        assert weather(server, sign(header(), claims(agent, **change))) == 401


def test_a_suspended_agent_neither_gets_nor_uses_tokens(server, admin):
    agent = server.register_with("read_weather")
    for _ in range(3):  # remembered by every cache there may be
        assert weather(server, agent.token) == 200
        agent.login()
    admin.post(f"{agent.path}/suspend")
    assert weather(server, agent.token) == 401
    assert server.login(agent.api_key).status_code == 401


def test_a_revocation_that_was_not_stored_is_not_called_done(sqlite_launch):
    server = sqlite_launch()
    admin, agent = server.administrator(), server.register_with("read_weather")
    (key,) = admin.keys_of(agent)
    assert agent.token
    lock = sqlite3.connect(server.data_dir / "agentauth.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    problem(admin.delete(f"{agent.path}/keys/{key['key_id']}"), 503, "unavailable")
    problem(admin.delete(f"{agent.path}/permissions/read_weather"), 503, "unavailable")
    lock.execute("ROLLBACK")
    lock.close()
    assert server.login(agent.api_key).status_code == 200, "refused as failed, done all the same"
    assert admin.delete(f"{agent.path}/keys/{key['key_id']}").status_code == 204
    assert server.login(agent.api_key).status_code == 401


def test_a_verified_key_vouches_for_no_other(server, admin):
    agent = server.register()
    for _ in range(3):
        assert server.login(agent.api_key).status_code == 200  # remembered from here on
    kid, secret, _ = api_keys.parts(agent.api_key)
    for other in (secret[:-1] + secret[-1].translate(WRONG_HEX), secret.upper(), secret[::-1],
                  secret[0].translate(WRONG_HEX) + secret[1:]):
        if other != secret:
            assert server.login(api_keys.assemble(kid, other)).status_code == 401
    swapped = kid.swapcase()
    assert server.login(api_keys.assemble(swapped, secret)).status_code == 401
    (key,) = admin.keys_of(agent)
    admin.delete(f"{agent.path}/keys/{key['key_id']}")
    assert server.login(agent.api_key).status_code == 401, "the decision was remembered"


def test_a_remembered_key_ends_at_its_time(server):
    agent = server.register()
    brief = agent.post(f"{agent.path}/keys", {"expires_in": 2}).json()["api_key"]
    assert server.login(brief).status_code == 200
    time.sleep(2.1)
    assert server.login(brief).status_code == 401


def test_a_key_shown_once_is_not_shown_again_on_repetition(server):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"agent_name": "Once", "owner_email": "once@example.com"}
    first = server.post("/agents/register", body, headers=headers).json()
    again = server.post("/agents/register", body, headers=headers)
    problem(again, 409, "already_created")
    assert "api_key" not in again.json() and first["api_key"] not in again.text


def test_what_is_too_large_to_check_is_refused(server):
    token = server.register_with("read_weather").token
    for line in (f"Authorization: Bearer {token}{'.' * 9000}", f"Authorization: Bearer {'a' * 9000}"):
        answer = raw_call(server, request("GET", "/data/weather", line))
        assert answer is None or answer.status in (400, 401, 431)
    answer = server.post("/auth/login", {"api_key": "aa_" + "x" * 60_000})
    assert answer.status_code in (401, 422)


def test_a_key_belongs_to_the_agent_of_the_path(server, admin):
    agent, victim = server.register(), server.register_with("read_weather")
    problem(agent.post(f"{victim.path}/keys", {}), 403, "permission_denied")
    problem(agent.post(f"{agent.path}/keys", {"agent_id": victim.agent_id}), 400)
    made = agent.post(f"{agent.path}/keys", {}).json()["api_key"]
    token = server.login(made).json()["access_token"]
    assert server.get("/agents/me", token=token).json()["agent_id"] == agent.agent_id
    assert len(admin.keys_of(victim)) == 1


def test_no_field_makes_an_administrator(server):
    body = {"agent_name": "Riser", "owner_email": "riser@example.com"}
    for extra in ({"permissions": ["agentauth:*"]}, {"permission": "agentauth:*"}, {"admin": True},
                  {"role": "admin"}, {"is_admin": 1}, {"status": "active"}):
        problem(server.post("/agents/register", {**body, **extra}), 400, "malformed_request")


def test_nobody_rises_by_passing_permissions_round(server, admin):
    one, two = (server.register_with("agentauth:permissions:write", "agentauth:keys:write")
                for _ in range(2))
    for by, to in ((one, two), (two, one), (one, one)):
        for permission in ("agentauth:*", "*", "agentauth:permissions:*", "read_weather"):
            problem(by.post(f"{to.path}/permissions", {"permission": permission}), 403)
    problem(one.post(f"{admin.path}/keys", {}), 403, "permission_denied")
    assert admin.permissions_of(one) == admin.permissions_of(two)


@pytest.mark.parametrize("line", [
    "X-Forwarded-For: 203.0.113.77", "X_Forwarded_For: 203.0.113.77", "X-Real-IP: 203.0.113.77",
    "Forwarded: for=203.0.113.77", "X-Forwarded-For: 127.0.0.1, 203.0.113.77",
])
def test_the_address_a_stranger_claims_is_not_believed(server, line):
    raw_call(server, request("POST", "/auth/login", line, body={"api_key": "nonsense"}))
    assert "203.0.113.77" not in server.stderr()


def test_a_path_has_one_spelling(server):
    token = server.register_with("read_stock").token
    for path in ("/data/stock/../weather", "/data/stock/%2e%2e/weather", "/data/stock%2f..%2fweather",
                 "/data/stock;/../weather", "//data/weather", "/data/stock/..;/weather"):
        answer = raw_call(server, request("GET", path, f"Authorization: Bearer {token}"))
        assert answer.status in (400, 403, 404), path


def test_unknown_and_wrong_look_and_last_the_same(server):
    agent = server.register()
    took = {"unknown": [], "wrong": []}
    for _ in range(100):
        for name, key in (("unknown", api_keys.unknown()),
                          ("wrong", api_keys.wrong_secret(agent.api_key))):
            begin = time.perf_counter()
            assert server.login(key).status_code == 401
            took[name].append(time.perf_counter() - begin)
    medians = [statistics.median(times) for times in took.values()]
    assert abs(medians[0] - medians[1]) < 0.002, "milliseconds would be a bcrypt, or a database"


def test_a_cursor_cannot_be_carried_to_another_list(server, admin):
    agent = server.register_with("a", "b")
    cursor = admin.get(f"{agent.path}/permissions", params={"limit": 1}).json()["next_cursor"]
    problem(admin.get("/agents", params={"cursor": cursor}), 400, "malformed_request")
    problem(admin.get(f"{admin.path}/permissions", params={"cursor": cursor}), 400)


def test_a_secret_in_the_wrong_place_is_not_logged(server):
    key = server.register().api_key
    secret = api_keys.parts(key)[1]
    server.get(f"/data/weather?api_key={key}")
    server.get(f"/agents/{key}")
    server.get("/healthz", headers={"User-Agent": key, "Referer": key})
    server.call("POST", "/auth/login", data=f'{{"api_key":"{key}"')
    assert secret not in server.stderr()


def test_deep_and_large_input_costs_no_memory(server):
    def resident():
        statm = Path(f"/proc/{server.process.pid}/statm").read_text()
        return int(statm.split()[1]) * 4096

    before = resident()
    for body in (b"[" * 60_000, b'{"a":' * 12_000, b'"' + b"\\u0041" * 10_000 + b'"',
                 b"{" + b",".join(b'"k%d":1' % n for n in range(5000)) + b"}"):
        for _ in range(20):
            answer = server.call("POST", "/agents/register", data=body,
                                 headers={"Content-Type": "application/json"})
            assert answer.status_code in (400, 422)
    assert resident() - before < 32 * 1024 * 1024


def test_mutated_requests_do_not_end_the_server(server):
    chance = random.Random(20240607)
    token = server.register_with("read_weather").token
    seeds = [request("GET", "/data/weather", f"Authorization: Bearer {token}"),
             request("POST", "/auth/login", body={"api_key": api_keys.unknown()}),
             request("POST", "/agents/register", "Idempotency-Key: a",
                     body={"agent_name": "Mutant", "owner_email": "m@example.com"}),
             request("GET", "/agents?limit=5&cursor=abc", f"Authorization: Bearer {token}"),
             b"POST /auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde"
             b"\r\n0\r\n\r\n"]
    for _ in range(400):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            kind = chance.randrange(3)
            if kind == 0:
                data[at] = chance.randrange(256)
            elif kind == 1:
                del data[at:at + chance.randint(1, 9)]
            else:
                data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 9)))
            data = data or bytearray(b"\0")
        with RawConnection(server) as connection:
            connection.send(bytes(data)).finish_sending()
            for answer in connection.responses():
                assert answer.status < 500 or answer.status in (501, 505), (bytes(data), answer)
    assert server.is_running()


def test_one_request_is_one_answer(server):
    inner = request("GET", "/healthz", "X-Request-ID: smuggled")
    for framing in ("Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\n"
                    "Content-Length: 0", "Transfer-Encoding: chunked, identity",
                    "Transfer-Encoding : chunked", "Content-Length: 0\r\n : folded"):
        head = f"POST /auth/login HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n"
        with RawConnection(server) as connection:
            answers = connection.send(head, "0\r\n\r\n", inner).responses()
        assert len(answers) <= 1
        assert all(answer.status in (400, 501) for answer in answers)


def test_every_character_of_a_secret_counts(server):
    """bcrypt reads 72 bytes and stops at NUL; a secret is 64 bytes of hexadecimal."""
    key = server.register().api_key
    kid, secret, _ = api_keys.parts(key)
    for position in range(len(secret)):
        other = (secret[:position] + secret[position].translate(WRONG_HEX) + secret[position + 1:])
        assert server.login(api_keys.assemble(kid, other)).status_code == 401
    for text in (key + "\0", key[:50] + "\0" + key[51:], key + "0" * 72, key * 2):
        assert server.login(text).status_code == 401
    assert server.login(key).status_code == 200


def test_only_the_right_secret_is_worth_a_bcrypt(launch):
    server = launch("--bcrypt-cost", "13", "--hashers", "1")
    agent = server.register()
    begin = time.monotonic()
    for _ in range(40):
        assert server.login(api_keys.wrong_secret(agent.api_key)).status_code == 401
        assert server.login(api_keys.unknown()).status_code == 401
    assert time.monotonic() - begin < 4  # eighty hashes of cost 13 would be half a minute


def test_a_name_is_never_markup(server, admin):
    agent = server.register(name="<script>alert(1)</script>")
    answer = admin.get(agent.path, headers={"Accept": "text/html", "Origin": "https://evil.example"})
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    assert not any(name.lower().startswith("access-control") for name in answer.headers)


def test_a_fresh_server_knows_nobody(launch):
    server = launch()
    for key in ("admin", "agentauth", "aa_admin", "changeme", ""):
        assert server.login(key).status_code == 401
    assert not api_keys.SHAPE.search(server.stdout() + server.stderr())
    admin = server.administrator()
    assert [item["agent_id"] for item in admin.get("/agents").json()["items"]] == [admin.agent_id]


def existing_tests() -> set:
    unit = re.compile(r"^(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP)\(\s*(\w+),\s*(\w+)", re.MULTILINE)
    outside = re.compile(r"^ *def (test_\w+)", re.MULTILINE)
    found = set()
    for file in (REPOSITORY / "src").rglob("*_test.cc"):
        found |= {f"{suite}.{name}" for suite, name in unit.findall(file.read_text())}
    for file in Path(__file__).parent.glob("test_*.py"):
        found |= {f"{file.name}::{name}" for name in outside.findall(file.read_text())}
    return found


def test_every_class_has_tests_and_each_of_them_exists():
    page = (REPOSITORY / "docs" / "security-cases.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in page.splitlines()
            if line.startswith("| ") and not line.startswith("| ---")][1:]
    assert len(rows) >= 24
    exists = existing_tests()
    for what, _, _, tests in rows:
        named = re.findall(r"`([^`]+)`", tests)
        assert named, f"no test: {what}"
        assert set(named) <= exists, f"{what}: {set(named) - exists}"


def test_every_other_test_of_this_file_is_for_a_class():
    page = (REPOSITORY / "docs" / "security-cases.md").read_text()
    here = {name for name in globals() if name.startswith("test_")}
    named = set(re.findall(r"`test_security_cases\.py::(test_\w+)`", page))
    assert here - named == {"test_every_class_has_tests_and_each_of_them_exists",
                            "test_every_other_test_of_this_file_is_for_a_class"}


def test_who_is_suspended_while_a_call_waits_gets_no_credential(launch):
    """"A disabled identity still gets tokens": what was decided first need not hold any more."""
    server = launch("--hashers", "1", "--bcrypt-cost", "12")
    agent, admin = server.register(), server.administrator()
    assert agent.token
    before = len(admin.keys_of(agent))
    body = b'{"agent_name":"Crowd","owner_email":"crowd@example.com"}'
    crowd = [RawConnection(server, timeout=60) for _ in range(4)]
    for connection in crowd:
        connection.send(request("POST", "/agents/register", "Content-Type: application/json",
                                body=body))
    with RawConnection(server, timeout=60) as waiting:
        waiting.send(request("POST", f"{agent.path}/keys", "Content-Type: application/json",
                             f"Authorization: Bearer {agent.token}", body=b"{}"))
        time.sleep(0.1)
        assert admin.post(f"{agent.path}/suspend").status_code == 200
        assert waiting.response().status == 401
    for connection in crowd:
        assert connection.response().status == 201
        connection.__exit__()
    assert len(admin.keys_of(agent)) == before
