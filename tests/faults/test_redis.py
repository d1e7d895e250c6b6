"""Redis stops, comes back empty, or is cut off from one node of two, while both admit requests."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from faults.proxy import Proxy
from harness.redis import Redis
from harness.server import wait_until
from test_limits_redis import BURST, RATE, gauge, hammer, limit

SECONDS = 4
SLACK = 1.05


@pytest.fixture
def redis():
    server = Redis()
    yield server
    server.close()


@pytest.fixture
def network(redis):
    proxy = Proxy(redis.port)
    yield proxy
    proxy.close()


@pytest.fixture
def pair(launch, redis, network):
    """Two nodes with a limit on GET /healthz; the second reaches Redis through `network`."""
    near = launch("--redis", redis.url)
    far = launch("--redis", f"redis://127.0.0.1:{network.port}",
                 "--master-key-file", near.data_dir / "master.key",
                 database=f"sqlite:{near.data_dir / 'agentauth.db'}")
    for node in near, far:
        wait_until(lambda: gauge(node, "up") == 1 and gauge(node, "nodes") == 2)
    limit(near, far)
    return near, far


def test_a_redis_that_comes_back_empty_gives_nothing_back(pair, redis):
    with ThreadPoolExecutor(1) as beside:
        hammered = beside.submit(hammer, pair, SECONDS)
        redis.stop()
        for node in pair:
            wait_until(lambda: gauge(node, "up") == 0)
        redis.start()
        for node in pair:
            wait_until(lambda: gauge(node, "up") == 1)
        admitted, took = hammered.result()
    assert 0 < admitted <= (BURST + RATE * took) * SLACK


@pytest.mark.parametrize("how", ["cut", "stall"])
def test_a_node_that_is_cut_off_adds_no_more_than_a_burst_and_its_share(pair, network, how):
    near, far = pair
    with ThreadPoolExecutor(1) as beside:
        hammered = beside.submit(hammer, pair, SECONDS)
        getattr(network, how)()
        unnoticed = wait_until(lambda: gauge(far, "up") == 0)
        assert far.get("/readyz").elapsed.total_seconds() < 0.5, "no request waits for Redis"
        admitted, took = hammered.result()
    # All of the limit at the one; at the other a burst, and its half of the rate once it notices.
    at_most = 2 * BURST + RATE * (took + unnoticed + (took - unnoticed) / 2)
    assert 0 < admitted <= at_most * SLACK
    network.mend()
    wait_until(lambda: gauge(far, "up") == 1)
    admitted, took = hammer(pair, 1)
    assert admitted <= (BURST + RATE * took) * SLACK
