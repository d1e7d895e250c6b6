"""The audit trail from outside: who did what, with which key, from where, and what came of it; and
that nobody can change that afterwards unnoticed."""

import json
import re
import shutil
import sqlite3
import threading
import time
import uuid

import pytest

from harness import api_keys
from harness.binary import run
from harness.server import Server, wait_until
from test_changes import Follower


def events(admin, **filters) -> list:
    """All events that match, oldest first."""
    found, cursor = [], None
    while True:
        parameters = {**filters, "limit": 1000, **({"cursor": cursor} if cursor else {})}
        answer = admin.get("/audit", params=parameters)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found[::-1]


def the_event(admin, **filters) -> dict:
    """The one event that matches; refusals are not waited for when they are answered."""
    wait_until(lambda: events(admin, **filters))
    (event,) = events(admin, **filters)
    return event


def verify(server, *arguments):
    return server.command_line("audit", "verify", *arguments)


def kid_of(agent) -> str:
    return api_keys.parts(agent.api_key)[0]


def test_every_change_is_on_record(server, admin):
    agent = server.register(headers={"X-Request-ID": "registration-1"})
    created = the_event(admin, agent=agent.agent_id, action="agent.create")
    assert created["request_id"] == "registration-1"
    assert created["agent_id"] is None and created["target_id"] == agent.agent_id
    assert created["detail"] == kid_of(agent)
    assert created["client_address"] == "127.0.0.1"

    agent_path = agent.path
    admin.grant(agent, "read_weather")
    admin.take_away(agent, "read_weather")
    key = admin.post(f"{agent_path}/keys", {}).json()
    assert admin.delete(f"{agent_path}/keys/{key['key_id']}").status_code == 204
    assert admin.patch(agent_path, {"agent_name": "renamed"}).status_code == 200
    assert admin.post(f"{agent_path}/suspend").status_code == 200
    assert admin.post(f"{agent_path}/resume").status_code == 200
    assert admin.delete(agent_path).status_code == 204

    recorded = events(admin, agent=agent.agent_id)[1:]
    assert [(e["action"], e["target_type"], e["target_id"]) for e in recorded] == [
        ("permission.grant", "permission", "read_weather"),
        ("permission.revoke", "permission", "read_weather"),
        ("key.create", "key", key["key_id"]),
        ("key.revoke", "key", key["key_id"]),
        ("agent.update", "agent", agent.agent_id),
        ("agent.suspend", "agent", agent.agent_id),
        ("agent.resume", "agent", agent.agent_id),
        ("agent.delete", "agent", agent.agent_id),
    ]
    for event in recorded:
        assert event["outcome"] == "success"
        assert event["agent_id"] == admin.agent_id
        assert event["target_agent_id"] == agent.agent_id
        assert event["node"] and event["request_id"] and event["operation"]


def test_logins_are_on_record_when_they_are_answered(server, admin):
    agent = server.register()
    for number in (1, 2, 3):
        agent.login()
        logins = events(admin, agent=agent.agent_id, action="auth.login")
        assert [e["outcome"] for e in logins] == ["success"] * number
        assert logins[-1]["kid"] == kid_of(agent) and logins[-1]["agent_id"] == agent.agent_id

    assert server.login(api_keys.wrong_secret(agent.api_key)).status_code == 401
    failed = the_event(admin, agent=agent.agent_id, outcome="failure")
    assert failed["kid"] == kid_of(agent) and failed["reason"] == "key_wrong_secret"


def test_the_trail_says_why_a_login_failed_and_the_answer_does_not(server, admin):
    agent, suspended = server.register(), server.register()
    key = lambda body: agent.post(f"{agent.path}/keys", body).json()
    revoked, expiring = key({}), key({"expires_in": 1})
    agent.delete(f"{agent.path}/keys/{revoked['key_id']}")
    admin.post(f"{suspended.path}/suspend")
    tries = {
        "key_malformed": api_keys.wrong_checksum(agent.api_key),
        "key_unknown": api_keys.unknown(),
        "key_wrong_secret": api_keys.wrong_secret(agent.api_key),
        "key_revoked": revoked["api_key"],
        "key_expired": expiring["api_key"],
        "key_not_yet_valid": key({"not_before": "2035-01-01T00:00:00Z"})["api_key"],
        "key_wrong_network": key({"allowed_cidrs": ["192.0.2.7"]})["api_key"],
        "agent_suspended": suspended.api_key,
    }
    time.sleep(1.1)
    seen = set()
    for reason, presented in tries.items():
        name = uuid.uuid4().hex
        answer = server.post("/auth/login", {"api_key": presented},
                             headers={"X-Request-ID": name})
        seen.add((answer.status_code, answer.text.replace(name, "ID")))
        found = lambda: [e for e in events(admin, action="auth.login", outcome="failure")
                         if e["request_id"] == name]
        wait_until(found)
        event = found()[0]
        assert event["reason"] == reason
        assert event["kid"] == ("" if reason == "key_malformed" else presented[3:15])
    assert len(seen) == 1 and seen.pop()[0] == 401


