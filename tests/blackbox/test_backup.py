"""agentauth backup and restore: what was there at the backup is there again, nobody is held up by
making one, and nothing that is no sound backup of this deployment gets in."""

import json
import os
import shutil
import sqlite3
import threading

import pytest

from harness.binary import obey_modes, only_line
from harness.server import wait_until


def backup(server, path, *options):
    made = server.command_line("backup", "--to", path, *options)
    assert made.returncode == 0, made.stderr
    return made


def restore(server, *arguments):
    return server.command_line("restore", *arguments)


def revision(admin) -> int:
    return admin.get("/changes", params={"limit": 1000}).json()["items"][-1]["revision"]


def database_file(server):
    return server.data_dir / "agentauth.db"


def test_a_backup_of_a_running_server_is_whole_and_its_owners_alone(sqlite_launch, tmp_path):
    server = sqlite_launch()
    admin, agent = server.administrator(), server.register_with("read_weather")
    file = tmp_path / "b.db"
    made = backup(server, file, "--json")
    told = json.loads(made.stdout)
    assert told["file"] == str(file) and told["audit_events"] == 6
    assert told["revision"] == revision(admin)
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["b.db"], "one file, and nothing left beside it"
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT count(*) FROM agents").fetchone() == (2,)
    assert agent.get("/data/weather").status_code == 200


def test_a_backup_replaces_a_file_only_when_told(sqlite_launch, tmp_path):
    server = sqlite_launch()
    file = tmp_path / "b.db"
    file.touch()
    refused = server.command_line("backup", "--to", file)
    assert refused.returncode == 1 and "--replace" in refused.stderr
    assert file.read_bytes() == b""
    for _ in ("an empty one", "an earlier backup"):
        assert "verified" in backup(server, file, "--replace").stdout


def test_a_backup_replaces_nothing_but_a_backup(sqlite_launch, tmp_path):
    server, other = sqlite_launch(), sqlite_launch()
    notes, foreign = tmp_path / "notes", tmp_path / "foreign.db"
    notes.write_text("precious")
    with sqlite3.connect(foreign) as database:
        database.execute("CREATE TABLE schema_migrations (version INTEGER)")
    key = server.data_dir / "master.key"
    (tmp_path / "key").hardlink_to(key)
    (tmp_path / "db").symlink_to(database_file(server))
    wal = database_file(server).with_name("agentauth.db-wal")
    for file, why in [(key, "the master key"), (tmp_path / "key", "the master key"),
                      (database_file(server), "the database itself"),
                      (tmp_path / "db", "the database itself"), (wal, "the database itself"),
                      (notes, "no database"), (foreign, "no database"),
                      (database_file(other), str(other.process.pid))]:
        before = file.stat()
        content = file.read_bytes()
        refused = server.command_line("backup", "--to", file, "--replace")
        assert refused.returncode == 1 and why in refused.stderr, refused.stderr
        assert file.stat().st_ino == before.st_ino and file.read_bytes() == content
    assert server.register().login() and other.register().login()


def files_beside(file):
    """The content of that file and of all whose names begin with its name."""
    return {path.name: path.read_bytes() for path in file.parent.glob(file.name + "*")}


def test_a_backup_replaces_no_database_of_a_killed_server_that_was_not_opened_since(sqlite_launch):
    server, other = sqlite_launch(), sqlite_launch()
    agent = other.register()
    other.kill()
    file = database_file(other)
    before = files_beside(file)
    assert before["agentauth.db-wal"]
    refused = server.command_line("backup", "--to", file, "--replace")
    assert refused.returncode == 1 and "agentauth.db-wal was left" in refused.stderr
    assert files_beside(file) == before
    assert other.start().login(agent.api_key).status_code == 200
    assert other.stop() == 0
    backup(server, file, "--replace")
    assert list(files_beside(file)) == ["agentauth.db"]


@pytest.mark.parametrize("log", ["wal", "journal"])
def test_a_backup_takes_no_name_beside_which_a_log_was_left(sqlite_launch, tmp_path, log):
    server = sqlite_launch()
    left = tmp_path / f"b.db-{log}"
    left.write_bytes(b"what a killed server wrote last")
    for options in [(), ("--replace",)]:
        refused = server.command_line("backup", "--to", tmp_path / "b.db", *options)
        assert refused.returncode == 1 and f"{left} was left" in refused.stderr
        assert os.listdir(tmp_path) == [left.name]
    left.write_bytes(b"")
    backup(server, tmp_path / "b.db")


