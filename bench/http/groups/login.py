"""POST /auth/login: with a key verified before, at any number of agents; and with a new key."""

import contextlib
import os
import statistics
import threading
import time
from typing import Callable, Iterator

import agentauth
import bcrypt_cost
import dataset
import machine
import servers
from client import Client
from groups import protected
from load import REPEATS_PER_ROUND, Request, Rounds, Sample, Target, alternate
from report import Limit, Pair, Report, at_least
from settings import Settings

WARM = "Login with a key already verified, audit on: durable before each answer, one core"
COLD = "Login with a new key"
PATH = "/auth/login"
FLAT = 1.25  # CPU time per login at the largest set against the smallest
# How long the server remembers that it verified a key, however often the key is used.
REMEMBERED_SECONDS = 300
EXPIRY_MARGIN = 30  # warming takes this long at most
ROUND_OVERHEAD = 0.3  # starting wrk, reading /proc
COLD_COST = 12  # the default of --bcrypt-cost
COLD_CLIENTS = 2  # one is being hashed, one waits: the hasher never idles
PACE_MS = 10


def repeats_within(lifetime: float, targets: int, settings: Settings) -> int:
    """How many rounds may be taken again before the first key has to be verified anew."""
    one_round = targets * (settings.seconds + ROUND_OVERHEAD)
    spare = int(lifetime / one_round) - settings.rounds - 1
    if spare < 0:
        raise RuntimeError(
            f"{settings.rounds} rounds of {settings.seconds} s outlast the {lifetime:.0f} s for "
            "which a verified key is remembered: ask for fewer or shorter ones"
        )
    return min(spare, settings.rounds * REPEATS_PER_ROUND)


def warm(settings: Settings, report: Report) -> None:
    sizes = settings.pick([10, 10_000, 1_000_000], [10, 10_000])
    # All sets before the first login: the largest takes minutes to write, and a key verified
    # before that would be forgotten during the rounds.
    sets = [dataset.obtain(settings, agents) for agents in sizes]
    with contextlib.ExitStack() as stack:
        targets = []
        options = ("--threads", "1", *dataset.COST)
        for agents, data in zip(sizes, sets):
            server = stack.enter_context(agentauth.running(data.data_dir, *options))
            request = Request(PATH, script="login.lua", arguments=(str(data.key_file),))
            targets.append(Target(f"{agents:,} agents", server.url, server.pids, request))
        warmed = time.monotonic()
        for target, data in zip(targets, sets):
            answers = [Client(target.url).login_text(key) for key in data.keys]
        # nginx answers with a token of the same length.
        url, pid = stack.enter_context(servers.nginx(settings.directory, {PATH: answers[-1]}))
        everyone = [*targets, Target("nginx", url, (pid,), targets[-1].request)]
        left = REMEMBERED_SECONDS - (time.monotonic() - warmed)
        repeats = repeats_within(left, len(everyone), settings)
        rounds = alternate(everyone, settings.rounds, settings.seconds, repeats=repeats)
        compare_warm(report, rounds)
        on_record(report, targets)
        expiry(settings, report, targets[0], sets[0].keys, warmed)


def on_record(report: Report, targets: list[Target]) -> None:
    """The audit cannot be switched off. That it was on is counted all the same."""
    events = [
        Client(target.url).metric('audit_events_total{action="auth.login",outcome="success"}')
        for target in targets
    ]
    logins = [
        sum(
            Client(target.url).metric(f'logins_total{{outcome="{outcome}"}}')
            for outcome in ("remembered", "verified")
        )
        for target in targets
    ]
    report.at_most(
        WARM, "logins of these rounds against those on record", sum(logins) / max(1, sum(events)),
        1.0, value=f"{sum(logins):,} vs {sum(events):,}",
        ratio=f"{sum(logins) / max(1, sum(events)):.2f} x", target="<= 1.0 x",
    )  # fmt: skip


def expiry(
    settings: Settings, report: Report, target: Target, keys: list[str], warmed: float
) -> None:
    """What a login costs when the server has just forgotten that it verified the key."""
    if settings.quick:
        report.skip(WARM, "keys in use when their five minutes end (not in a quick run)")
        return
    time.sleep(max(0, REMEMBERED_SECONDS + EXPIRY_MARGIN - (time.monotonic() - warmed)))
    client = Client(target.url)
    started = time.perf_counter()
    for key in keys:
        client.login(key)
    each = (time.perf_counter() - started) / len(keys)
    report.note(
        WARM, f"a key in use, first login after {REMEMBERED_SECONDS} s: verified anew",
        f"{each * 1e3:.0f} ms at bcrypt cost 10, each of {len(keys)} keys in turn",
    )  # fmt: skip


