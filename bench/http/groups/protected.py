"""GET /data/weather: parse, verify the JWT, check the permission, answer; against nginx."""

import agentauth
import servers
from load import Request, Rounds, Target, alternate
from report import Limit, Pair, Report, at_least
from settings import Settings

GROUP = "Protected call, GET /data/weather, one core"
PATH = "/data/weather"
PIPELINE_DEPTH = 16


def caller(server: agentauth.AgentAuth, admin_key: str) -> tuple[str, str]:
    """The token of a new agent that may read the weather, and the answer it gets."""
    client = server.client
    agent_id, api_key = client.register("WeatherBot")
    client.token = client.login(admin_key)
    client.grant(agent_id, "read_weather")
    client.token = client.login(api_key)
    return client.token, client.expect(200, "GET", PATH)


def compare(report: Report, rounds: Rounds) -> None:
    def row(what: str, field: str, limit: Limit, unit: str = "") -> None:
        report.compare(GROUP, what, Pair(rounds, "agentauth", "nginx", field), limit, unit)

    row("requests/s", "requests_per_second", at_least(1.0))
    row("CPU per request", "cpu_us", Limit(1.0), " us")
    row("p99 latency, saturated", "p99_us", Limit(1.0), " us")
    row("p50 latency, saturated", "p50_us", Limit(), " us")
    row("core used", "core_share", Limit())
    report.quiet(GROUP, rounds)


def compare_pipelined(report: Report, rounds: Rounds) -> None:
    for what, field, unit in (
        ("requests/s", "requests_per_second", ""),
        ("CPU per request", "cpu_us", " us"),
    ):
        pair = Pair(rounds, "agentauth", "nginx", field)
        report.compare(GROUP, f"pipelined {PIPELINE_DEPTH} deep, {what}", pair, Limit(), unit)


def run(settings: Settings, report: Report) -> None:
    data_dir = agentauth.new_data_dir(settings.directory, "protected")
    admin_key = agentauth.create_administrator(data_dir)
    # The token must outlive the rounds.
    with agentauth.running(data_dir, "--threads", "1", "--token-ttl", "3600") as server:
        token, body = caller(server, admin_key)
        with servers.nginx(settings.directory, {PATH: body}) as (nginx_url, nginx_pid):
            def targets(request: Request) -> list[Target]:
                return [
                    Target("agentauth", server.url, server.pids, request),
                    Target("nginx", nginx_url, (nginx_pid,), request),
                ]

            plain = Request(PATH, token)
            compare(report, alternate(targets(plain), settings.rounds, settings.seconds))
            pipelined = Request(PATH, token, "pipeline.lua", (str(PIPELINE_DEPTH),))
            rounds = alternate(targets(pipelined), settings.pick(3, 1), settings.seconds)
            compare_pipelined(report, rounds)