def test_a_refused_change_leaves_a_denial_and_no_change(server, admin):
    target, stranger = server.register(), server.register()
    assert stranger.post(f"{target.path}/suspend").status_code == 403
    denied = the_event(admin, agent=target.agent_id, outcome="denied")
    assert denied["action"] == "agent.suspend"
    assert denied["agent_id"] == stranger.agent_id
    assert denied["reason"] == "permission_denied"
    assert denied["detail"] == "agentauth:agents:write"
    assert not events(admin, agent=target.agent_id, action="agent.suspend", outcome="success")
    assert admin.get(target.path).json()["status"] == "active"

    assert stranger.get("/data/weather").status_code == 403
    read = the_event(admin, agent=stranger.agent_id, action="request")
    assert read["operation"] == "getWeather" and read["outcome"] == "denied"


def test_a_token_that_does_not_work_is_on_record(server, admin):
    before = len(events(admin, outcome="failure"))
    assert server.get("/data/weather", token="no.such.token").status_code == 401
    assert server.get("/data/weather").status_code == 401
    wait_until(lambda: len(events(admin, outcome="failure")) > before)
    assert [e["reason"] for e in events(admin, outcome="failure")[before:]] == ["invalid_token"]


def test_reading_needs_the_permission(server):
    agent = server.register()
    reader = server.register_with("agentauth:audit:read")
    for path in ("/audit", "/audit/checkpoint"):
        assert server.get(path).status_code == 401
        assert agent.get(path).status_code == 403
        assert reader.get(path).status_code == 200


def test_a_filter_that_is_none_is_refused(server, admin):
    for parameters in ({"action": "agent.exploded"}, {"outcome": "maybe"}, {"since": "yesterday"},
                       {"agent": "me"}, {"limit": 0}):
        assert admin.get("/audit", params=parameters).status_code == 422, parameters
    assert admin.get("/audit", params={"who": "me"}).status_code == 400


