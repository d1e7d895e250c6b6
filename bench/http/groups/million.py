"""A million agents with three grants each on one node."""

import os
import statistics
import time

import agentauth
import dataset
import machine
from client import Client
from groups.protected import PATH
from report import Report
from settings import Settings

PERMISSION = "read_weather"
PATIENCE_SECONDS = 30


def refusal_seconds(administrator: Client, agent: Client, agent_id: str) -> float:
    """From the answer of a revoke to the answer of the first refused request."""
    administrator.revoke(agent_id, PERMISSION)
    answered = time.perf_counter()
    while time.perf_counter() - answered < PATIENCE_SECONDS:
        status, text = agent.call("GET", PATH)
        if status == 403:
            return time.perf_counter() - answered
        if status != 200:
            raise RuntimeError(f"GET {PATH}: {status} {text}")
    return float("inf")


def uncached_start_seconds(data: dataset.Dataset) -> float:
    """As after a reboot: the file has to come from the disk."""
    descriptor = os.open(data.data_dir / "agentauth.db", os.O_RDONLY)
    try:
        os.fsync(descriptor)  # only clean pages can be dropped
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
    with agentauth.running(data.data_dir, *dataset.COST, core=None) as server:
        return server.start_seconds


def run(settings: Settings, report: Report) -> None:
    agents = settings.pick(1_000_000, 100_000)
    group = f"{agents:,} agents with {agents * dataset.PERMISSIONS_PER_AGENT:,} grants, one node"
    data = dataset.obtain(settings, agents)
    cold = uncached_start_seconds(data)
    starts = []
    for _ in range(settings.pick(4, 0)):
        with agentauth.running(data.data_dir, *dataset.COST, core=None) as server:
            starts.append(server.start_seconds)
    with agentauth.running(data.data_dir, *dataset.COST, core=None) as server:
        starts.append(server.start_seconds)
        time.sleep(1)
        memory = machine.memory_of(server.process.pid)
        peak = machine.peak_memory_mb(server.process.pid)
        administrator = Client(server.url, server.client.login(data.admin_key))
        refusals = []
        for agent_id, key in list(zip(data.agent_ids, data.keys))[: settings.pick(20, 5)]:
            agent = Client(server.url, server.client.login(key))
            agent.expect(200, "GET", PATH)
            refusals.append(refusal_seconds(administrator, agent, agent_id))
            administrator.grant(agent_id, PERMISSION)  # the next run finds it as it was
    ready = statistics.median(starts)
    report.at_most(
        group, "resident memory (VmRSS) when ready", memory.resident_mb, 600,
        value=f"{memory.resident_mb:.0f} MB (peak {peak:.0f})", target="<= 600 MB",
    )  # fmt: skip
    report.at_most(
        group, f"start to ready, median of {len(starts)}, file cache warm", ready, 5,
        value=f"{ready:.2f} s ({min(starts):.2f}-{max(starts):.2f})", target="<= 5 s",
    )  # fmt: skip
    report.at_most(
        group, "start to ready, once, database not in the file cache", cold, 5,
        value=f"{cold:.2f} s", target="<= 5 s",
    )  # fmt: skip
    report.at_most(
        group, f"answer of a revoke to the first refusal, worst of {len(refusals)}",
        max(refusals), 1,
        value=f"{max(refusals) * 1e3:.2f} ms (median {statistics.median(refusals) * 1e3:.2f})",
        target="<= 1 s",
    )  # fmt: skip
