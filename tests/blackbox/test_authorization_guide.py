"""docs/guide/authorization.md does what it says: its commands, one after the other, as they stand."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.binary import binary, clean_environment
from test_operations_guide import end_what_is_left, free_ten

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "authorization.md"


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("jq"), reason="curl or jq is missing")
def test_every_command_of_it_works(tmp_path):
    tools, folder = tmp_path / "tools", tmp_path / "trial"
    tools.mkdir()
    folder.mkdir()
    (tools / "agentauth").symlink_to(binary())
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.M | re.S))
    assert "8001" in script
    script = script.replace("8001", f"{free_ten()}1")
    environment = clean_environment(PATH=f"{tools}:{os.environ['PATH']}", AGENTAUTH_BCRYPT_COST="10")
    shell = subprocess.Popen(["bash", "-euo", "pipefail", "-c", script], cwd=folder,
                             env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        output, _ = shell.communicate(timeout=120)
    finally:
        end_what_is_left(shell, folder)
    assert shell.returncode == 0, output
    assert output.count("granted\n") == 6 and output.count("denied\n") == 1, output
