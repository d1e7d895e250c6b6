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
LIMIT_NS = {"check_exact": 50, "check_wildcard": 300}
FLAT = 2.0  # the largest set against the smallest; one more cache miss is not growth


def medians(settings: Settings) -> dict[str, float]:
    """Nanoseconds by benchmark, in the order the program runs them."""
    if not PROGRAM.exists():
        raise RuntimeError(f"build/release/{PROGRAM.name} is missing: cmake --build --preset bench")
    command = machine.pinned(machine.SERVER_CORE) + [str(PROGRAM), "--benchmark_format=json"]
    command += [f"--benchmark_repetitions={settings.pick(7, 3)}"]
    command += ["--benchmark_report_aggregates_only=true"]
    if settings.quick:
        command += ["--benchmark_min_time=0.05"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {
        entry["run_name"]: entry["cpu_time"] * NANOSECONDS[entry["time_unit"]]
        for entry in json.loads(done.stdout)["benchmarks"]
        if entry.get("aggregate_name") == "median"
    }


def family_sizes(times: dict[str, float], family: str) -> dict[int, float]:
    found = {}
    for name, nanoseconds in times.items():
        match = re.fullmatch(rf"{family}/(\d+)(/.*)?", name)
        if match:
            found[int(match[1])] = nanoseconds
    return found


def run(settings: Settings, report: Report) -> None:
    times = medians(settings)
    for family, limit in LIMIT_NS.items():
        sizes = family_sizes(times, family)
        if not sizes:
            raise RuntimeError(f"{PROGRAM.name} has no benchmark {family}/N")
        for size, nanoseconds in sorted(sizes.items()):
            report.at_most(
                GROUP, f"{family}, {size:,} grants", nanoseconds, limit,
                value=f"{nanoseconds:.1f} ns", target=f"<= {limit} ns",
            )  # fmt: skip
        growth = sizes[max(sizes)] / sizes[min(sizes)]
        report.at_most(
            GROUP, f"{family}, {max(sizes):,} against {min(sizes):,} grants", growth, FLAT,
            value=f"{sizes[max(sizes)]:.1f} vs {sizes[min(sizes)]:.1f} ns",
            ratio=f"{growth:.2f} x", target=f"<= {FLAT} x (flat)",
        )  # fmt: skip
    for name, nanoseconds in times.items():
        if name.split("/")[0] not in LIMIT_NS:
            report.note(GROUP, name, f"{nanoseconds:,.1f} ns")
