"""A PostgreSQL cluster of the tests' own: free port, temporary directory, no privileges."""

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

BIN = Path(os.environ.get("AGENTAUTH_POSTGRES_BIN", "/usr/lib/postgresql/15/bin"))
_names = itertools.count(1)


class PostgresCluster:
    """`durable=False` switches fsync off: faster, and right for all but durability tests."""

    def __init__(self, durable: bool):
        if not (BIN / "initdb").exists():
            raise RuntimeError(f"PostgreSQL 15 is missing: no {BIN}/initdb. "
                               "Install the package postgresql-15 (script/bootstrap does).")
        self._durable = durable
        self._root = Path(tempfile.mkdtemp(prefix="agentauth-postgres-"))
        self._data = self._root / "data"
        self._account = _unprivileged_account()
        self._process = None
        if self._account:
            os.chown(self._root, self._account.pw_uid, self._account.pw_gid)
        self._make()
        self.port = _free_port()
        self.start()

    def url(self, database: str) -> str:
        return f"postgresql://agentauth@127.0.0.1:{self.port}/{database}"

    def fresh_database(self) -> str:
        """Creates an empty database and returns its URL."""
        name = f"agentauth_{next(_names)}"
        self.query(f"CREATE DATABASE {name}", database="postgres")
        return self.url(name)

    def query(self, sql: str, database: str) -> str:
        return self._run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql,
                         self.url(database)).strip()

    def dump(self, url: str) -> str:
        """Everything that is stored in one database, as text."""
        return self._run("pg_dump", "--inserts", url)

    def load(self, dump: str, url: str) -> None:
        """What dump() gave, into an empty database."""
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(dump)
            file.flush()
            os.chmod(file.name, 0o644)
            self._run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file.name, url)

    def start(self) -> None:
        for _ in range(5):
            self._launch()
            if self._wait_ready():
                return
            # Somebody took the port between our look and PostgreSQL's: try another.
            self.port = _free_port()
        raise RuntimeError("PostgreSQL did not start: " + self._log())

    def stop(self) -> None:
        """Fast shutdown: clients are disconnected."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """Immediate shutdown: nothing is flushed, the next start recovers from the log."""
        self._end(signal.SIGQUIT)

    def freeze(self) -> None:
        """Stops every process of the cluster in mid-air, so it accepts and never answers."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def close(self) -> None:
        if self._process and self._process.poll() is None:
            self.thaw()
            self._end(signal.SIGQUIT)
        shutil.rmtree(self._root, ignore_errors=True)

    def kill(self) -> None:
        """Every process at once and for good, like a machine that is lost."""
        self._signal_all(signal.SIGKILL)
        self._process.wait(timeout=30)

    def _make(self) -> None:
        self._run("initdb", "-D", self._data, "-U", "agentauth", "-A", "trust", "-E", "UTF8",
                  "--locale=C.UTF-8", "--no-sync")

    def _launch(self) -> None:
        options = {
            "listen_addresses": "127.0.0.1", "port": self.port, "max_connections": 200,
            "unix_socket_directories": self._root, "shared_buffers": "32MB",
            "fsync": "on" if self._durable else "off", "autovacuum": "off",
        }
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with open(self._root / "log", "ab") as log:
            self._process = subprocess.Popen([BIN / "postgres", "-D", self._data, *flags],
                                             stdout=log, stderr=log, **self._identity())

    def _wait_ready(self, seconds=20) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._process.poll() is None:
            ready = subprocess.run([BIN / "pg_isready", "-q", "-h", "127.0.0.1",
                                    "-p", str(self.port)], check=False)
            if ready.returncode == 0:
                return True
            time.sleep(0.05)
        return False

    def _end(self, how: signal.Signals) -> None:
        self._process.send_signal(how)
        self._process.wait(timeout=30)

    def _signal_all(self, how: signal.Signals) -> None:
        for pid in [self._process.pid, *_children(self._process.pid)]:
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                pass  # a backend that has just ended

    def _run(self, tool: str, *arguments) -> str:
        done = subprocess.run([BIN / tool, *map(str, arguments)], capture_output=True, text=True,
                              check=False, cwd=self._root, **self._identity())
        if done.returncode != 0:
            raise RuntimeError(f"{tool} failed: {done.stderr}")
        return done.stdout

    def _identity(self) -> dict:
        if not self._account:
            return {}
        return {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}

    def _log(self) -> str:
        return (self._root / "log").read_text(errors="replace")[-2000:]


def _unprivileged_account():
    """PostgreSQL refuses to run as root; then it runs as `postgres`, or as `nobody`."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("no account postgres or nobody to run PostgreSQL as")


def _children(parent: int) -> list:
    """From /proc: ps(1) is not on every machine."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = stat.read_text().split(" (", 1)
            if int(rest.rsplit(") ", 1)[1].split()[1]) == parent:
                found.append(int(pid))
        except OSError:
            pass  # it has just ended
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
