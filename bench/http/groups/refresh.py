"""POST /auth/refresh: every request spends the token that the one before it gave, durably."""

import contextlib

import agentauth
import servers
from load import Request, Target, alternate
from report import Limit, Pair, Report, at_least
from settings import Settings

GROUP = "Refresh, durable, one core"
PATHS = ("/auth/refresh", "/auth/login")  # the first token of each chain comes from a login


def run(settings: Settings, report: Report) -> None:
    data_dir = agentauth.new_data_dir(settings.directory, "refresh")
    agentauth.create_administrator(data_dir)
    options = ("--threads", "1", "--bcrypt-cost", "10", "--log-level", "error")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(agentauth.running(data_dir, *options))
        _, key = server.client.register("refresher")
        answer = server.client.login_text(key)
        url, pid = stack.enter_context(
            servers.nginx(settings.directory, {path: answer for path in PATHS})
        )
        request = Request(PATHS[0], script="refresh.lua", arguments=(key,))
        ours = Target("refresh", server.url, server.pids, request)
        theirs = Target("nginx", url, (pid,), request)
        rounds = alternate([ours, theirs], settings.rounds, settings.seconds)
    for what, field, limit, unit in (
        ("requests/s", "requests_per_second", at_least(0.2), ""),
        ("CPU per request", "cpu_us", Limit(), " us"),
        ("p99 latency, saturated", "p99_us", Limit(), " us"),
    ):
        report.compare(GROUP, what, Pair(rounds, "refresh", "nginx", field), limit, unit)
    report.quiet(GROUP, rounds)
