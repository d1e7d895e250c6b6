"""Sums the results script/test collected and prints the closing line `N passed, N failed`.

usage: totals.py DIRECTORY unit|blackbox|faults…

A suite that left no results, and a program that ended without a report, count as one failure.
Skipped tests are named, and count as neither. Exit 0 only when none failed and any passed.
"""

import json
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Totals:
    passed: int = 0
    failed: int = 0
    skipped: list[str] = field(default_factory=list)


def count_googletest(report: Path, totals: Totals) -> int:
    """Adds the cases of one program's report; returns how many of them failed."""
    failed = 0
    for suite in json.loads(report.read_text(encoding="utf-8"))["testsuites"]:
        for case in suite["testsuite"]:
            if case.get("failures"):
                failed += 1
            elif case.get("result") == "SKIPPED" or case.get("status") != "RUN":
                totals.skipped.append(f"{suite['name']}.{case['name']}")
            else:
                totals.passed += 1
    totals.failed += failed
    return failed


def count_unit(directory: Path, totals: Totals) -> None:
    summary = directory / "ctest.xml"
    if not summary.exists():
        totals.failed += 1
        return
    for program in ElementTree.parse(summary).iter("testcase"):
        name, status = program.get("name"), program.get("status")
        report = directory / "gtest" / f"{name}_test.json"
        failed = count_googletest(report, totals) if report.exists() else 0
        if status == "run" and not report.exists():
            totals.passed += 1  # a program that is not GoogleTest is one case
        elif status != "run" and not failed:
            # It crashed, hung, did not start, or failed after its last case.
            totals.failed += 1


def count_pytest(summary: Path, totals: Totals) -> None:
    if not summary.exists():
        totals.failed += 1
        return
    # pytest writes an element of its own for an error in the teardown of a case that passed.
    cases: dict[str, set[str]] = {}
    for case in ElementTree.parse(summary).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        cases.setdefault(name, set()).update(child.tag for child in case)
    for name, outcomes in cases.items():
        if outcomes & {"failure", "error"}:
            totals.failed += 1
        elif "skipped" in outcomes:
            totals.skipped.append(name)
        else:
            totals.passed += 1


def main() -> int:
    directory, suites = Path(sys.argv[1]), sys.argv[2:]
    totals = Totals()
    for suite in suites:
        if suite == "unit":
            count_unit(directory, totals)
        else:
            count_pytest(directory / f"{suite}.xml", totals)
    for name in totals.skipped:
        print(f"skipped: {name}")
    print(f"{totals.passed} passed, {totals.failed} failed")
    return 0 if totals.passed and not totals.failed else 1


if __name__ == "__main__":
    sys.exit(main())