def compare_warm(report: Report, rounds: Rounds) -> None:
    def row(what: str, names: tuple[str, str], field: str, limit: Limit, unit: str = "") -> None:
        report.compare(WARM, what, Pair(rounds, *names, field), limit, unit)

    sizes = [name for name in rounds.samples if name != "nginx"]
    for name in sizes:
        what = f"requests/s at {name}, audit on"
        row(what, (name, "nginx"), "requests_per_second", at_least(0.4))
    for name in sizes:
        row(f"CPU per request at {name}", (name, "nginx"), "cpu_us", Limit(), " us")
    few, many = sizes[0], sizes[-1]
    row(f"p99 latency at {many}, saturated", (many, "nginx"), "p99_us", Limit(), " us")
    flat = Limit(FLAT, note=" (flat)")
    row(f"CPU per request at {many} against {few}", (many, few), "cpu_us", flat, " us")
    report.quiet(WARM, rounds)


class ColdLogins:
    """Logs in without pause with keys that were never used, until told to stop."""

    def __init__(self, url: str, keys: list[str]):
        self.url = url
        self.keys = keys  # each is used once; shared by the threads, list.pop is atomic
        self.done = 0

    @contextlib.contextmanager
    def meanwhile(self) -> Iterator[None]:
        stopping = threading.Event()
        failures: list[Exception] = []

        def work() -> None:
            client = Client(self.url)
            try:
                while not stopping.is_set():
                    client.login(self.keys.pop())
                    self.done += 1
            except Exception as error:  # noqa: BLE001 - raised again by the caller's thread
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(COLD_CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stopping.set()
            for thread in threads:
                thread.join()
        if failures:
            raise RuntimeError("cold logins did not last through the round") from failures[0]


def bcrypt_seconds() -> float:
    """One bcrypt on the core that the server has."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {machine.SERVER_CORE})
    try:
        return bcrypt_cost.seconds(COLD_COST)
    finally:
        os.sched_setaffinity(0, before)


def cold_latency(report: Report, client: Client, keys: list[str]) -> None:
    ours, theirs = [], []
    for key in keys:
        theirs.append(bcrypt_seconds())
        started = time.perf_counter()
        client.login(key)
        ours.append(time.perf_counter() - started)
    ratio = statistics.median(a / b for a, b in zip(ours, theirs))
    report.at_most(
        COLD, f"one login at cost {COLD_COST} against one bcrypt", ratio, 1.1,
        value=f"{statistics.median(ours) * 1e3:.0f} vs {statistics.median(theirs) * 1e3:.0f} ms",
        ratio=f"{ratio:.2f} x", target="<= 1.1 x",
    )  # fmt: skip


def cold_repeats(settings: Settings) -> int:
    """Few, because every round uses up new keys, and a key takes a bcrypt to make."""
    return settings.rounds // 2


def disturbance(
    settings: Settings, server: agentauth.AgentAuth, request: Request, logins: ColdLogins
) -> Rounds:
    """The protected call alone, and while new keys log in, in alternation."""
    targets = [Target(name, server.url, server.pids, request) for name in ("alone", "disturbed")]

    def around(target: Target, run: Callable[[], Sample]) -> Sample:
        if target.name == "alone":
            return run()
        with logins.meanwhile():
            return run()

    return alternate(
        targets, settings.rounds, settings.seconds, around, cold_repeats(settings)
    )


def cold(settings: Settings, report: Report) -> None:
    data_dir = agentauth.new_data_dir(settings.directory, "cold")
    admin_key = agentauth.create_administrator(data_dir)
    options = ("--threads", "1", "--token-ttl", "3600", "--bcrypt-cost", str(COLD_COST))
    with agentauth.running(data_dir, *options) as server:
        token, _ = protected.caller(server, admin_key)
        client = server.client
        singles = settings.pick(9, 3)
        # On one core a hash takes at least this long, so no round needs more keys.
        per_round = settings.seconds / bcrypt_seconds() + COLD_CLIENTS + 1
        rounds_max = settings.rounds + cold_repeats(settings)
        count = singles + int(2 * rounds_max * per_round)  # paced and saturated
        keys = [client.register(f"new key {n}")[1] for n in range(count)]
        cold_latency(report, client, [keys.pop() for _ in range(singles)])
        logins = ColdLogins(server.url, keys)
        paced = Request(protected.PATH, token, "paced.lua", (str(PACE_MS),))
        for what, request in (("paced", paced), ("saturated", Request(protected.PATH, token))):
            logins.done = 0
            rounds = disturbance(settings, server, request, logins)
            report_disturbance(settings, report, what, rounds, logins.done)


def report_disturbance(
    settings: Settings, report: Report, what: str, rounds: Rounds, logins: int
) -> None:
    rps = rounds.median("alone", "requests_per_second")
    what_of = f"p99 of the protected call while new keys log in, {what} ({rps:,.0f}/s), one core"
    pair = Pair(rounds, "disturbed", "alone", "p99_us")
    report.compare(COLD, what_of, pair, Limit(2.0), " us")
    kept = rounds.ratio("disturbed", "alone", "requests_per_second")
    per_second = logins / ((settings.rounds + rounds.repeated) * settings.seconds)
    report.note(
        COLD, f"{what}: requests/s kept, new keys logged in meanwhile",
        f"{kept:.0%}, {per_second:.1f}/s",
    )  # fmt: skip
    report.quiet(COLD, rounds)


def run(settings: Settings, report: Report) -> None:
    warm(settings, report)
    cold(settings, report)
