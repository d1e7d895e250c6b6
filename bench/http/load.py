"""Load: wrk on its own core, and paired rounds that compare servers fairly."""

import json
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import machine

LUA = Path(__file__).parent / "lua"
CONNECTIONS = 64
# A round is taken again when others used more than this share of a core meanwhile. The rule looks
# at who used the machine, never at the result. After so many repeats the machine is what it is.
FOREIGN_MAX = 0.1
REPEATS_PER_ROUND = 3


@dataclass(frozen=True)
class Request:
    """What wrk sends: a path, a header it may need, and a script with arguments."""

    path: str
    token: str = ""
    script: str = "report.lua"
    arguments: tuple[str, ...] = ()
    connections: int = CONNECTIONS
    timeout_seconds: int = 2


@dataclass(frozen=True)
class Target:
    """Who answers: a name, an address, and the processes whose CPU time counts."""

    name: str
    url: str
    pids: tuple[int, ...]
    request: Request


@dataclass(frozen=True)
class Sample:
    """One round."""

    requests_per_second: float
    cpu_us: float  # CPU time of the server per request
    core_share: float  # how much of one core the server used
    p50_us: float
    p99_us: float
    foreign: float  # cores that neither the server nor the client used, but somebody did


def run_wrk(target: Target, seconds: float) -> dict:
    """What lua/report.lua says of one run, whatever was answered."""
    request = target.request
    command = machine.pinned(machine.CLIENT_CORE) + ["wrk", "-t1", f"-c{request.connections}"]
    command += [f"-d{max(1, round(seconds))}s", "-s", request.script]
    command += ["--timeout", f"{request.timeout_seconds}s"]
    if request.token:
        command += ["-H", f"Authorization: Bearer {request.token}"]
    command += [target.url + request.path, "--", *request.arguments]
    done = subprocess.run(command, cwd=LUA, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode != 0 or not lines:
        raise RuntimeError(f"wrk failed on {target.name}: {done.stdout}{done.stderr}")
    return json.loads(lines[0].removeprefix("RESULT "))


def drive(target: Target, seconds: float) -> Sample:
    """One round of load. Every answer must be a 2xx: a fast refusal is not a result."""
    busy, own = machine.busy_seconds(), machine.own_seconds()
    before = machine.cpu_seconds(list(target.pids))
    result = run_wrk(target, seconds)
    cpu = machine.cpu_seconds(list(target.pids)) - before
    foreign = machine.busy_seconds() - busy - (machine.own_seconds() - own) - cpu
    failures = ("non_2xx", "connection_errors", "timeouts")
    if result["requests"] == 0 or any(result[kind] for kind in failures):
        raise RuntimeError(f"{target.name} did not answer 2xx to every request: {result}")
    return Sample(
        requests_per_second=result["requests"] / result["seconds"],
        cpu_us=cpu / result["requests"] * 1e6,
        core_share=cpu / result["seconds"],
        p50_us=result["p50_us"],
        p99_us=result["p99_us"],
        foreign=max(0.0, foreign) / result["seconds"],
    )


class Rounds:
    """Samples of several targets taken in alternation, so drift of the machine hits all alike."""

    def __init__(self, samples: dict[str, list[Sample]], repeated: int = 0, noisy: int = 0):
        self.samples = samples
        self.repeated = repeated  # rounds thrown away because others used the machine
        self.noisy = noisy  # rounds kept although others did: the repeats were used up

    def median(self, name: str, field: str) -> float:
        return statistics.median(getattr(sample, field) for sample in self.samples[name])

    def ratios(self, name: str, baseline: str, field: str) -> list[float]:
        """Ours divided by theirs, round by round, in order of size."""
        pairs = zip(self.samples[name], self.samples[baseline], strict=True)
        return sorted(getattr(a, field) / max(getattr(b, field), 1e-9) for a, b in pairs)

    def ratio(self, name: str, baseline: str, field: str) -> float:
        return statistics.median(self.ratios(name, baseline, field))

    def middle_half(self, name: str, baseline: str, field: str) -> tuple[float, float]:
        """Between these two lies the middle half of the rounds."""
        ratios = self.ratios(name, baseline, field)
        quarter = len(ratios) // 4
        return ratios[quarter], ratios[-1 - quarter]


def alternate(
    targets: list[Target],
    rounds: int,
    seconds: float,
    around: Callable[[Target, Callable[[], Sample]], Sample] | None = None,
    repeats: int | None = None,
) -> Rounds:
    """A B, B A, A B …: every round measures every target once, after one short warm-up each.

    `around`, if given, runs a sample and may do something else meanwhile. `repeats` bounds how many
    disturbed rounds are taken again.
    """
    samples: dict[str, list[Sample]] = {target.name: [] for target in targets}
    for target in targets:
        drive(target, 1)
    repeats_left = rounds * REPEATS_PER_ROUND if repeats is None else repeats
    repeated, noisy, number = 0, 0, 0
    while number < rounds:
        taken = {}
        for target in targets if number % 2 == 0 else reversed(targets):
            run = lambda target=target: drive(target, seconds)  # noqa: E731
            taken[target.name] = around(target, run) if around else run()
        disturbed = any(sample.foreign > FOREIGN_MAX for sample in taken.values())
        if disturbed and repeats_left:
            repeats_left, repeated = repeats_left - 1, repeated + 1
            continue
        noisy += disturbed
        for name, sample in taken.items():
            samples[name].append(sample)
        number += 1
    return Rounds(samples, repeated, noisy)
