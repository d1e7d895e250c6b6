"""What the operating system knows about processes: where they run and what they cost."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

SERVER_CORE = 0
CLIENT_CORE = 1
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def pinned(core: int) -> list[str]:
    """The prefix that keeps a command and its children on one core."""
    return ["taskset", "-c", str(core)]


def as_unprivileged() -> list[str]:
    """The prefix for programs that refuse to run as root (PostgreSQL)."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"]


def scratch_directory(name: str) -> Path:
    """A new directory that unprivileged children may enter."""
    path = Path(tempfile.mkdtemp(prefix=f"agentauth-bench-{name}-"))
    path.chmod(0o755)
    if os.geteuid() == 0:
        shutil.chown(path, "postgres")
    return path


def stat_fields(pid: int) -> list[str]:
    text = Path(f"/proc/{pid}/stat").read_text()
    # The name in parentheses may hold spaces; what follows it is numbers, from field 3 on.
    return text[text.rindex(")") + 2 :].split()


def process_tree(root: int) -> list[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                children.setdefault(int(stat_fields(int(entry))[1]), []).append(int(entry))
            except (FileNotFoundError, ProcessLookupError):
                continue
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting.extend(children.get(pid, []))
    return found


def cpu_seconds(roots: list[int]) -> float:
    """User and system time of process trees since they started, reaped children included."""
    ticks = 0
    for root in roots:
        for pid in process_tree(root):
            try:
                fields = stat_fields(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue
            ticks += sum(int(field) for field in fields[11:15])  # utime stime cutime cstime
    return ticks / TICKS_PER_SECOND


def busy_seconds() -> float:
    """What all cores did since boot, interrupts and what the hypervisor took included."""
    user, nice, system, _, _, irq, softirq, steal = Path("/proc/stat").read_text().split()[1:9]
    return sum(map(int, (user, nice, system, irq, softirq, steal))) / TICKS_PER_SECOND


def own_seconds() -> float:
    """CPU time of this program and of the children it has waited for (wrk)."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


@dataclass(frozen=True)
class Memory:
    resident_mb: float
    proportional_mb: float


def memory_of(pid: int) -> Memory:
    """VmRSS and PSS of one process, in 10^6 bytes."""
    sizes = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, kibibytes = line.split()[:2]
        sizes[name.rstrip(":")] = int(kibibytes) * 1024 / 1e6
    return Memory(resident_mb=sizes["Rss"], proportional_mb=sizes["Pss"])


def peak_memory_mb(pid: int) -> float:
    """The most that was ever resident (VmHWM), in 10^6 bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"/proc/{pid}/status has no VmHWM")


def stop(process: subprocess.Popen, grace_seconds: float = 10) -> None:
    """Ends a child we started: politely first."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def describe() -> dict[str, str]:
    """What a reader needs to know about the machine to judge absolute numbers."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory_kib = int(Path("/proc/meminfo").read_text().split()[1])
    release = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line
    )
    return {
        "CPU": model,
        "cores": str(os.cpu_count()),
        "memory": f"{memory_kib * 1024 / 1e9:.0f} GB",
        "system": f"{release['PRETTY_NAME'].strip(chr(34))}, Linux {os.uname().release}",
    }
