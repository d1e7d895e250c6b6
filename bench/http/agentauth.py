"""The server under test, as its command line and its HTTP interface present it."""

import contextlib
import json
import os
import select
import subprocess
import time
from pathlib import Path
from typing import Iterator

import machine
from client import Client

BINARY = Path(__file__).resolve().parents[2] / "build" / "release" / "agentauth"
READY_LINE = "agentauth ready on "
# Whatever the caller's environment configures is not what is measured.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("AGENTAUTH_")}


class AgentAuth:
    """A running server."""

    def __init__(self, process: subprocess.Popen, url: str, start_seconds: float):
        self.process = process
        self.url = url
        self.start_seconds = start_seconds  # from exec to the ready line
        self.pids = (process.pid,)

    @property
    def client(self) -> Client:
        return Client(self.url)


def start(data_dir: Path, *options: str, core: int | None = machine.SERVER_CORE) -> AgentAuth:
    """Starts the server on a free port and waits for its ready line."""
    command = machine.pinned(core) if core is not None else []
    command += [str(BINARY), "serve", "--listen", "127.0.0.1:0", "--data-dir", str(data_dir)]
    log = (data_dir.parent / f"{data_dir.name}.log").open("w")
    started = time.monotonic()
    process = subprocess.Popen(
        command + list(options), stdout=subprocess.PIPE, stderr=log, text=True, env=ENVIRONMENT
    )
    try:
        url = wait_until_ready(process)
    except BaseException:
        machine.stop(process)
        raise
    return AgentAuth(process, url, time.monotonic() - started)


def wait_until_ready(process: subprocess.Popen, seconds: float = 120) -> str:
    deadline = time.monotonic() + seconds
    while select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
        line = process.stdout.readline()
        if line.startswith(READY_LINE):
            return line.removeprefix(READY_LINE).strip()
        if not line:
            raise RuntimeError(f"{process.args} ended before it was ready")
    raise RuntimeError(f"{process.args} was not ready within {seconds} s")


@contextlib.contextmanager
def running(
    data_dir: Path, *options: str, core: int | None = machine.SERVER_CORE
) -> Iterator[AgentAuth]:
    server = start(data_dir, *options, core=core)
    try:
        yield server
    finally:
        machine.stop(server.process)


def create_administrator(data_dir: Path, *options: str) -> str:
    """The API key of a new administrator. Creates the database when there is none."""
    command = [str(BINARY), "admin", "create", "bench-admin", "--json", "--data-dir", str(data_dir)]
    command += options
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT)
    return json.loads(done.stdout)["api_key"]


def new_data_dir(directory: Path, name: str) -> Path:
    path = directory / name
    path.mkdir(mode=0o700)
    return path
