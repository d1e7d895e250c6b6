"""The servers that are compared, nginx and the reference stack, and those that are stood on."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Iterator

import machine
from client import Client

POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")
REFERENCE = Path(__file__).resolve().parents[1] / "reference"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(process: subprocess.Popen, port: int, log: Path, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args} did not start:\n{log.read_text()[-2000:]}")


NGINX = """\
worker_processes 1;
daemon off;
pid {directory}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  default_type application/json;
  server {{
    listen 127.0.0.1:{port};
{locations}
  }}
}}
"""


@contextlib.contextmanager
def nginx(directory: Path, answers: dict[str, str]) -> Iterator[tuple[str, int]]:
    """nginx on one core that answers each path with a fixed body. Gives URL and process id."""
    port = free_port()
    home = directory / f"nginx-{port}"
    home.mkdir()
    locations = "\n".join(
        f"    location = {path} {{ return 200 '{body}'; }}" for path, body in answers.items()
    )
    config = home / "nginx.conf"
    config.write_text(NGINX.format(directory=home, port=port, locations=locations))
    log = home / "log"
    command = machine.pinned(machine.SERVER_CORE) + ["/usr/sbin/nginx", "-c", str(config)]
    process = subprocess.Popen(command, stdout=log.open("w"), stderr=subprocess.STDOUT)
    try:
        wait_for_port(process, port, log)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        machine.stop(process)


@contextlib.contextmanager
def postgresql(directory: Path) -> Iterator[tuple[str, int]]:
    """PostgreSQL of its own on a Unix socket. Gives its SQLAlchemy URL and process id."""
    data = directory / "postgres"
    log = directory / "postgres.log"
    run = machine.as_unprivileged()
    options = ["-D", str(data), "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    # cwd: a directory that an unprivileged user can enter, whatever the caller's is.
    subprocess.run(
        run + [str(POSTGRES_BIN / "initdb"), *options], check=True, cwd="/", capture_output=True
    )
    command = machine.pinned(machine.SERVER_CORE) + run + [str(POSTGRES_BIN / "postgres")]
    command += ["-D", str(data), "-k", str(directory), "-c", "listen_addresses="]
    process = subprocess.Popen(command, cwd="/", stdout=log.open("w"), stderr=subprocess.STDOUT)
    try:
        wait_for_postgresql(process, directory, log)
        yield f"postgresql://bench@/postgres?host={directory}", process.pid
    finally:
        machine.stop(process)
        shutil.rmtree(data)  # the next group of the run has one of its own


@contextlib.contextmanager
def redis(directory: Path) -> Iterator[str]:
    """Redis of its own that keeps nothing on disk. Gives its URL."""
    port = free_port()
    log = directory / f"redis-{port}.log"
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    command += ["--appendonly", "no", "--dir", str(directory)]
    process = subprocess.Popen(command, stdout=log.open("w"), stderr=subprocess.STDOUT)
    try:
        wait_for_port(process, port, log)
        yield f"redis://127.0.0.1:{port}"
    finally:
        machine.stop(process)


def wait_for_postgresql(process: subprocess.Popen, directory: Path, log: Path) -> None:
    probe = [str(POSTGRES_BIN / "pg_isready"), "-q", "-h", str(directory), "-U", "bench"]
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        if subprocess.run(probe, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()[-2000:]}")


class Reference:
    """The reference stack, running: its address, its processes, and SQL for what it has no call for."""

    def __init__(self, url: str, pids: tuple[int, ...], socket_directory: Path):
        self.url = url
        self.pids = pids
        self.socket_directory = socket_directory

    def sql(self, statement: str) -> None:
        command = [str(POSTGRES_BIN / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-U", "bench"]
        command += ["-h", str(self.socket_directory), "-d", "postgres", "-c", statement]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)

    def fill(self, agents: int, bcrypt_hash: str) -> None:
        """Agents that nobody logs in as. All may share a hash: checking it costs the same."""
        self.sql(
            "INSERT INTO agents (agent_name, owner_email, api_key_hash) "
            f"SELECT 'agent ' || n, 'bench@example.com', '{bcrypt_hash}' "
            f"FROM generate_series(1, {agents}) n"
        )

    def empty(self) -> None:
        self.sql("TRUNCATE permissions, agents")

    def grant(self, agent_id: str, permission: str) -> None:
        self.sql(
            f"INSERT INTO permissions (agent_id, permission) VALUES ('{agent_id}', '{permission}')"
        )


@contextlib.contextmanager
def reference(directory: Path, bcrypt_cost: int) -> Iterator[Reference]:
    """uvicorn and its PostgreSQL, sharing one core."""
    port = free_port()
    log = directory / "uvicorn.log"
    with postgresql(directory) as (database_url, database_pid):
        environment = os.environ | {
            "DATABASE_URL": database_url,
            "JWT_SECRET": os.urandom(32).hex(),
            "BCRYPT_COST": str(bcrypt_cost),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = machine.pinned(machine.SERVER_CORE) + ["/usr/bin/python3", "-m", "uvicorn"]
        command += ["app:app", "--port", str(port), "--loop", "uvloop", "--http", "httptools"]
        command += ["--no-access-log", "--log-level", "warning"]
        process = subprocess.Popen(
            command, cwd=REFERENCE, env=environment, stdout=log.open("w"), stderr=subprocess.STDOUT
        )
        try:
            wait_for_port(process, port, log)
            url = f"http://127.0.0.1:{port}"
            Client(url).expect(200, "GET", "/openapi.json")
            yield Reference(url, (process.pid, database_pid), directory)
        finally:
            machine.stop(process)
