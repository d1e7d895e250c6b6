"""Rows of the result: what was measured, against what, and whether the target holds."""

import datetime
from dataclasses import dataclass, field
from pathlib import Path

import machine
from load import Rounds

HOW_TO_READ = """\
## How to read it

* Ratios are what counts; absolute numbers belong to this machine on this day. A ratio is the median,
  over rounds, of ours divided by theirs within the same round; rounds alternate (A B, B A, …), so
  drift of the machine hits both alike. The middle half of the rounds lies within the brackets.
* A verdict with "close" is not settled: the target lies within the brackets, and the next run may
  say otherwise.
* A round during which other programs used more than 10 % of a core is taken again, whatever it
  showed, up to three times the number of rounds; a row says how often, and how many disturbed rounds
  had to be kept. A verdict that rests on such rounds says "disturbed".
* The server under test runs on core 0, wrk (64 keep-alive connections, one thread) on core 1. nginx is
  Debian's, one worker, `return 200` with the same body and content type, access log off.
* CPU time is user and system time of all processes of the server from `/proc/PID/stat`, divided by the
  requests answered. Where wrk fills its core before the server fills its own ("core used" well under
  100 %), requests a second compare clients, and the CPU ratio is the better judge.
* p99 under a client that sends as fast as it can is mostly queueing: 64 requests are always waiting.
* A round in which any answer was not 2xx, or a connection failed, stops the benchmark; where a limit is to refuse, every
  refusal must be one that the limit has counted.
* "Already verified" holds for five minutes after a key was verified, in use or not; then its next login
  pays one bcrypt again. The login rounds stay within that time, so they do not show it; a row of its
  own does. Many keys verified together expire together and queue for the hasher: with 100 of them
  under 64 connections, logins took longer than two seconds until all had been verified anew.
* `MISSED` means the target of the design is not reached; rows without a target are information.
"""


@dataclass(frozen=True)
class Row:
    group: str
    what: str
    value: str
    ratio: str = ""
    target: str = ""
    met: bool | None = None  # None: information only
    close: bool = False  # the target lies within the middle half of the rounds
    disturbed: bool = False  # others used the machine in a round that had to be kept

    @property
    def verdict(self) -> str:
        if self.met is None:
            return ""
        verdict = "met" if self.met else "MISSED"
        return verdict + ", close" * self.close + ", disturbed" * self.disturbed


@dataclass(frozen=True)
class Pair:
    """Which field of which two targets is compared."""

    rounds: Rounds
    ours: str
    theirs: str
    field: str


@dataclass(frozen=True)
class Limit:
    ratio: float | None = None  # None: the row is information
    is_floor: bool = False
    note: str = ""

    @property
    def text(self) -> str:
        if self.ratio is None:
            return ""
        return f"{'>=' if self.is_floor else '<='} {self.ratio} x{self.note}"


def at_least(ratio: float) -> Limit:
    return Limit(ratio, is_floor=True)


@dataclass
class Report:
    rows: list[Row] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def at_most(self, group: str, what: str, measured: float, limit: float, **texts: str) -> None:
        self.rows.append(Row(group, what, met=measured <= limit, **texts))

    def compare(self, group: str, what: str, pair: Pair, limit: Limit, unit: str = "") -> None:
        """A row for one field of two targets whose rounds were paired."""
        rounds, ours, theirs, field = pair.rounds, pair.ours, pair.theirs, pair.field
        ratio = rounds.ratio(ours, theirs, field)
        low, high = rounds.middle_half(ours, theirs, field)
        digits = 0 if rounds.median(theirs, field) >= 100 else 2
        values = [f"{rounds.median(name, field):,.{digits}f}" for name in (ours, theirs)]
        met = None
        if limit.ratio is not None:
            met = ratio >= limit.ratio if limit.is_floor else ratio <= limit.ratio
        self.rows.append(
            Row(
                group,
                what,
                value=f"{values[0]} vs {values[1]}{unit}",
                ratio=f"{ratio:.2f} x {theirs} ({low:.2f}-{high:.2f})",
                target=limit.text,
                met=met,
                close=limit.ratio is not None and low <= limit.ratio <= high,
                disturbed=rounds.noisy > 0,
            )
        )

    def quiet(self, group: str, rounds: Rounds) -> None:
        """Says how often the machine was disturbed, when it was."""
        if rounds.repeated or rounds.noisy:
            text = f"{rounds.repeated} taken again, {rounds.noisy} kept all the same"
            self.note(group, "rounds disturbed by other programs", text)

    def note(self, group: str, what: str, value: str, ratio: str = "") -> None:
        self.rows.append(Row(group, what, value, ratio))

    def skip(self, group: str, reason: str) -> None:
        self.skipped.append(f"{group}: {reason}")

    def missed(self) -> list[Row]:
        return [row for row in self.rows if row.met is False]


COLUMNS = ("what", "value", "ratio", "target", "verdict")


def cells(row: Row) -> list[str]:
    return [row.what, row.value, row.ratio, row.target, row.verdict]


def terminal_table(report: Report) -> str:
    table = [list(COLUMNS)] + [cells(row) for row in report.rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(COLUMNS))]
    group = None
    lines = ["  ".join(name.ljust(width) for name, width in zip(COLUMNS, widths)).rstrip()]
    for row in report.rows:
        if row.group != group:
            group = row.group
            lines.append(f"-- {group}")
        lines.append("  ".join(c.ljust(w) for c, w in zip(cells(row), widths)).rstrip())
    lines += [f"skipped  {reason}" for reason in report.skipped]
    judged = [row for row in report.rows if row.met is not None]
    lines.append(f"{len(judged) - len(report.missed())} of {len(judged)} targets met")
    return "\n".join(lines)


def markdown(report: Report, command: str, conditions: str) -> str:
    facts = machine.describe() | {
        "date": datetime.date.today().isoformat(),
        "command": f"`{command}`",
        "rounds": conditions,
    }
    lines = ["# Benchmarks", ""]
    lines += ["Written by the command below; run it to get the table for your machine.", ""]
    lines += ["| | |", "| --- | --- |"]
    lines += [f"| {name} | {value} |" for name, value in facts.items()]
    group = None
    for row in report.rows:
        if row.group != group:
            group = row.group
            lines += ["", f"## {group}", "", "| " + " | ".join(COLUMNS) + " |", "| --- " * 5 + "|"]
        verdict = f"**{row.verdict}**" if row.met is False else row.verdict
        lines.append("| " + " | ".join(cells(row)[:-1] + [verdict]) + " |")
    if report.skipped:
        lines += ["", "## Not measured", ""] + [f"* {reason}" for reason in report.skipped]
    return "\n".join(lines) + "\n\n" + HOW_TO_READ


def write_markdown(path: Path, report: Report, command: str, conditions: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(markdown(report, command, conditions))
