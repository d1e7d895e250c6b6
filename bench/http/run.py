"""Runs the benchmarks and prints ratios, each taken within one run on this machine."""

import argparse
import importlib
import os
import shutil
import sys
import time
import traceback
from pathlib import Path

import agentauth
import machine
from report import Report, terminal_table, write_markdown
from settings import Settings

GROUPS = ["protected", "authzen", "login", "refresh", "limits", "memory", "million", "nodes"]
GROUPS += ["check", "casbin", "reference"]
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
BUSY = 0.3  # load average above which somebody else is using the machine


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"some of: {' '.join(GROUPS)}")
    parser.add_argument("--quick", action="store_true", help="few short rounds, smaller sets")
    parser.add_argument("--rounds", type=int, help="rounds of each comparison (7; quick: 2)")
    parser.add_argument("--seconds", type=int, help="length of a round (3; quick: 1)")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    options = parser.parse_args()
    unknown = [name for name in options.groups if name not in GROUPS]
    if unknown:
        parser.error(f"unknown group {unknown[0]}; there are: {' '.join(GROUPS)}")
    if options.write and options.groups:
        parser.error("--write records a whole run: leave out the groups")
    options.rounds = options.rounds or (2 if options.quick else 7)
    options.seconds = options.seconds or (1 if options.quick else 3)
    return options


def run_groups(names: list[str], settings: Settings, report: Report) -> bool:
    """Whether all groups ran to their end. One that fails does not keep the others from running."""
    whole = True
    for name in names:
        started = time.monotonic()
        print(f"{name} …", end=" ", file=sys.stderr, flush=True)
        try:
            importlib.import_module(f"groups.{name}").run(settings, report)
        except Exception as error:  # noqa: BLE001 - reported, and the exit code says so
            whole = False
            report.skip(name, f"{error}")
            traceback.print_exc()
        print(f"{time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return whole


def main() -> int:
    options = arguments()
    if len(os.sched_getaffinity(0)) < 2:
        print("script/bench: needs two cores, one for the server, one for wrk", file=sys.stderr)
        return 1
    if not agentauth.BINARY.exists():
        print("script/bench: build/release/agentauth is missing", file=sys.stderr)
        return 1
    load = os.getloadavg()[0]
    if load > BUSY:
        print(f"script/bench: the machine is busy (load {load:.1f}); expect noise", file=sys.stderr)
    directory = machine.scratch_directory("run")
    settings = Settings(directory, options.quick, options.rounds, options.seconds)
    report = Report()
    try:
        whole = run_groups(options.groups or GROUPS, settings, report)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(terminal_table(report))
    if options.write:
        command = " ".join(["script/bench", *sys.argv[1:]])
        conditions = f"{options.rounds} rounds of {options.seconds} s; load average before {load:.1f}"
        write_markdown(DOCUMENT, report, command, conditions)
        print(f"written: {DOCUMENT.relative_to(DOCUMENT.parents[1])}", file=sys.stderr)
    return 0 if whole and not (options.strict and report.missed()) else 1


if __name__ == "__main__":
    sys.exit(main())