def test_a_backup_replaces_no_database_that_it_cannot_lock(sqlite_launch):
    server, other = sqlite_launch(), sqlite_launch()
    file = database_file(other)
    assert other.stop() == 0
    file.chmod(0o440)
    before = files_beside(file)
    refused = server.command_line("backup", "--to", file, "--replace",
                                  preexec_fn=obey_modes)
    assert refused.returncode == 1 and f"cannot open {file}" in refused.stderr, refused.stderr
    assert files_beside(file) == before


def test_a_backup_goes_to_the_folder_that_a_link_leads_to(sqlite_launch, tmp_path):
    server = sqlite_launch()
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for _ in range(2):
        backup(server, tmp_path / "link" / "b.db", "--replace")
    assert os.listdir(tmp_path / "real") == ["b.db"]


def test_what_could_not_be_restored_is_no_backup(sqlite_launch, tmp_path):
    server = sqlite_launch()
    with sqlite3.connect(database_file(server)) as database:
        database.execute("CREATE INDEX own ON agents (labels)")
    refused = server.command_line("backup", "--to", tmp_path / "b.db")
    assert refused.returncode == 1 and "index own" in refused.stderr
    assert os.listdir(tmp_path) == []


def test_backups_under_load_hold_up_nobody_and_lose_nothing_acknowledged(sqlite_launch, tmp_path):
    server = sqlite_launch()
    server.administrator().login()
    acknowledged, failed, stop = [], [], threading.Event()

    def write():
        while not stop.is_set():
            try:
                acknowledged.append(server.register().agent_id)
            except AssertionError as error:
                failed.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    seen = []
    for number in range(3):
        wait_until(lambda: len(acknowledged) > 20 * (number + 1))
        before = list(acknowledged)
        backup(server, tmp_path / f"{number}.db")
        seen.append(before)
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []
    for number, before in enumerate(seen):
        with sqlite3.connect(tmp_path / f"{number}.db") as database:
            kept = {agent for (agent,) in database.execute("SELECT id FROM agents")}
        assert set(before) <= kept


