"""Finds the agentauth binary and runs its short-lived commands."""

import ctypes
import os
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]


def binary() -> str:
    """AGENTAUTH_BINARY, else the release build."""
    path = Path(os.environ.get("AGENTAUTH_BINARY") or REPOSITORY / "build/release/agentauth")
    path = path if path.is_absolute() else REPOSITORY / path
    if not os.access(path, os.X_OK):
        raise RuntimeError(
            f"no agentauth binary at {path}: run script/build, or set AGENTAUTH_BINARY"
        )
    return str(path)


def clean_environment(**extra: str) -> dict:
    """The caller's environment without any AGENTAUTH_ setting of theirs, plus `extra`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AGENTAUTH_")}
    return {**kept, **extra}


def run(*arguments, environment=None, timeout=20, cwd=None,
        **popen_options) -> subprocess.CompletedProcess:
    """Runs `agentauth ARGUMENTS` to its end and returns code, stdout and stderr as text."""
    return subprocess.run(
        [binary(), *map(str, arguments)],
        env=clean_environment(**(environment or {})),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=cwd,
        check=False,
        **popen_options,
    )


def obey_modes() -> None:
    """A preexec_fn for root, to whom modes mean nothing: what it runs next has to obey them."""
    if os.geteuid() != 0:
        return
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    drop_from_bounding_set, dac_override, dac_read_search = 24, 1, 2
    for capability in dac_override, dac_read_search:
        assert prctl(drop_from_bounding_set, capability, 0, 0, 0) == 0, ctypes.get_errno()


def only_line(text: str) -> str:
    """The one line of an error message. More than one, or none, is a failure."""
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) == 1, f"expected exactly one line, got: {text!r}"
    return lines[0]
