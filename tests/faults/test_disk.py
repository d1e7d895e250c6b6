"""The disk under SQLite is full, does not sync, or loses power in the middle of a write."""

import errno
import random

import pytest

from faults.load import Load
from harness.problems import problem
from harness.server import wait_until

BODY = {"agent_name": "During", "owner_email": "during@example.com"}


@pytest.fixture
def server(launch, shim):
    return launch(environment=shim.environment)


def advice_of(server) -> set:
    return {line.get("advice") for line in server.log_lines()} - {None, ""}


@pytest.mark.parametrize("order, code, advice", [
    ("write_errno", errno.ENOSPC, "make room on its disk"),
    ("write_errno", errno.EIO, "look at its disk"),
    ("sync_errno", errno.EIO, "look at its disk"),
])
def test_a_disk_that_refuses_refuses_changes_and_loses_none(server, shim, order, code, advice):
    with Load(server) as load:
        load.wait_for_all()
        setattr(shim, order, code)
        wait_until(lambda: shim.failed > 3 and load.refused > 3)
        admin, agent = load.administrator, load.created[0]
        problem(server.post("/agents/register", BODY), 503, "unavailable")
        problem(admin.post(f"{agent.path}/suspend"), 503, "unavailable")
        assert admin.get("/agents/me").status_code == 200, "who is known is still let in"
        shim.clear()
        load.wait_for_more()
    load.assert_invariants(server)
    assert any(advice in told for told in advice_of(server))
    server.kill()
    server.start()
    load.assert_invariants(server)


def test_a_write_that_is_half_done_when_the_power_goes_is_undone(server, shim):
    for _ in range(4):
        with Load(server) as load:
            load.wait_for_all()
            shim.writes_until_torn = random.randint(1, 40)
            wait_until(lambda: not server.is_running(), seconds=20)
        assert shim.failed == 1
        shim.clear()
        server.start()
        load.assert_invariants(server)
