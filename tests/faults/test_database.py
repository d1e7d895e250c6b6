"""PostgreSQL is stopped, crashes, or is cut off from one node of two, under load."""

import time

import pytest

from faults.load import Load
from faults.proxy import Proxy
from harness.problems import problem
from harness.server import wait_until

STALENESS = 2


@pytest.mark.parametrize("how", ["stop", "crash"])
def test_without_a_restart_the_load_goes_on_when_postgresql_is_back(launch, postgres, how):
    server = launch("--max-staleness", STALENESS, database=postgres.fresh_database())
    with Load(server) as load:
        load.wait_for_all()
        getattr(postgres, how)()
        agent = load.holding[0]
        wait_until(lambda: agent.get("/data/weather").status_code == 503, seconds=STALENESS + 5)
        problem(agent.get("/data/weather"), 503, "unavailable")
        postgres.start()
        load.wait_for_more()
    load.assert_invariants(server)
    (lost,) = [line for line in server.log_lines() if line["event"] == "database_lost"]
    assert "PostgreSQL runs" in lost["advice"]


@pytest.fixture
def network(postgres):
    proxy = Proxy(postgres.port)
    yield proxy
    proxy.close()


@pytest.fixture
def pair(launch, postgres, network):
    """Two nodes of one deployment; the second reaches PostgreSQL through `network`."""
    url = postgres.fresh_database()
    near = launch("--max-staleness", STALENESS, database=url)
    far = launch("--max-staleness", STALENESS, "--master-key-file", near.data_dir / "master.key",
                 database=url.replace(f":{postgres.port}/", f":{network.port}/"))
    return near, far


@pytest.mark.parametrize("how", ["cut", "stall"])
def test_a_node_that_is_cut_off_stops_to_allow_and_forgets_nothing(pair, network, how):
    near, far = pair
    with Load(near, far) as load:
        load.wait_for_all()
        agent = near.register_with("read_weather")
        wait_until(lambda: far.get("/data/weather", token=agent.token).status_code == 200)
        getattr(network, how)()
        # A transaction that was cut off holds up the others until PostgreSQL ends it.
        wait_until(lambda: near.administrator().post(
            f"{agent.path}/suspend").status_code == 200, seconds=12)
        revoked = time.monotonic()
        allowed_until = revoked
        while time.monotonic() < revoked + STALENESS + 1.5:
            if far.get("/data/weather", token=agent.token).status_code == 200:
                allowed_until = time.monotonic()
            time.sleep(0.01)
        assert allowed_until < revoked + STALENESS + 0.5, "allowed by what is too old"
        problem(far.get("/data/weather", token=agent.token), 503, "unavailable")
        problem(far.login(near.register().api_key), 503, "unavailable")
        assert near.get("/data/weather", token=load.holding[0].token).status_code == 200
        network.mend()
        wait_until(lambda: far.get("/data/weather", token=agent.token).status_code == 401,
                   seconds=20)
        wait_until(lambda: far.get("/readyz").status_code == 200, seconds=20)
        load.wait_for_more()
    for node in pair:
        load.assert_invariants(node)
