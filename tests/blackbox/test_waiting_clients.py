"""Every wait has an end. The clients of this file have been waiting since the session began."""

import pytest

from harness.server import wait_until
from harness.waiting import BEGINNINGS

REQUEST_SECONDS_MAX = 30
IDLE_SECONDS_MAX = 120


@pytest.mark.parametrize("kind", list(BEGINNINGS))
def test_of_waiting_clients_none_is_kept_that(waiting_clients, kind):
    wait_until(lambda: kind in waiting_clients.let_go_after, seconds=IDLE_SECONDS_MAX)
    seconds_max = IDLE_SECONDS_MAX if "nothing" in kind else REQUEST_SECONDS_MAX
    assert 1 < waiting_clients.let_go_after[kind] < seconds_max


def test_waiting_clients_keep_nobody_else_waiting(waiting_clients):
    assert waiting_clients.server.get("/healthz").elapsed.total_seconds() < 1
