"""Starts, watches, stops and restarts one real `agentauth serve`."""

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import requests

from harness.agent import Agent
from harness.binary import binary, clean_environment, run

READY = re.compile(r"^agentauth ready on (https?)://([^\s:]+|\[[^\]]+\]):(\d+)$", re.MULTILINE)
START_SECONDS_MAX = 30
CALL_SECONDS_MAX = 30
_numbers = itertools.count(1)


class StartFailed(RuntimeError):
    """The process ended before it was ready."""

    def __init__(self, code: int, stderr: str):
        super().__init__(f"exit code {code}: {stderr}")
        self.code = code
        self.stderr = stderr


class Server:
    """One server process with a data directory of its own.

    `database` is a URL, or None for the default (SQLite in the data directory).
    """

    def __init__(self, *options, database=None, environment=None, root=None, verify=None,
                 **popen_options):
        self.root = Path(root or tempfile.mkdtemp(prefix="agentauth-blackbox-"))
        self.data_dir = self.root / "data"
        self.database = database
        self.options = [str(option) for option in options]
        self.environment = environment or {}
        self.process = None
        self.url = self.port = self.start_output = None
        self.verify = verify
        self._popen_options = popen_options
        self._sessions = threading.local()
        self._administrator = None

    # Life and death.

    @property
    def database_options(self) -> list:
        return ["--database", self.database] if self.database else []

    def command(self) -> list:
        defaults = {"--listen": "127.0.0.1:0", "--bcrypt-cost": "10"}
        given = [part for name, value in defaults.items() if name not in self.options
                 for part in (name, value)]
        return [binary(), "serve", "--data-dir", str(self.data_dir), *self.database_options,
                *given, *self.options]

    def launch(self) -> "Server":
        """Starts the process and does not wait for it."""
        stdout, stderr = self.root / "stdout.log", self.root / "stderr.log"
        self._stdout_from = stdout.stat().st_size if stdout.exists() else 0
        with open(stdout, "ab") as out, open(stderr, "ab") as err:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env=clean_environment(**self.environment), cwd=self.root, **self._popen_options)
        return self

    def wait_ready(self) -> "Server":
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            code = self.process.poll()
            output = self.stdout()[self._stdout_from:]
            ready = READY.search(output)
            if ready:
                self.start_output = output
                self.port = int(ready.group(3))
                self.url = f"{ready.group(1)}://127.0.0.1:{self.port}"
                return self
            if code is not None:
                raise StartFailed(code, self.stderr())
            time.sleep(0.01)
        self.kill()
        raise StartFailed(-1, f"not ready after {START_SECONDS_MAX} s; {self.stderr()}")

    def start(self) -> "Server":
        return self.launch().wait_ready()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self, seconds=20) -> int:
        """SIGTERM, then the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=seconds)

    def kill(self) -> None:
        """kill -9: no drain, no goodbye."""
        self.process.kill()
        self.process.wait(timeout=20)

    def restart(self) -> "Server":
        if self.is_running():
            assert self.stop() == 0, self.stderr()
        return self.start()

    def close(self) -> None:
        """Ends the server and removes its files. A server that died by itself is a failure."""
        code = None
        if self.process is not None:
            try:
                code = self.stop() if self.is_running() else self.process.returncode
            except subprocess.TimeoutExpired:
                self.kill()
                code = "did not stop on SIGTERM"
        stderr = self.stderr()
        shutil.rmtree(self.root, ignore_errors=True)
        assert code in (None, 0, 1, 2, -signal.SIGKILL), f"server ended with {code}: {stderr}"

    def stdout(self) -> str:
        return _text(self.root / "stdout.log")

    def stderr(self) -> str:
        return _text(self.root / "stderr.log")

    def log_lines(self) -> list:
        """The log, parsed: one JSON object a line."""
        return [json.loads(line) for line in self.stderr().splitlines() if line.strip()]

    # Talking to it.

    @property
    def session(self) -> requests.Session:
        # One session per thread: requests does not promise more.
        if not hasattr(self._sessions, "session"):
            self._sessions.session = requests.Session()
            self._sessions.session.trust_env = False
        return self._sessions.session

    def call(self, method: str, path: str, token=None, headers=None, **arguments):
        headers = dict(headers or {})
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        arguments.setdefault("timeout", CALL_SECONDS_MAX)
        if self.verify is not None:
            arguments.setdefault("verify", self.verify)
        return self.session.request(method, self.url + path, headers=headers,
                                    allow_redirects=False, **arguments)

    def get(self, path: str, **arguments):
        return self.call("GET", path, **arguments)

    def post(self, path: str, body=None, **arguments):
        if body is not None:
            arguments["json"] = body
        return self.call("POST", path, **arguments)

    def login(self, api_key):
        return self.post("/auth/login", {"api_key": api_key})

    def register(self, name=None, owner="owner@example.com", **arguments) -> Agent:
        body = {"agent_name": name or f"agent-{next(_numbers)}", "owner_email": owner}
        answer = self.post("/agents/register", body, **arguments)
        assert answer.status_code == 201, f"{answer.status_code} {answer.text}"
        return Agent(self, answer.json()["agent_id"], answer.json()["api_key"])

    def register_with(self, *permissions, **arguments) -> Agent:
        """A new agent that the administrator has granted `permissions`."""
        agent = self.register(**arguments)
        for permission in permissions:
            self.administrator().grant(agent, permission)
        return agent

    def command_line(self, *arguments, **options) -> subprocess.CompletedProcess:
        """`agentauth ARGUMENTS` against this server's database, server running or not."""
        key_file = [part for name, value in zip(self.options, self.options[1:])
                    if name == "--master-key-file" for part in (name, value)]
        options["environment"] = {"AGENTAUTH_BCRYPT_COST": "10", **options.get("environment", {})}
        return run(*arguments, "--data-dir", self.data_dir, *self.database_options, *key_file,
                   **options)

    def create_administrator(self, name="admin") -> Agent:
        result = self.command_line("admin", "create", name, "--json")
        assert result.returncode == 0, result.stderr
        created = json.loads(result.stdout)
        return Agent(self, created["agent_id"], created["api_key"])

    def administrator(self) -> Agent:
        """This server's own administrator, made by the command line at first use."""
        if self._administrator is None:
            self._administrator = self.create_administrator()
        return self._administrator


def new_master_key(path: Path) -> Path:
    """Writes a master key that no other account may read, as the server demands."""
    path.write_bytes(os.urandom(32))
    path.chmod(0o600)
    return path


def wait_until(condition, seconds=10.0, every=0.02):
    """Waits for `condition()` to be true and returns the seconds that took."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < seconds, f"still not so after {seconds} s"
        time.sleep(every)
    return time.monotonic() - begin


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
