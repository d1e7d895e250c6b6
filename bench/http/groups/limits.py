"""Rate limits: what two nodes that share one admit together, and what a limit costs that never bites."""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

import agentauth
import servers
from client import Client
from groups.nodes import nodes
from groups.protected import PATH, caller
from load import Request, Target, alternate, run_wrk
from report import Limit, Pair, Report, at_least
from settings import Settings

GROUP = "Rate limits"
SLACK = 1.05
RATE, BURST = 1000, 1000
CONNECTIONS = 16  # of each node; both are asked for far more than the rate
NEVER = 1_000_000  # a second: the most that can be configured
PATIENCE_SECONDS = 30


def limit(admin: Client, name: str, rate: int, burst: int) -> None:
    """One limit by agent on the protected call, in place of all that were there."""
    body = {
        "name": name, "scope": "agent", "routes": [f"GET {PATH}"], "count": "all",
        "rate": rate, "per": "1s", "burst": burst,
    }  # fmt: skip
    admin.expect(200, "PUT", "/limits", {"limits": [body]})


def wait_for(what: str, condition) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not in time")
        time.sleep(0.02)


def admitted_together(pair: list[agentauth.AgentAuth], name: str, token: str, seconds: int) -> float:
    """What both nodes admitted at once, against what the limit allows one node in that time."""
    request = Request(PATH, token, connections=CONNECTIONS)
    targets = [Target(server.url, server.url, server.pids, request) for server in pair]
    with ThreadPoolExecutor(len(targets)) as both:
        results = list(both.map(lambda target: run_wrk(target, seconds), targets))
    if any(result["connection_errors"] or result["timeouts"] for result in results):
        raise RuntimeError(f"connections failed: {results}")
    admitted = sum(result["requests"] - result["non_2xx"] for result in results)
    # By the nodes' own count, so that another refusal is not taken for one of the limit.
    refusals = sum(server.client.metric(f'limit_refusals_total{{limit="{name}"}}') for server in pair)
    if refusals < sum(result["non_2xx"] for result in results):
        raise RuntimeError(f"refused for another reason than the limit: {results}")
    return admitted / (BURST + RATE * max(result["seconds"] for result in results))


def shared(settings: Settings, report: Report) -> None:
    first = agentauth.new_data_dir(settings.directory, "limits-first")
    trials, seconds = settings.pick(5, 2), settings.pick(10, 3)
    with contextlib.ExitStack() as stack:
        database, _ = stack.enter_context(servers.postgresql(settings.directory))
        redis = stack.enter_context(servers.redis(settings.directory))
        admin_key = agentauth.create_administrator(first, "--database", database)
        options = ("--redis", redis, "--token-ttl", "3600")
        pair = stack.enter_context(nodes(settings.directory, first, database, 2, options))
        token, _ = caller(pair[0], admin_key)
        admin = Client(pair[0].url, pair[0].client.login(admin_key))
        for server in pair:
            wait_for("the nodes see each other",
                     lambda: server.client.metric("limits_redis_nodes") == 2)  # fmt: skip
            wait_for("the agent may call", lambda: Client(server.url, token).call("GET", PATH)[0] == 200)
        ratios = []
        for trial in range(trials):
            name = f"shared-{trial}"  # another limit, with full buckets
            limit(admin, name, RATE, BURST)
            wait_for("the other node follows",
                     lambda: f'"{name}"' in pair[1].client.expect(200, "GET", "/metrics"))  # fmt: skip
            ratios.append(admitted_together(pair, name, token, seconds))
    worst = max(ratios, key=lambda ratio: max(ratio, 1 / ratio))
    report.at_most(
        GROUP, f"admitted by two nodes at once against allowed, worst of {trials}",
        max(worst, 1 / worst), SLACK,
        value=f"{RATE:,} a second, burst {BURST:,}, for {seconds} s; "
              f"{min(ratios):.3f}-{max(ratios):.3f}",
        ratio=f"{worst:.3f} x allowed", target=f"<= {SLACK} x, >= {1 / SLACK:.2f} x",
    )  # fmt: skip


def local(settings: Settings, report: Report) -> None:
    """The protected call on two servers that differ in nothing but the limit."""
    with contextlib.ExitStack() as stack:
        targets = []
        for name in ("on", "off"):
            data_dir = agentauth.new_data_dir(settings.directory, f"limits-{name}")
            admin_key = agentauth.create_administrator(data_dir)
            options = ("--threads", "1", "--token-ttl", "3600", "--limits", name)
            server = stack.enter_context(agentauth.running(data_dir, *options))
            token, _ = caller(server, admin_key)
            limit(Client(server.url, server.client.login(admin_key)), "calls", NEVER, NEVER)
            targets.append(Target(f"limits {name}", server.url, server.pids, Request(PATH, token)))
        wait_for("the limit is in force", lambda: counts(targets[0]))
        if counts(targets[1]):
            raise RuntimeError("limits are on where they are off")
        rounds = alternate(targets, settings.rounds, settings.seconds)
    names = [target.name for target in targets]
    for what, field, bound, unit in (
        ("requests/s, no slower than before", "requests_per_second", at_least(0.95), ""),
        ("CPU per request", "cpu_us", Limit(), " us"),
        ("p99 latency, saturated", "p99_us", Limit(), " us"),
    ):
        what_of = f"protected call with a limit by agent, local, one core: {what}"
        report.compare(GROUP, what_of, Pair(rounds, *names, field), bound, unit)
    report.quiet(GROUP, rounds)


def counts(target: Target) -> bool:
    client = Client(target.url, target.request.token)
    client.expect(200, "GET", PATH)
    return client.metric('limit_checks_total{limit="calls"}') > 0


def run(settings: Settings, report: Report) -> None:
    shared(settings, report)
    local(settings, report)