def test_pages_go_from_the_newest_and_cursors_fit_their_query(server, admin):
    for _ in range(5):
        server.register()
    page = admin.get("/audit?limit=2").json()
    numbers = [e["sequence"] for e in page["items"]]
    assert numbers == sorted(numbers, reverse=True) and len(numbers) == 2
    rest = admin.get("/audit", params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert rest["items"][0]["sequence"] == numbers[-1] - 1
    other = admin.get("/audit", params={"cursor": page["next_cursor"], "action": "auth.login"})
    assert other.status_code in (400, 422)
    last = events(admin)[-1]
    assert admin.get("/audit", params={"since": last["at"]}).json()["items"]
    assert last not in events(admin, until=last["at"])


def test_the_administrator_of_the_command_line_is_on_record(server, admin):
    made = events(admin, agent=admin.agent_id)[:2]
    assert [e["action"] for e in made] == ["agent.create", "permission.grant"]
    assert all(e["reason"] == "command_line" and e["agent_id"] is None for e in made)


def test_no_secret_is_in_the_trail(server, admin):
    agent = server.register()
    token = agent.login()
    agent.delete(f"{agent.path}/permissions/{agent.api_key}",
                 headers={"X-Request-ID": agent.api_key})
    text = json.dumps(events(admin))
    secret = agent.api_key.rsplit("_", 1)[1]
    assert secret not in text and token not in text


# The chain.


def test_a_checkpoint_vouches_for_the_trail(server, admin, tmp_path):
    server.register()
    checkpoint = admin.get("/audit/checkpoint").json()
    assert checkpoint["hash"] == events(admin)[-1]["hash"]
    kept = tmp_path / "checkpoint.json"
    kept.write_text(json.dumps(checkpoint))
    done = verify(server, "--checkpoint", kept, "--public-key", checkpoint["public_key"], "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["signed_up_to"] >= checkpoint["sequence"]

    kept.write_text(json.dumps({**checkpoint, "hash": "0" * 64}))
    forged = verify(server, "--checkpoint", kept)
    assert forged.returncode == 1 and "signature" in forged.stderr
    other_key = ("A" if checkpoint["public_key"][0] != "A" else "B") + checkpoint["public_key"][1:]
    assert verify(server, "--public-key", other_key).returncode == 1


def test_an_export_verifies_without_the_database(server, admin, tmp_path):
    for _ in range(3):
        server.register()
    key = admin.get("/audit/checkpoint").json()["public_key"]
    middle = events(admin)[-2]["at"]
    for options in ((), ("--since", middle), ("--until", middle)):
        exported = server.command_line("audit", "export", *options)
        assert exported.returncode == 0, exported.stderr
        file = tmp_path / "trail.jsonl"
        file.write_text(exported.stdout)
        arguments = ("audit", "verify", "--file", file, "--public-key", key)
        done = server.command_line(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert report["signed_up_to"] == report["last"] > 0
        lines = exported.stdout.splitlines()
        # The last line signs what is before it.
        for damaged in (lines[1:], lines[:-2] + lines[-1:],
                        [lines[0], lines[2], lines[1], *lines[3:]],
                        [line.replace('"success"', '"denied"', 1) for line in lines]):
            file.write_text("\n".join(damaged) + "\n")
            assert server.command_line(*arguments).returncode == 1, damaged


def test_ocsf_has_what_each_class_requires(server, admin):
    agent = server.register()
    agent.login()
    assert agent.get("/data/weather").status_code == 403
    the_event(admin, agent=agent.agent_id, outcome="denied")
    exported = server.command_line("audit", "export", "--format", "ocsf")
    assert exported.returncode == 0, exported.stderr
    lines = [json.loads(line) for line in exported.stdout.splitlines()]
    assert {line["class_uid"] for line in lines} == {3001, 3002, 6003}
    by_sequence = {e["sequence"]: e for e in events(admin)}
    assert any(not e["client_address"] for e in by_sequence.values())  # the command line's
    for line in lines:
        for name in ("activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time",
                     "type_uid"):
            assert name in line, line
        assert line["type_uid"] == line["class_uid"] * 100 + line["activity_id"]
        assert line["metadata"]["version"] and line["metadata"]["product"]["vendor_name"]
        # What came from no address is not said to come from one.
        if not by_sequence[line["metadata"]["sequence"]]["client_address"]:
            assert "ip" not in line.get("src_endpoint", {}), line
            assert line["class_uid"] != 6003 or line["src_endpoint"]["name"], line
        needed = {3001: ["user"], 3002: ["user"], 6003: ["actor", "api", "src_endpoint"]}
        assert all(name in line for name in needed[line["class_uid"]]), line


def test_what_is_changed_in_the_database_is_found(sqlite_launch, tmp_path):
    server = sqlite_launch()
    admin = server.administrator()
    for _ in range(5):
        server.register()
    length = len(events(admin))
    assert server.stop() == 0  # signs where the chain stands
    assert verify(server).returncode == 0
    cut_off = (f"DELETE FROM audit_log WHERE sequence = {length}; UPDATE audit_head SET "
               "sequence = sequence - 1, "
               "hash = (SELECT hash FROM audit_log ORDER BY sequence DESC LIMIT 1)")
    for number, (sql, wrong) in enumerate({
            "UPDATE audit_log SET client_address = '10.0.0.1' WHERE sequence = 3": 3,
            "UPDATE audit_log SET kid = '' WHERE kid <> ''": 0,
            "UPDATE audit_log SET outcome = 'exploded' WHERE sequence = 3": 3,
            "DELETE FROM audit_log WHERE sequence = 1": 1,
            "DELETE FROM audit_log WHERE sequence = 3": 3,
            f"DELETE FROM audit_log WHERE sequence = {length}": length,
            "UPDATE audit_log SET sequence = sequence + 100 WHERE sequence = 3": 3,
            "DELETE FROM audit_log": 1,
            cut_off: length,
            f"UPDATE audit_checkpoints SET hash = '{'0' * 64}'": 0}.items()):
        copy = tmp_path / str(number)
        shutil.copytree(server.data_dir, copy)
        database = sqlite3.connect(copy / "agentauth.db")
        database.executescript(sql)
        database.close()
        found = run("audit", "verify", "--data-dir", copy)
        assert found.returncode == 1, (sql, found.stdout)
        assert not wrong or f"event {wrong}:" in found.stderr, (sql, found.stderr)


COLUMNS = ("at, node, action, outcome, reason, agent_id, kid, on_behalf_of, client_address, "
           "operation, target_type, target_id, target_agent_id, detail, request_id, hash")


@pytest.fixture
def tamper(request, database):
    """SQL in a server's database, by somebody else than the server, as whom the guide means."""
    def run_sql(server, sql: str) -> None:
        if server.database:
            cluster = request.getfixturevalue("postgres_cluster")
            cluster.query(sql, database=server.database.rsplit("/", 1)[1])
            return
        found = sqlite3.connect(server.data_dir / "agentauth.db", timeout=20)
        found.executescript(sql)
        found.close()
    return run_sql


def test_rows_that_nobody_recorded_are_found_and_not_shown(launch, tamper):
    server = launch()
    admin = server.administrator()
    agent = server.register()
    before = events(admin)
    last = before[-1]["sequence"]
    tamper(server, f"INSERT INTO audit_log (sequence, {COLUMNS}) SELECT {last} + 3, "
                   + COLUMNS.replace("action", "'agent.delete'", 1)
                   + f" FROM audit_log WHERE sequence = {last}")
    assert events(admin) == before
    for arguments in (("verify",), ("export",)):
        found = server.command_line("audit", *arguments)
        assert found.returncode == 1, found.stdout
        assert f"event {last + 3}: nobody recorded it" in found.stderr
        assert "agent.delete" not in found.stdout
    # The chain goes on until it meets the row.
    assert server.login(agent.api_key).status_code == 200
    assert server.login(agent.api_key).status_code == 200
    refused = server.login(agent.api_key)
    assert refused.status_code == 503
    assert [e["sequence"] for e in events(admin)] == list(range(1, last + 3))
    (line,) = [line for line in server.log_lines() if line.get("status") == 503]
    assert "agentauth audit verify" in line["advice"], line
    # As the guide says.
    tamper(server, "DELETE FROM audit_log WHERE sequence > (SELECT sequence FROM audit_head)")
    assert server.login(agent.api_key).status_code == 200
    assert verify(server).returncode == 0


def test_an_index_that_hides_events_is_found(launch, tamper):
    server = launch()
    admin = server.administrator()
    agent = server.register()
    assert len(events(admin, agent=agent.agent_id)) > 0
    assert server.stop() == 0  # indexes what is left
    assert verify(server).returncode == 0
    rebuild = ("INSERT INTO audit_parties_end (sequence) SELECT 0 "
               "WHERE NOT EXISTS (SELECT 1 FROM audit_parties_end); "
               "UPDATE audit_parties_end SET sequence = 0; "
               "DELETE FROM audit_parties; DELETE FROM audit_spans;")
    for sql in ("DELETE FROM audit_parties;", "DELETE FROM audit_spans;",
                "UPDATE audit_parties_end SET sequence = sequence + 50;"):
        tamper(server, sql)
        found = verify(server)
        assert found.returncode == 1 and "the index" in found.stderr, (sql, found.stderr)
        tamper(server, rebuild)
        assert verify(server).returncode == 0
        server.start()
        server.register()
        assert len(events(server.administrator(), agent=agent.agent_id)) > 0
        assert server.stop() == 0
        assert verify(server).returncode == 0


def test_verify_makes_nothing(sqlite_launch, tmp_path):
    missing = run("audit", "verify", "--data-dir", tmp_path / "nothing")
    assert missing.returncode == 1 and "no database" in missing.stderr
    assert not (tmp_path / "nothing").exists()


def test_two_nodes_write_one_trail(launch, database):
    one = launch()
    url = one.database or f"sqlite:{one.data_dir / 'agentauth.db'}"
    two = launch("--master-key-file", one.data_dir / "master.key", database=url)
    admin = one.administrator()

    def work(server):
        for _ in range(10):
            server.register().login()

    threads = [threading.Thread(target=work, args=(server,)) for server in (one, two) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = verify(one, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["events"] >= 80
    assert len({event["node"] for event in events(admin)}) >= 2


class Caller(threading.Thread):
    """Logs in and changes as fast as it is answered, and remembers what was acknowledged."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.logins, self.changes = server, {}, []

    def run(self):
        try:
            for _ in range(100_000):
                agent = self.server.register()
                self.changes.append(agent.agent_id)
                for number in range(1, 4):
                    agent.login()
                    self.logins[agent.agent_id] = number
        except Exception:  # the server is gone: that is what we wait for
            pass


def test_what_was_acknowledged_before_a_kill_is_in_the_trail(launch):
    server = launch()
    server.administrator()
    callers = [Caller(server) for _ in range(6)]
    for caller in callers:
        caller.start()
    wait_until(lambda: sum(len(caller.changes) for caller in callers) > 10, seconds=60)
    server.kill()
    for caller in callers:
        caller.join(timeout=60)
    server.start()
    assert verify(server).returncode == 0
    recorded = events(server.administrator())
    created = {e["target_id"] for e in recorded if e["action"] == "agent.create"}
    logins = [e["agent_id"] for e in recorded if e["action"] == "auth.login"]
    for caller in callers:
        assert set(caller.changes) <= created
        for agent_id, count in caller.logins.items():
            assert logins.count(agent_id) >= count


# The second sink, the stream and the command line.


def file_events(path) -> list:
    """Of its whole lines: half a line that a crash left is cut off by the next that is written."""
    text = path.read_text()
    lines = [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]
    return [line for line in lines if "action" in line]


def test_the_audit_file_holds_the_whole_trail_across_restarts_and_rotation(launch, tmp_path):
    path = tmp_path / "audit.jsonl"
    server = launch("--audit-file", path)
    admin = server.administrator()
    key = admin.get("/audit/checkpoint").json()["public_key"]
    server.register()
    wait_until(lambda: path.exists() and len(file_events(path)) == len(events(admin)))
    server.kill()
    with open(path, "a", encoding="utf-8") as file:
        file.write('{"sequence":')  # half a line, as a crash leaves it
    server.start()
    server.register()
    wait_until(lambda: len(file_events(path)) == len(events(admin)))
    assert path.stat().st_mode & 0o777 == 0o600

    rotated = path.rename(tmp_path / "audit.jsonl.1")
    server.process.send_signal(1)
    wait_until(path.exists)
    server.register()
    wait_until(lambda: any(e["sequence"] == len(events(admin)) for e in file_events(path)))
    assert server.stop() == 0
    numbers = [e["sequence"] for file in (rotated, path) for e in file_events(file)]
    assert numbers == list(range(1, len(numbers) + 1))
    for file in (rotated, path):
        done = server.command_line("audit", "verify", "--file", file, "--public-key", key)
        assert done.returncode == 0, done.stderr


def test_an_audit_file_that_another_program_changed_is_not_written_on(launch, tmp_path):
    path = tmp_path / "audit.jsonl"
    server = launch("--audit-file", path)
    wait_until(lambda: path.exists() and file_events(path))

    def in_file() -> int:
        return int(re.search(r"^agentauth_audit_file_sequence (\d+)", server.get("/metrics").text,
                             re.M).group(1))

    def failures() -> list:
        return [line for line in server.log_lines() if line["event"] == "audit_keeper_failed"]

    with open(path, "a", encoding="utf-8") as file:
        file.write("my notes\n")
    wait_until(failures)
    left, stood = path.read_bytes(), in_file()
    server.register()
    time.sleep(1)
    assert path.read_bytes() == left and in_file() == stood
    (failure,) = failures()
    assert "wrote into it" in failure["cause"] and "SIGHUP" in failure["advice"]

    path.rename(tmp_path / "audit.jsonl.1")
    server.process.send_signal(1)
    server.register()
    wait_until(lambda: path.exists() and in_file() > stood)
    path.unlink()
    wait_until(lambda: len(failures()) == 2)
    assert "removed" in failures()[1]["cause"] and not path.exists()


def test_an_audit_file_that_is_something_else_stops_the_start(sqlite_launch, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("my notes\n")
    server = sqlite_launch("--audit-file", path, start=False).launch()
    assert server.process.wait(timeout=20) == 1
    assert str(path) in server.stderr()
    assert path.read_text() == "my notes\n"


def test_an_audit_file_named_by_mistake_loses_nothing(sqlite_launch, tmp_path):
    server = sqlite_launch()
    agent = server.register()
    assert server.stop() == 0
    key = server.data_dir / "master.key"
    notes, link = tmp_path / "notes", tmp_path / "link"
    notes.write_text("line\nand one without a break")
    link.symlink_to(tmp_path / "audit.jsonl")
    for file, left in [(key, key.read_bytes()), (notes, notes.read_bytes()), (link, None)]:
        wrong = sqlite_launch("--audit-file", file, "--master-key-file", key,
                              start=False).launch()
        assert wrong.process.wait(timeout=20) == 1
        assert str(file) in wrong.stderr()
        assert (file.read_bytes() if file.exists() else None) == left
    server.start()
    assert agent.login()


def test_the_stream_tells_what_happens(server, admin):
    follower = Follower(admin, "/audit/stream")
    agent = server.register()
    event = {}
    while event.get("target_id") != agent.agent_id:
        number, event = follower.next()
        assert number == event["sequence"]
    assert event["action"] == "agent.create"
    follower.response.close()


def test_tail_shows_the_newest(server, admin, tmp_path):
    agent = server.register("Tailed")
    key_file = tmp_path / "admin.key"
    key_file.write_text(admin.api_key)
    key_file.chmod(0o600)
    arguments = ("audit", "tail", "--server", server.url, "--api-key-file", key_file)
    shown = run(*arguments, "--lines", "3")
    assert shown.returncode == 0, shown.stderr
    assert len(shown.stdout.splitlines()) == 3
    as_json = run(*arguments, "--json", "--agent", agent.agent_id)
    (event,) = [json.loads(line) for line in as_json.stdout.splitlines()]
    assert event["action"] == "agent.create"
    by_name = run(*arguments, "--json", "--agent", "Tailed", "--since", "1h")
    assert by_name.stdout == as_json.stdout
    assert run(*arguments, "--until", "2020-01-01T00:00:00Z").stdout == ""
    nobody = run(*arguments, "--agent", "nobody at all")
    assert nobody.returncode == 1 and "no agent is named" in nobody.stderr


def shown_by_tail(server, admin, folder, *options) -> str:
    """What `audit tail` prints as soon as there is something: denials are recorded a moment later."""
    key_file = folder / "admin.key"
    key_file.write_text(admin.api_key)
    key_file.chmod(0o600)
    ends = time.monotonic() + 10
    line = ""
    while not line and time.monotonic() < ends:
        line = run("audit", "tail", "--server", server.url, "--api-key-file", key_file,
                   *options).stdout
    return line


def test_tail_shows_which_permission_was_missing_for_whom_and_of_which_request(server, admin,
                                                                               tmp_path):
    point = server.register_with("agentauth:access:evaluate")
    request_id = point.post("/access/v1/evaluation", {
        "subject": {"type": "user", "id": "alice"}, "action": {"name": "write"},
        "resource": {"type": "record", "id": "1"}}).headers["X-Request-ID"]
    line = shown_by_tail(server, admin, tmp_path, "--agent", point.agent_id, "--outcome", "denied")
    words = line.split()
    assert {"permission=write", "for=user:alice", "on=resource", f"request={request_id}"} <= set(words)


def test_tail_shows_which_grant_with_the_effect_audit_was_matched(server, admin, tmp_path):
    agent = server.register_with("read_weather")
    grant = admin.post(f"{agent.path}/permissions",
                       {"permission": "read_weather", "effect": "audit"}).json()["id"]
    assert agent.get("/data/weather").status_code == 200
    line = shown_by_tail(server, admin, tmp_path, "--agent", agent.agent_id, "--action", "request")
    assert {"reason=audit_grant", "on=permission", f"grants={grant}", "permission=read_weather",
            "as_allow=granted"} <= set(line.split())


def test_the_metrics_count_events(server, admin):
    server.register()
    text = server.get("/metrics").text
    assert 'agentauth_audit_events_total{action="agent.create",outcome="success"}' in text
    assert 'agentauth_audit_dropped_total{reason="flood"} 0' in text


@pytest.fixture(scope="module")
def crowded(database):
    server = Server("--limits", "off", database=database.fresh_url()).start()
    yield server
    server.close()


def test_many_logins_at_once_are_all_on_record(crowded):
    admin, agent = crowded.administrator(), crowded.register()
    agent.login()

    def work():
        for _ in range(50):
            agent.login()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(events(admin, agent=agent.agent_id, action="auth.login")) == 401
