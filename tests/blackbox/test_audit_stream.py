"""Who follows the audit trail is told when events are missing: never by silence."""

import sqlite3
import subprocess
import time

from harness.binary import binary, clean_environment
from harness.problems import problem
from harness.server import wait_until
from test_changes import Follower


def head(admin) -> int:
    return admin.get("/audit?limit=1").json()["items"][0]["sequence"]


def change(server, database, *statements) -> None:
    """Past the servers that run."""
    if server.database:
        for sql in statements:
            database.cluster.query(sql, server.database.rsplit("/", 1)[1])
        return
    connection = sqlite3.connect(server.data_dir / "agentauth.db", timeout=10)
    with connection:
        for sql in statements:
            connection.execute(sql)
    connection.close()


def go_back(server, database, sequence) -> None:
    """As a copy that is put back, or a standby that lacked the last events."""
    change(server, database,
           f"UPDATE audit_head SET sequence = {sequence}, hash = "
           f"(SELECT hash FROM audit_log WHERE sequence = {sequence})",
           f"DELETE FROM audit_log WHERE sequence > {sequence}")


def test_a_position_that_the_trail_lacks_is_gone(launch, database):
    server = launch()
    admin = server.administrator()
    for _ in range(5):
        server.register()
    seen = head(admin)
    follower = Follower(admin, "/audit/stream", **{"Last-Event-ID": str(seen)})
    assert follower.response.status_code == 200
    go_back(server, database, seen - 3)
    while follower.next() is not None:  # ends
        pass
    answer = Follower(admin, "/audit/stream", **{"Last-Event-ID": str(seen)}).response
    problem(answer, 410, "gone")

    change(server, database, "DELETE FROM audit_log WHERE sequence <= 2")
    answer = Follower(admin, "/audit/stream", **{"Last-Event-ID": "1"}).response
    problem(answer, 410, "gone")
    follower = Follower(admin, "/audit/stream", **{"Last-Event-ID": "2"})
    assert follower.next()[0] == 3


def test_tail_fails_when_the_trail_went_back(launch, database, tmp_path):
    server = launch()
    admin = server.administrator()
    for _ in range(5):
        server.register()
    key_file = tmp_path / "admin.key"
    key_file.write_text(admin.api_key)
    key_file.chmod(0o600)
    shown = tmp_path / "shown"
    with open(shown, "w", encoding="utf-8") as out, subprocess.Popen(
            [binary(), "audit", "tail", "--follow", "--server", server.url, "--api-key-file",
             key_file], env=clean_environment(), stdout=out, stderr=subprocess.PIPE,
            text=True) as tail:
        try:
            wait_until(lambda: "auth.login" in shown.read_text())
            time.sleep(0.5)  # until it has seen where the trail ends
            go_back(server, database, head(admin) - 4)
            _, told = tail.communicate(timeout=10)
        finally:
            tail.kill()
    assert tail.returncode == 1
    assert "an older database" in told and "agentauth audit verify" in told
