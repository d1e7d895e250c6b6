"""docs/guide/gateways.md does what it says: its commands, one after the other, as they stand."""

import os
import re
import signal
import socket
import subprocess

from harness.binary import REPOSITORY, binary, clean_environment
from harness.gateways import EXAMPLES

GUIDE = REPOSITORY / "docs" / "guide" / "gateways.md"


def free_ports(count: int) -> list:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def with_ports(text: str, ports: dict) -> str:
    for port, ours in ports.items():
        assert re.search(rf"\b{port}\b", text), port
        text = re.sub(rf"\b{port}\b", str(ours), text)
    return text


def test_every_command_of_it_works(tmp_path):
    ports = dict(zip(("8000", "8080", "9000", "9001"), free_ports(4)))
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.M | re.S))
    script = with_ports(script, ports).replace(
        "agentauth serve", f"agentauth serve --bcrypt-cost 10 --listen 127.0.0.1:{ports['8000']}")
    expected = re.findall(r"# (hello|sunny|40[13] \w+)$", script, re.M)
    assert len(expected) == 7
    tools, examples, trial = tmp_path / "tools", tmp_path / "examples", tmp_path / "trial"
    for folder in (tools, examples, trial):
        folder.mkdir()
    (tools / "agentauth").symlink_to(binary())
    here = {port: ours for port, ours in ports.items() if port != "9001"}
    (examples / "nginx.conf").write_text(with_ports((EXAMPLES / "nginx.conf").read_text(), here))
    shell = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", script], cwd=trial, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env=clean_environment(PATH=f"{tools}:{os.environ['PATH']}:/usr/sbin",
                              EXAMPLES=str(examples), AGENTAUTH_BCRYPT_COST="10"))
    try:
        output, _ = shell.communicate(timeout=60)
    finally:
        end_what_is_left(shell, trial)
    assert shell.returncode == 0, output
    found = re.findall(r"^(hello|sunny|40[13] \w+)$", output, re.M)
    assert found == expected, output
    assert f'"address":"127.0.0.1:{ports["9001"]}"' in output


def end_what_is_left(shell, folder) -> None:
    """Of a trial that failed on its way."""
    pids = [int(file.read_text()) for file in folder.rglob("*.pid") if file.read_text().strip()]
    for end, pid in [*((os.kill, pid) for pid in pids), (os.killpg, shell.pid)]:
        try:
            end(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
