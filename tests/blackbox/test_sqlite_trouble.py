"""The embedded database locked, on a full disk, or corrupt: told as it is, nothing half-made."""

import resource
import signal
import sqlite3
import threading
import time

import pytest

from harness.problems import problem
from harness.server import Server, StartFailed, wait_until

BODY = {"agent_name": "Unlucky", "owner_email": "unlucky@example.com"}


def database_file(server):
    return server.data_dir / "agentauth.db"


def count_agents(server) -> int:
    return len(server.administrator().get("/agents?limit=1000").json()["items"])


class TestALockThatSomebodyHolds:
    @pytest.fixture
    def locked(self, sqlite_launch):
        server = sqlite_launch()
        admin, agent = server.administrator(), server.register_with("read_weather")
        assert admin.token and agent.token
        lock = sqlite3.connect(database_file(server), isolation_level=None,
                               check_same_thread=False)
        lock.execute("BEGIN IMMEDIATE")
        yield server, admin, agent, lock
        lock.close()

    def test_refuses_writes_with_503_and_not_for_ever(self, locked):
        server, admin, agent, lock = locked
        begin = time.monotonic()
        problem(server.post("/agents/register", BODY), 503, "unavailable")
        problem(admin.post(f"{agent.path}/suspend"), 503, "unavailable")
        assert time.monotonic() - begin < 30
        assert agent.get("/data/weather").status_code == 200
        lock.execute("ROLLBACK")
        assert admin.get(agent.path).json()["status"] == "active"
        assert server.post("/agents/register", BODY).status_code == 201

    def test_delays_a_write_that_can_wait(self, locked):
        server, _, _, lock = locked
        timer = threading.Timer(0.5, lock.execute, ["ROLLBACK"])
        timer.start()
        assert server.post("/agents/register", BODY).status_code == 201
        timer.join()


class TestAFullDisk:
    """RLIMIT_FSIZE is the disk that is full: no file of the server may grow any more."""

    @pytest.fixture
    def full(self):
        server = Server().start()  # which ignores SIGXFSZ by itself
        admin, agent = server.administrator(), server.register_with("read_weather")
        assert admin.token and agent.token
        yield server, admin, agent
        self.room(server, resource.RLIM_INFINITY)
        server.close()

    @staticmethod
    def room(server, limit):
        hard = resource.RLIM_INFINITY
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (limit, hard))

    def fill(self, server):
        files = [path for path in server.data_dir.iterdir() if path.name.startswith("agentauth.db")]
        self.room(server, max(path.stat().st_size for path in files) + 1)

    def test_refuses_writes_with_503_and_makes_no_half_change(self, full):
        server, admin, agent = full
        before, snapshot = count_agents(server), admin.snapshot(agent)
        self.fill(server)
        for _ in range(3):
            problem(server.post("/agents/register", BODY), 503, "unavailable")
        problem(admin.post(f"{agent.path}/suspend"), 503, "unavailable")
        problem(admin.delete(agent.path), 503, "unavailable")
        # Reads and decisions go on.
        assert agent.get("/data/weather").status_code == 200
        assert admin.snapshot(agent) == snapshot
        assert count_agents(server) == before
        # There is room again: nothing has to be restarted.
        self.room(server, resource.RLIM_INFINITY)
        wait_until(lambda: server.post("/agents/register", BODY).status_code == 201)
        server.restart()
        assert count_agents(server) == before + 1
        assert admin.snapshot(agent) == snapshot


class TestACorruptDatabase:
    @pytest.mark.parametrize("spoil", ["rubbish", "header", "pages", "cut", "text"])
    def test_stops_the_start_with_a_word_or_is_answered_503(self, sqlite_launch, spoil):
        server = sqlite_launch()
        for _ in range(20):
            server.register()
        server.stop()
        file = database_file(server)
        good = file.read_bytes()
        for suffix in ("-wal", "-shm"):  # or the log would heal what is spoilt
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        file.write_bytes({
            "rubbish": bytes(range(256)) * 64, "header": b"\xff" * 100 + good[100:],
            "pages": good[:4096] + b"\xa5" * (len(good) - 4096), "cut": good[:len(good) // 2],
            "text": b"this is not a database\n" * 500,
        }[spoil])
        try:
            server.start()
        except StartFailed as failure:
            assert failure.code == 1, "a refusal, not a crash"
            assert "agentauth.db" in failure.stderr or "database" in failure.stderr
            return
        answer = server.post("/agents/register", BODY)
        assert answer.status_code in (500, 503)
        assert server.get("/healthz").status_code == 200

    def test_under_the_running_server_is_no_crash(self, sqlite_launch):
        server = sqlite_launch()
        admin = server.administrator()
        assert admin.token
        file = database_file(server)
        with open(file, "r+b") as raw:
            raw.seek(0)
            raw.write(b"\xa5" * file.stat().st_size)
        wal = file.with_name(file.name + "-wal")
        if wal.exists():
            with open(wal, "r+b") as raw:
                raw.write(b"\xa5" * wal.stat().st_size)
        for _ in range(5):
            answer = server.post("/agents/register", BODY)
            assert answer.status_code in (201, 500, 503)  # 201: still in memory
            admin.get("/agents")
        assert server.is_running()

    def test_of_a_newer_version_is_not_touched(self, sqlite_launch):
        server = sqlite_launch()
        server.register()
        server.stop()
        with sqlite3.connect(database_file(server)) as database:
            tables = {name for (name,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'")}
            (table,) = [name for name in tables if "migration" in name] or ["schema_version"]
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            number = next(name for name in columns if name in ("version", "number", "id"))
            row = dict(zip(columns, database.execute(
                f"SELECT * FROM {table} ORDER BY {number} DESC LIMIT 1").fetchone()))
            row[number] = 9999
            marks = ", ".join("?" * len(columns))
            database.execute(f"INSERT INTO {table} VALUES ({marks})", list(row.values()))
        with pytest.raises(StartFailed) as failure:
            server.start()
        assert failure.value.code == 1
        assert "newer" in failure.value.stderr or "version" in failure.value.stderr


def test_a_data_directory_that_vanishes_is_no_crash(sqlite_launch):
    server = sqlite_launch()
    assert server.administrator().token
    database_file(server).rename(server.root / "elsewhere.db")
    server.post("/agents/register", BODY)
    assert server.get("/healthz").status_code == 200
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=20) in (0, 1)
