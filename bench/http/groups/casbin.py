"""Casbin's published RBAC data: decisions in process, beside node-casbin and Cedar where installed."""

import contextlib
import json
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import agentauth
import machine
from load import Rounds
from report import Report
from settings import Settings

GROUP = "Casbin's RBAC data, in process, one thread"
OURS = "AgentAuth"
PROGRAM = agentauth.BINARY.with_name("agentauth_bench")
RIVALS = Path(__file__).resolve().parents[2] / "rivals"
INSTALL = "npm ci --ignore-scripts --prefix bench/rivals"
# V8 of Node.js 20 gives up ("unreachable code") in what it inlines of calls into WebAssembly.
NODE = ["node", "--no-turbo-inline-js-wasm-calls"]
SIZES = [1_100, 11_000, 110_000]
USERS_PER_DATA = 100  # ten users to a role, ten roles to what they may read
FLAT = 2.0
WARM_UP_SECONDS = 3  # until what is compiled at run time has been
SLICES = 6  # of the seconds of a round: it has many measurements


@dataclass(frozen=True)
class Sample:
    ns: float  # CPU time of the whole process, a decision


@dataclass(frozen=True)
class Questions:
    """Pairs of the numbers of a user and of what it wants to read."""

    name: str
    about: str
    pairs: list[tuple[int, int]]

    def right_answers(self) -> str:
        return "".join("01"[user // USERS_PER_DATA == data] for user, data in self.pairs)


class Contender:
    """A process that was given the data and answers questions: see bench/micro/casbin_set.h."""

    def __init__(self, name: str, command: list[str]):
        self.name = name
        self.process = subprocess.Popen(
            machine.pinned(machine.SERVER_CORE) + command, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def tell(self, *words) -> str:
        print(*words, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise RuntimeError(f"{self.name} gave no answer to {words[0]}, {words[1]:,} rules")
        return answer

    def ask(self, rules: int, questions: Questions) -> None:
        pairs = [f"{user}:{data}" for user, data in questions.pairs]
        if self.tell("ask", rules, questions.name, *pairs) != questions.right_answers():
            raise RuntimeError(f"{self.name} answers otherwise, {rules:,} rules, {questions.name}")

    def time(self, rules: int, questions: Questions, seconds: float) -> Sample:
        return Sample(float(self.tell("time", rules, questions.name, seconds)))


def question_sets(rules: int, settings: Settings) -> list[Questions]:
    """What Casbin asks, which is denied, and as many of either answer."""
    users = rules // 11 * 10
    things = users // USERS_PER_DATA
    published = Questions("published", "its one question", [(users // 2 + 1, things - 1)])
    generator = random.Random(rules)
    pairs = []
    for number in range(settings.pick(256, 32)):
        user = generator.randrange(users)
        own = user // USERS_PER_DATA
        other = (own + generator.randrange(1, things)) % things
        pairs.append((user, own if number % 2 else other))
    return [published, Questions("drawn", f"{len(pairs)} questions, half allowed", pairs)]


def version(package: str) -> str:
    return json.loads((RIVALS / "node_modules" / package / "package.json").read_text())["version"]


def commands(report: Report) -> dict[str, list[str]]:
    """By name, what starts those that can be started; the others are named in the report."""
    found = {OURS: [str(PROGRAM), "--casbin"]}
    for name, package, scripts in (
        ("node-casbin", "casbin", {"": ["casbin.js"]}),
        ("Cedar", "@cedar-policy/cedar-wasm",
         {"": ["cedar.js", "rules"], ", one policy": ["cedar.js", "one"]}),
    ):  # fmt: skip
        if shutil.which("node") is None:
            report.skip(GROUP, f"{name}: there is no node")
        elif not (RIVALS / "node_modules" / package).is_dir():
            report.skip(GROUP, f"{name}: not installed; {INSTALL}")
        else:
            for suffix, (script, *rest) in scripts.items():
                label = f"{name} {version(package)}{suffix}"
                found[label] = NODE + [str(RIVALS / script), *rest]
    return found


def measure(contenders: list[Contender], rules: int, settings: Settings) -> dict[str, Rounds]:
    """By the name of the questions. All are loaded, give the right answers and are warm before."""
    asked = question_sets(rules, settings)
    for contender in contenders:
        contender.tell("load", rules)
        for questions in asked:
            contender.ask(rules, questions)
            contender.time(rules, questions, settings.pick(WARM_UP_SECONDS, 0.5))
    rounds = {}
    for questions in asked:
        samples: dict[str, list[Sample]] = {contender.name: [] for contender in contenders}
        for number in range(settings.rounds):
            for contender in contenders if number % 2 == 0 else reversed(contenders):
                taken = contender.time(rules, questions, settings.seconds / SLICES)
                samples[contender.name].append(taken)
        rounds[questions.about] = Rounds(samples)
    return rounds


def in_time(ns: float) -> str:
    return f"{ns:,.1f} ns" if ns < 1_000 else f"{ns / 1e3:,.1f} us"


def report_size(report: Report, what: str, rounds: Rounds) -> None:
    for name in rounds.samples:
        ratio = ""
        if name != OURS:
            low, high = rounds.middle_half(name, OURS, "ns")
            median = rounds.ratio(name, OURS, "ns")
            ratio = f"{median:,.0f} x {OURS} ({low:,.0f}-{high:,.0f})"
        report.note(GROUP, f"{what}: {name}", in_time(rounds.median(name, "ns")), ratio)


def report_growth(report: Report, about: str, by_size: dict[int, Rounds]) -> None:
    small, large = min(by_size), max(by_size)
    for name in by_size[large].samples:
        times = [by_size[size].median(name, "ns") for size in (large, small)]
        growth = times[0] / times[1]
        what = f"{about}, {large:,} against {small:,} rules: {name}"
        texts = {"value": f"{in_time(times[0])} vs {in_time(times[1])}", "ratio": f"{growth:.2f} x"}
        if name == OURS:
            report.at_most(GROUP, what, growth, FLAT, target=f"<= {FLAT} x (flat)", **texts)
        else:
            report.note(GROUP, what, **texts)


def run(settings: Settings, report: Report) -> None:
    if not PROGRAM.exists():
        raise RuntimeError(f"build/release/{PROGRAM.name} is missing: cmake --build --preset bench")
    sizes = settings.pick(SIZES, SIZES[:2])
    with contextlib.ExitStack() as stack:
        contenders = []
        for name, command in commands(report).items():
            contenders.append(Contender(name, command))
            stack.callback(machine.stop, contenders[-1].process)
        taken = {}
        for rules in sizes:
            print(f"{rules:,}", end=" ", file=sys.stderr, flush=True)
            taken[rules] = measure(contenders, rules, settings)
    for about in taken[sizes[0]]:
        for rules in sizes:
            report_size(report, f"{about}, {rules:,} rules", taken[rules][about])
        report_growth(report, about, {rules: taken[rules][about] for rules in sizes})
