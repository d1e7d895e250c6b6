"""docs/guide/authorization.md does what it says: its commands, one after the other, as they stand."""

import os
import re
import subprocess
from pathlib import Path

from harness.binary import binary, clean_environment
from harness.gateways import EXAMPLES
from test_gateways_guide import free_ports, with_ports
from test_operations_guide import end_what_is_left

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "authorization.md"


def test_every_command_of_it_works(tmp_path):
    tools, examples, folder = tmp_path / "tools", tmp_path / "examples", tmp_path / "trial"
    for new in (tools, examples, folder):
        new.mkdir()
    (tools / "agentauth").symlink_to(binary())
    ports = dict(zip(("8001", "8080", "9000"), free_ports(3)))
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.M | re.S))
    script = with_ports(script, ports)
    gateway = {port: ours for port, ours in ports.items() if port != "8001"}
    (examples / "nginx.conf").write_text(with_ports((EXAMPLES / "nginx.conf").read_text(), gateway))
    environment = clean_environment(PATH=f"{tools}:{os.environ['PATH']}:/usr/sbin",
                                    EXAMPLES=str(examples), AGENTAUTH_BCRYPT_COST="10")
    # Into a file: nginx would hold a pipe open where a command before its end fails.
    with open(tmp_path / "output", "w+", encoding="utf-8") as written:
        shell = subprocess.Popen(["bash", "-euo", "pipefail", "-c", script], cwd=folder,
                                 env=environment, stdin=subprocess.DEVNULL, stdout=written,
                                 stderr=subprocess.STDOUT, start_new_session=True)
        try:
            shell.wait(timeout=120)
        finally:
            end_what_is_left(shell, folder)
        written.seek(0)
        output = written.read()
    assert shell.returncode == 0, output
    lines = output.splitlines()
    assert output.count("granted\n") == 6 and lines.count("denied") == 1, output
    behind_nginx = ["200 allowed", "Sun over Berlin", "403 permission_denied", "200 allowed",
                    "Rain over Paris"]
    assert [line for line in lines if line in behind_nginx] == behind_nginx, output
