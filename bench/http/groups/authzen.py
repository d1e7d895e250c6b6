"""AuthZEN: one evaluation against nginx, and a thousand in one request, on one core."""

import json

import agentauth
import servers
from client import Client
from load import Request, Rounds, Target, alternate
from report import Limit, Pair, Report, at_least
from settings import Settings

GROUP = "AuthZEN evaluation over HTTP, one core"
ONE, MANY = "/access/v1/evaluation", "/access/v1/evaluations"
ITEMS = 1000
DECISIONS_PER_SECOND_MIN = 1_000_000
GRANTS = 10


def question() -> dict:
    return {
        "subject": {"type": "user", "id": "alice"},
        "action": {"name": "read"},
        "resource": {"type": "record", "id": "7"},
    }


def enforcement_point(server: agentauth.AgentAuth, admin_key: str) -> str:
    """The token of an agent that may ask about others; what it asks about has a few grants."""
    client = server.client
    agent_id, api_key = client.register("Gate")
    client.token = client.login(admin_key)
    client.grant(agent_id, "agentauth:access:evaluate")
    for number in range(GRANTS):
        grant = {"subject": "user:alice", "action": "read", "resource": f"record:{number}"}
        path = f"/grants/00000000-0000-4000-8000-{number:012d}"
        client.expect(201, "PUT", path, grant)
    client.token = client.login(api_key)
    return client.token


def batch() -> dict:
    asked = question()
    resources = [{"type": "record", "id": str(number % GRANTS)} for number in range(ITEMS)]
    asked["evaluations"] = [{"resource": resource} for resource in resources]
    return asked


def compare(report: Report, rounds: Rounds) -> None:
    def row(what: str, field: str, limit: Limit, unit: str = "") -> None:
        report.compare(GROUP, what, Pair(rounds, "agentauth", "nginx", field), limit, unit)

    row("requests/s", "requests_per_second", at_least(0.6))
    row("CPU per request", "cpu_us", Limit(), " us")
    row("p99 latency, saturated", "p99_us", Limit(), " us")
    row("core used", "core_share", Limit())
    report.quiet(GROUP, rounds)


def count(report: Report, rounds: Rounds) -> None:
    rate = rounds.median("agentauth", "requests_per_second") * ITEMS
    report.at_most(
        GROUP, f"{ITEMS:,} evaluations a request", DECISIONS_PER_SECOND_MIN / rate, 1.0,
        value=f"{rate:,.0f} decisions/s", target=f">= {DECISIONS_PER_SECOND_MIN:,} decisions/s",
    )  # fmt: skip


def run(settings: Settings, report: Report) -> None:
    data_dir = agentauth.new_data_dir(settings.directory, "authzen")
    admin_key = agentauth.create_administrator(data_dir)
    one_file, many_file = settings.directory / "one.json", settings.directory / "many.json"
    one_file.write_text(json.dumps(question()))
    many_file.write_text(json.dumps(batch()))
    # The token must outlive the rounds.
    with agentauth.running(data_dir, "--threads", "1", "--token-ttl", "3600") as server:
        token = enforcement_point(server, admin_key)
        body = Client(server.url, token).expect(200, "POST", ONE, question())
        one = Request(ONE, token, "post.lua", (str(one_file),))
        with servers.nginx(settings.directory, {ONE: body}) as (nginx_url, nginx_pid):
            targets = [
                Target("agentauth", server.url, server.pids, one),
                Target("nginx", nginx_url, (nginx_pid,), one),
            ]
            compare(report, alternate(targets, settings.rounds, settings.seconds))
        many = Request(MANY, token, "post.lua", (str(many_file),), connections=4)
        target = Target("agentauth", server.url, server.pids, many)
        count(report, alternate([target], settings.pick(5, 1), settings.seconds))