class TestRestore:
    @pytest.fixture
    def server(self, sqlite_launch, tmp_path):
        """With a backup in tmp_path/b.db and changes after it."""
        server = sqlite_launch()
        self.admin, self.kept = server.administrator(), server.register_with("read_weather")
        self.token = self.kept.token
        self.refresh = server.post("/auth/login", {"api_key": self.kept.api_key}).json()
        self.file = tmp_path / "b.db"
        backup(server, self.file)
        self.lost = server.register()
        assert self.admin.post(f"{self.kept.path}/revoke-tokens").status_code == 204
        self.kept._token = None
        self.later = self.kept.token
        self.revision = revision(self.admin)
        return server

    def test_brings_back_what_was_there_and_ends_all_tokens(self, server):
        assert server.stop() == 0
        told = restore(server, "--from", self.file, "--replace", "--json")
        assert told.returncode == 0, told.stderr
        assert "do it again" in told.stderr and "tokens have ended" in told.stderr
        answer = json.loads(told.stdout)
        assert answer["revision"] > self.revision
        server.start()
        for token in (self.token, self.later, self.refresh["access_token"], self.admin.token):
            assert server.get("/agents/me", token=token).status_code == 401
        spent = server.post("/auth/refresh", {"refresh_token": self.refresh["refresh_token"]})
        assert spent.status_code == 401
        assert server.login(self.lost.api_key).status_code == 401
        self.admin._token = self.kept._token = None
        assert self.kept.get("/data/weather").status_code == 200
        (event,) = self.admin.get("/audit", params={"action": "database.restore"}).json()["items"]
        assert event["reason"] == "command_line"
        assert server.command_line("audit", "verify").returncode == 0

    def test_keeps_the_database_that_was_there(self, server):
        assert server.stop() == 0
        kept = json.loads(restore(server, "--from", self.file, "--replace", "--json").stdout)["kept"]
        verified = server.command_line("audit", "verify", "--database", f"sqlite:{kept}")
        assert verified.returncode == 0, verified.stderr
        with sqlite3.connect(kept) as database:
            assert database.execute("SELECT count(*) FROM agents WHERE id = ?",
                                    (self.lost.agent_id,)).fetchone() == (1,)

    def test_of_a_killed_server_keeps_what_only_its_log_has(self, server):
        server.kill()
        wal = database_file(server).with_name("agentauth.db-wal")
        assert wal.stat().st_size > 0
        done = restore(server, "--from", self.file, "--replace", "--json")
        kept = json.loads(done.stdout)["kept"]
        with sqlite3.connect(kept) as database:
            assert database.execute("SELECT count(*) FROM agents").fetchone() == (3,)
        server.start()

    def test_leaves_no_journal_for_what_it_puts_in_place(self, server):
        assert server.stop() == 0
        journal = database_file(server).with_name("agentauth.db-journal")
        journal.write_bytes(b"what was left")
        done = restore(server, "--from", self.file, "--replace", "--json")
        assert not journal.exists()
        with open(json.loads(done.stdout)["kept"] + "-journal", "rb") as kept:
            assert kept.read() == b"what was left"

    def test_a_follower_of_changes_learns_that_it_has_to_read_anew(self, server):
        assert server.stop() == 0
        assert restore(server, "--from", self.file, "--replace").returncode == 0
        server.start()
        self.admin._token = None
        answer = self.admin.get("/changes", params={"since": self.revision})
        assert answer.status_code == 410
        assert self.admin.get("/agents", params={"min_revision": self.revision}).status_code == 200

    def test_is_refused_while_a_server_runs(self, server):
        for _ in range(2):
            refused = restore(server, "--from", self.file, "--replace")
            assert refused.returncode == 1
            assert str(server.process.pid) in refused.stderr and "end it" in refused.stderr
            # The lock on the file tells as much as the process id beside it.
            (server.data_dir / "agentauth.pid").unlink(missing_ok=True)
        self.admin._token = None
        assert self.admin.get(self.lost.path).status_code == 200
        assert sorted(os.listdir(server.data_dir)) == [
            "agentauth.db", "agentauth.db-shm", "agentauth.db-wal", "master.key"]

    def test_replaces_a_database_only_when_told(self, server):
        assert server.stop() == 0
        refused = restore(server, "--from", self.file)
        assert refused.returncode == 1 and "--replace" in refused.stderr
        database_file(server).unlink()
        assert restore(server, "--from", self.file).returncode == 0
        server.start()
        assert self.kept.login()

    def test_needs_the_master_key_the_backup_was_made_with(self, server, tmp_path):
        assert server.stop() == 0
        key = server.data_dir / "master.key"
        key.rename(tmp_path / "kept.key")
        missing = restore(server, "--from", self.file, "--replace")
        assert missing.returncode == 1 and "master.key" in missing.stderr
        assert not key.exists(), "nobody makes one in its place"
        key.write_bytes(os.urandom(32))
        key.chmod(0o600)
        other = restore(server, "--from", self.file, "--replace")
        assert other.returncode == 1 and "master key" in other.stderr
        with sqlite3.connect(database_file(server)) as database:
            assert database.execute("SELECT count(*) FROM agents").fetchone() == (3,)

    @pytest.mark.parametrize("spoil, word", [
        ("UPDATE audit_log SET client_address = '10.0.0.9' WHERE sequence = 3", "event 3"),
        ("DELETE FROM audit_log WHERE sequence = 2", "event 2"),
        ("INSERT INTO schema_migrations (version, name) VALUES (9999, 'later')", "newer"),
        ("DROP TABLE schema_migrations", "no database of AgentAuth"),
        ("CREATE TRIGGER undo_suspend AFTER UPDATE ON agents WHEN new.status = 'suspended' "
         "BEGIN UPDATE agents SET status = 'active' WHERE id = new.id; END",
         "trigger undo_suspend"),
        ("CREATE VIEW shown AS SELECT * FROM agents", "view shown"),
        ("ALTER TABLE agents ADD COLUMN other TEXT", "table agents"),
    ])
    def test_what_is_not_what_was_recorded_is_refused(self, server, spoil, word):
        assert server.stop() == 0
        with sqlite3.connect(self.file) as database:
            database.executescript(spoil)
        refused = restore(server, "--from", self.file, "--replace")
        assert refused.returncode == 1 and word in refused.stderr, refused.stderr
        server.start()
        assert self.lost.login()
        assert not [name for name in os.listdir(server.data_dir) if "agentauth.db." in name]

    def test_takes_a_path_for_the_name_of_a_file(self, server):
        assert server.stop() == 0
        for path in (f"file:{self.file}", f"file:{self.file}?mode=ro", ":memory:"):
            refused = restore(server, "--from", path, "--replace")
            assert refused.returncode == 1 and path in refused.stderr, refused.stderr

    @pytest.mark.parametrize("how", ["cut", "pages", "text", "empty", "missing"])
    def test_a_damaged_file_is_refused(self, server, how):
        assert server.stop() == 0
        good = self.file.read_bytes()
        middle = len(good) // 2
        self.file.write_bytes({"cut": good[:middle], "text": b"no database\n" * 5000, "empty": b"",
                               "pages": good[:4096 * 4] + b"\xa5" * middle + good[middle + 16384:],
                               "missing": b""}[how])
        if how == "missing":
            self.file.unlink()
        refused = restore(server, "--from", self.file, "--replace")
        assert refused.returncode == 1 and str(self.file) in refused.stderr
        server.start()
        assert self.lost.login()


