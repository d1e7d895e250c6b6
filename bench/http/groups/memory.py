"""What an idle server costs, and how soon a new one is there."""

import statistics
import time

import agentauth
import machine
from report import Report
from settings import Settings

GROUP = "Idle memory and start"
STARTS = 10


def run(settings: Settings, report: Report) -> None:
    first_starts, restarts, resident, proportional = [], [], [], []
    for number in range(settings.pick(STARTS, 3)):
        data_dir = agentauth.new_data_dir(settings.directory, f"idle-{number}")
        with agentauth.running(data_dir, core=None) as server:
            first_starts.append(server.start_seconds * 1e3)
            time.sleep(0.5)
            memory = machine.memory_of(server.process.pid)
            resident.append(memory.resident_mb)
            proportional.append(memory.proportional_mb)
        with agentauth.running(data_dir, core=None) as server:
            restarts.append(server.start_seconds * 1e3)
    rss, start = statistics.median(resident), statistics.median(first_starts)
    report.at_most(
        GROUP, "resident memory (VmRSS), empty database, default options", rss, 15,
        value=f"{rss:.1f} MB", target="<= 15 MB",
    )  # fmt: skip
    report.note(GROUP, "proportional memory (PSS)", f"{statistics.median(proportional):.1f} MB")
    report.at_most(
        GROUP, f"first start to ready, new database, median of {len(first_starts)}", start, 100,
        value=f"{start:.0f} ms (max {max(first_starts):.0f})", target="<= 100 ms",
    )  # fmt: skip
    restart = statistics.median(restarts)
    report.at_most(
        GROUP, f"restart to ready, median of {len(restarts)}", restart, 100,
        value=f"{restart:.0f} ms (max {max(restarts):.0f})", target="<= 100 ms",
    )  # fmt: skip
