"""Several nodes on one PostgreSQL: how long a revocation takes to be in force on every one."""

import collections
import contextlib
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Callable

import agentauth
import dataset
from client import OWNER, Client
from groups.protected import PATH
from report import Report
from servers import postgresql
from settings import Settings

PERMISSION = "read_weather"
PATIENCE_SECONDS = 30
GROUP = "Several nodes on one PostgreSQL"


def wait_until(status: int, clients: list[Client]) -> None:
    """Until each of these nodes answers so: one request after the other, as fast as they answer."""
    deadline = time.perf_counter() + PATIENCE_SECONDS
    for client in clients:
        while client.call("GET", PATH)[0] != status:
            if time.perf_counter() > deadline:
                raise RuntimeError(f"{client.connection.port}: no {status} in time")


def milliseconds_until_refused(clients: list[Client], status: int, call) -> float:
    """From the answer of the call to the first refusal on the last node."""
    call()
    answered = time.perf_counter()
    wait_until(status, clients)
    return (time.perf_counter() - answered) * 1e3


@contextlib.contextmanager
def nodes(directory: Path, first: Path, database: str, count: int, more: tuple[str, ...] = ()):
    """Servers with the same database and master key, on free ports."""
    options = ["--database", database, "--threads", "1", *dataset.COST, *more]
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(agentauth.running(first, *options, core=None))]
        for number in range(2, count + 1):
            folder = Path(tempfile.mkdtemp(prefix=f"node-{number}-", dir=directory))
            master_key = ["--master-key-file", str(first / "master.key")]
            servers.append(
                stack.enter_context(agentauth.running(folder, *options, *master_key, core=None))
            )
        yield servers


def measure(
    settings: Settings, servers: list[agentauth.AgentAuth], admin_key: str, report: Report
) -> None:
    trials, count = settings.pick(100, 10), len(servers)
    admin = Client(servers[0].url, servers[0].client.login(admin_key))
    agent_id, agent_key = servers[0].client.register("bench-agent")
    agent, owner = f"/agents/{agent_id}", f"/owners/{OWNER}"
    taken: dict[str, list[float]] = collections.defaultdict(list)

    def clients_with(api_key: str) -> list[Client]:
        token = servers[0].client.login(api_key)
        return [Client(server.url, token) for server in servers]

    def trial(what: str, clients: list[Client], status: int, stop: Callable[[], object]) -> None:
        wait_until(200, clients)
        taken[what].append(milliseconds_until_refused(clients, status, stop))

    clients = clients_with(agent_key)
    admin.grant(agent_id, PERMISSION)
    for _ in range(trials):
        trial("a permission taken away", clients, 403, lambda: admin.revoke(agent_id, PERMISSION))
        admin.grant(agent_id, PERMISSION)
        for what, stopped in (("an agent", agent), ("all agents of an owner", owner)):
            trial(
                f"{what} suspended", clients, 401,
                lambda: admin.expect(200, "POST", f"{stopped}/suspend"),
            )  # fmt: skip
            admin.expect(200, "POST", f"{stopped}/resume")
        key = json.loads(admin.expect(201, "POST", f"{agent}/keys", {}))
        path = f"{agent}/keys/{key['key_id']}"
        trial(
            "a key revoked", clients_with(key["api_key"]), 401,
            lambda: admin.expect(204, "DELETE", path),
        )  # fmt: skip
    for what, values in taken.items():
        report.at_most(
            GROUP, f"{what}: in force on all of {count} nodes, worst of {trials}",
            max(values), 1000,
            value=f"{max(values):.1f} ms (median {statistics.median(values):.1f})",
            target="<= 1 s",
        )  # fmt: skip


def run(settings: Settings, report: Report) -> None:
    first = agentauth.new_data_dir(settings.directory, "first-node")
    with postgresql(settings.directory) as (database, _):
        admin_key = agentauth.create_administrator(first, "--database", database)
        for count in (2, 4):
            with nodes(settings.directory, first, database, count) as servers:
                measure(settings, servers, admin_key, report)