def test_a_database_that_was_put_back_by_other_means_is_settled_in_place(sqlite_launch, tmp_path):
    server = sqlite_launch()
    agent = server.register_with("read_weather")
    token = agent.token
    assert server.stop() == 0
    shutil.copy(database_file(server), tmp_path / "snapshot")
    shutil.copy(tmp_path / "snapshot", database_file(server))
    settled = restore(server, "--in-place")
    assert settled.returncode == 0 and "If an older database was put back" in settled.stderr
    server.start()
    assert server.get("/data/weather", token=token).status_code == 401
    assert agent.login()
    assert restore(server, "--in-place").returncode == 1, "a server runs"


def test_the_two_ways_to_restore_exclude_each_other(sqlite_launch, tmp_path):
    server = sqlite_launch(start=False)
    for arguments in [(), ("--from", tmp_path / "b", "--in-place")]:
        refused = restore(server, *arguments)
        assert refused.returncode == 2 and "--in-place" in refused.stderr


def test_on_postgresql_the_commands_say_what_to_use(launch, postgres_cluster, tmp_path):
    server = launch(database=postgres_cluster.fresh_database(), start=False)
    refused = server.command_line("backup", "--to", tmp_path / "b")
    assert refused.returncode == 1 and "pg_dump" in refused.stderr
    refused = restore(server, "--from", tmp_path / "b")
    assert refused.returncode == 1 and "pg_restore" in refused.stderr


def test_a_dump_of_postgresql_is_settled_in_place(launch, postgres_cluster):
    server = launch(database=postgres_cluster.fresh_database())
    admin, agent = server.administrator(), server.register_with("read_weather")
    token = agent.token
    dump = postgres_cluster.dump(server.database)
    lost = server.register()
    assert server.stop() == 0

    server.database = postgres_cluster.fresh_database()
    postgres_cluster.load(dump, server.database)
    settled = restore(server, "--in-place", "--json")
    assert settled.returncode == 0, settled.stderr
    assert "agentauth@" in json.loads(settled.stdout)["database"]
    server.start()
    assert server.get("/data/weather", token=token).status_code == 401
    assert agent.login() and server.login(lost.api_key).status_code == 401
    admin._token = None
    assert admin.get("/audit", params={"action": "database.restore"}).json()["items"]
    assert server.command_line("audit", "verify").returncode == 0


def test_on_postgresql_nothing_is_settled_while_a_server_is_connected(sqlite_launch,
                                                                      postgres_cluster):
    server = sqlite_launch(database=postgres_cluster.fresh_database())
    agent = server.register_with("read_weather")
    refused = restore(server, "--in-place")
    assert refused.returncode == 1 and "connected" in only_line(refused.stderr)
    assert server.get("/data/weather", token=agent.token).status_code == 200
    assert server.stop() == 0
    settled = restore(server, "--in-place")
    assert settled.returncode == 0 and "signing keys" in only_line(settled.stderr)


@pytest.mark.parametrize("script, named", [
    ("CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS "
     "$$ BEGIN NEW.status := 'active'; RETURN NEW; END $$; CREATE TRIGGER keep_active "
     "BEFORE UPDATE ON agents FOR EACH ROW EXECUTE FUNCTION undo()", "trigger keep_active on agents"),
    ("CREATE RULE keep AS ON DELETE TO permissions DO INSTEAD NOTHING", "rule keep on permissions"),
    ("CREATE VIEW report AS SELECT * FROM agents", "view report"),
], ids=["trigger", "rule", "view"])
def test_a_dump_of_postgresql_with_what_is_not_ours_is_left_alone(sqlite_launch, postgres_cluster,
                                                                  script, named):
    server = sqlite_launch(database=postgres_cluster.fresh_database())
    server.register()
    assert server.stop() == 0
    name = server.database.rsplit("/", 1)[1]
    postgres_cluster.query(script, name)
    dump = postgres_cluster.dump(server.database)

    server.database = postgres_cluster.fresh_database()
    postgres_cluster.load(dump, server.database)
    refused = restore(server, "--in-place")
    assert refused.returncode == 1 and refused.stdout == ""
    assert named in only_line(refused.stderr)
    def content(text):
        return [line for line in text.splitlines() if not line.startswith("\\")]

    assert content(postgres_cluster.dump(server.database)) == content(dump)
