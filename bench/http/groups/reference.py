"""The same calls on the seed's own stack: how much the design buys, and where theirs bends."""

import statistics
import time
from typing import Callable

import agentauth
import bcrypt_cost
import servers
from client import Client
from groups import protected
from load import Request, Target, alternate
from report import Report
from settings import Settings

GROUP = "Reference implementation (FastAPI, SQLAlchemy, PostgreSQL), one core"
# The lowest cost the server accepts: it makes the walk over the hashes as short as it gets.
COST = 10


def seconds_of(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def reference_caller(stack: servers.Reference) -> str:
    client = Client(stack.url)
    agent_id, api_key = client.register("WeatherBot")
    stack.grant(agent_id, "read_weather")
    client.token = client.login(api_key)
    client.expect(200, "GET", protected.PATH)
    return client.token


def reference_login_seconds(stack: servers.Reference, agents: int, times: int) -> float:
    """A login of the agent in the middle of the table: the average over all agents."""
    filler = bcrypt_cost.hash_of("nobody", COST)
    stack.empty()
    stack.fill((agents - 1) // 2, filler)
    client = Client(stack.url)
    _, api_key = client.register("in the middle")
    stack.fill(agents - 1 - (agents - 1) // 2, filler)
    return statistics.median(seconds_of(lambda: client.login(api_key)) for _ in range(times))


def our_login_seconds(server: agentauth.AgentAuth, cold: int, warm: int) -> tuple[float, float]:
    """Medians of a first login with new keys, and of one with a key verified before."""
    client = server.client
    keys = [client.register(f"agent {n}")[1] for n in range(cold)]
    first = statistics.median(seconds_of(lambda key=key: client.login(key)) for key in keys)
    again = statistics.median(seconds_of(lambda: client.login(keys[0])) for _ in range(warm))
    return first, again


def compare_protected(
    settings: Settings, report: Report, server: agentauth.AgentAuth, token: str,
    stack: servers.Reference,
) -> None:  # fmt: skip
    # The reference may take longer than wrk's patience of two seconds: slow is a result here.
    request = Request(protected.PATH, token, timeout_seconds=30)
    theirs = Request(protected.PATH, reference_caller(stack), timeout_seconds=30)
    targets = [
        Target("agentauth", server.url, server.pids, request),
        Target("reference", stack.url, stack.pids, theirs),
    ]
    rounds = alternate(targets, settings.pick(5, 1), settings.seconds)
    for what, field, unit in (
        ("protected call, requests/s", "requests_per_second", ""),
        ("protected call, CPU per request", "cpu_us", " us"),
        ("protected call, p99 saturated", "p99_us", " us"),
    ):
        ratio = rounds.ratio("agentauth", "reference", field)
        report.note(
            GROUP, what,
            f"{rounds.median('agentauth', field):,.1f} vs "
            f"{rounds.median('reference', field):,.1f}{unit}",
            f"{ratio:.0f} x reference" if ratio >= 1 else f"1/{1 / ratio:.0f} of reference",
        )  # fmt: skip


def compare_logins(
    settings: Settings, report: Report, server: agentauth.AgentAuth, stack: servers.Reference
) -> None:
    first, again = our_login_seconds(server, settings.pick(7, 3), settings.pick(200, 50))
    for agents, times in settings.pick([(10, 5), (100, 3), (1000, 1)], [(10, 3), (100, 1)]):
        theirs = reference_login_seconds(stack, agents, times)
        report.note(
            GROUP, f"login at {agents:,} agents, bcrypt cost {COST}",
            f"{again * 1e3:.2f} ms (new key {first * 1e3:.0f} ms) vs {theirs * 1e3:,.0f} ms",
            f"1/{theirs / again:,.0f} of reference (new key 1/{theirs / first:,.1f})",
        )  # fmt: skip


def run(settings: Settings, report: Report) -> None:
    directory = settings.directory
    data_dir = agentauth.new_data_dir(directory, "versus-reference")
    admin_key = agentauth.create_administrator(data_dir)
    options = ("--threads", "1", "--token-ttl", "3600", "--bcrypt-cost", str(COST))
    with agentauth.running(data_dir, *options) as server:
        token, _ = protected.caller(server, admin_key)
        with servers.reference(directory, COST) as stack:
            compare_protected(settings, report, server, token, stack)
            compare_logins(settings, report, server, stack)
