"""The permission check in process, from the micro benchmarks in C++."""

import json
import re
import subprocess

import agentauth
import machine
from report import Report
from settings import Settings

GROUP = "In process, one thread"
PROGRAM = agentauth.BINARY.with_name("agentauth_bench")
NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
# Each with agents drawn from all there are, so that little is in a cache, and with few at work.
LIMIT_NS = {
    "check_exact": 50,
    "check_exact_busy": 50,
    "check_wildcard": 300,
    "policy_role_group_resource": 300,
    "policy_role_group_resource_cold": 300,
}
LIMIT_NS_OF_ONE = {"policy_condition": 500, "policy_denied": 300}
BYTES_A_GRANT = ("policy_role_group_resource/1000000", 400)
FLAT = 2.0  # the largest set against the smallest; one more cache miss is not growth


def medians(settings: Settings) -> dict[str, dict]:
    """What was measured by benchmark, in the order the program runs them."""
    if not PROGRAM.exists():
        raise RuntimeError(f"build/release/{PROGRAM.name} is missing: cmake --build --preset bench")
    command = machine.pinned(machine.SERVER_CORE) + [str(PROGRAM), "--benchmark_format=json"]
    command += [f"--benchmark_repetitions={settings.pick(7, 3)}"]
    command += ["--benchmark_report_aggregates_only=true"]
    if settings.quick:
        command += ["--benchmark_min_time=0.05"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {
        entry["run_name"]: entry
        for entry in json.loads(done.stdout)["benchmarks"]
        if entry.get("aggregate_name") == "median"
    }


def nanoseconds_of(entry: dict) -> float:
    return entry["cpu_time"] * NANOSECONDS[entry["time_unit"]]


def family_sizes(times: dict[str, float], family: str) -> dict[int, float]:
    found = {}
    for name, nanoseconds in times.items():
        match = re.fullmatch(rf"{family}/(\d+)(/.*)?", name)
        if match:
            found[int(match[1])] = nanoseconds
    return found


def report_growth(report: Report, family: str, sizes: dict[int, float]) -> None:
    growth = sizes[max(sizes)] / sizes[min(sizes)]
    report.at_most(
        GROUP, f"{family}, {max(sizes):,} against {min(sizes):,} grants", growth, FLAT,
        value=f"{sizes[max(sizes)]:.1f} vs {sizes[min(sizes)]:.1f} ns",
        ratio=f"{growth:.2f} x", target=f"<= {FLAT} x (flat)",
    )  # fmt: skip


def report_limit(report: Report, name: str, nanoseconds: float, limit: int) -> None:
    report.at_most(
        GROUP, name, nanoseconds, limit, value=f"{nanoseconds:.1f} ns", target=f"<= {limit} ns"
    )


def report_memory(report: Report, entries: dict[str, dict]) -> None:
    name, limit = BYTES_A_GRANT
    weight = entries[name]["bytes_per_grant"]
    report.at_most(
        GROUP, "memory a grant of a role, its share of roles, groups and agents with it, "
        "1,000,000 grants", weight, limit, value=f"{weight:.0f} bytes", target=f"<= {limit} bytes",
    )  # fmt: skip


def run(settings: Settings, report: Report) -> None:
    entries = medians(settings)
    times = {name: nanoseconds_of(entry) for name, entry in entries.items()}
    for family, limit in LIMIT_NS.items():
        sizes = family_sizes(times, family)
        if not sizes:
            raise RuntimeError(f"{PROGRAM.name} has no benchmark {family}/N")
        for size, nanoseconds in sorted(sizes.items()):
            report_limit(report, f"{family}, {size:,} grants", nanoseconds, limit)
        report_growth(report, family, sizes)
    for name, limit in LIMIT_NS_OF_ONE.items():
        report_limit(report, name, times[name], limit)
    report_memory(report, entries)
    told = {*LIMIT_NS, *LIMIT_NS_OF_ONE}
    for name, nanoseconds in times.items():
        if name.split("/")[0] not in told:
            report.note(GROUP, name, f"{nanoseconds:,.1f} ns")
