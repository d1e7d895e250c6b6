"""docs/guide/operations.md does what it says: its commands, one after the other, as they stand."""

import os
import random
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from harness.binary import binary, clean_environment
from harness.postgres import PostgresCluster

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "operations.md"


@pytest.fixture
def cluster():
    """Whose superuser is postgres, as Debian's is; the guide makes the role and the database."""
    cluster = PostgresCluster(durable=False)
    cluster.query("CREATE ROLE postgres SUPERUSER LOGIN", database="postgres")
    as_postgres(cluster, "ALTER ROLE agentauth RENAME TO somebody_else")
    yield cluster
    cluster.close()


def as_postgres(cluster, sql):
    subprocess.run(["psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(cluster.port),
                    "-U", "postgres", "-c", sql], check=True)


@pytest.fixture
def tools(cluster, tmp_path):
    """For the PATH: the binary under its name, and a sudo that leads to the cluster."""
    folder = tmp_path / "tools"
    folder.mkdir()
    (folder / "agentauth").symlink_to(binary())
    (folder / "sudo").write_text("#!/bin/sh\nshift 2\n"
                                 f"PGHOST=127.0.0.1 PGPORT={cluster.port} PGUSER=postgres exec \"$@\"\n")
    (folder / "sudo").chmod(0o755)
    return folder


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_ten() -> int:
    """The first digits of ports that nobody else has: below the ephemeral ones."""
    while True:
        ten = random.randrange(2000, 3200)
        if all(is_free(ten * 10 + last) for last in range(6)):
            return ten


def commands(database_port: int) -> str:
    """All of them as one script, with ports that nobody else has."""
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.M | re.S))
    ten = free_ten()
    script = re.sub(r"\b800(?=[123$])", str(ten), script)
    for port, ours in (("5432", database_port), ("6390", f"{ten}4"), ("8443", f"{ten}5")):
        assert port in script
        script = script.replace(port, str(ours))
    return script


def test_every_command_of_it_works(cluster, tools, tmp_path):
    folder = tmp_path / "trial"
    folder.mkdir()
    path = f"{tools}:{os.environ['PATH']}:/usr/sbin"
    shell = subprocess.Popen(["bash", "-euo", "pipefail", "-c", commands(cluster.port)], cwd=folder,
                             env=clean_environment(PATH=path, AGENTAUTH_BCRYPT_COST="10"),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        output, _ = shell.communicate(timeout=180)
    finally:
        end_what_is_left(shell, folder)
    assert shell.returncode == 0, output
    assert output.count("allowed") == 9
    assert '"event":"restart_needed"' in output and '"trace_id":"' in output


def end_what_is_left(shell, folder) -> None:
    """Of a trial that failed on its way."""
    pids = [int(file.read_text()) for file in folder.rglob("*.pid") if file.read_text().strip()]
    # By name first: nginx and Redis have left the group.
    ends = [(os.kill, pid, signal.SIGTERM) for pid in pids]
    for end, pid, how in [*ends, (os.killpg, shell.pid, signal.SIGKILL)]:
        try:
            end(pid, how)
        except ProcessLookupError:
            pass
