"""The machine of the primary is lost under load, and the standby takes over."""

import pytest

from faults.load import Load
from faults.replication import Standby
from harness.server import wait_until


@pytest.fixture
def standby(postgres):
    standby = Standby(postgres)
    yield standby
    standby.close()


def test_nodes_go_on_with_the_standby_and_nothing_acknowledged_is_lost(launch, postgres, standby):
    name = postgres.fresh_database().rsplit("/", 1)[1]
    url = f"postgresql://agentauth@127.0.0.1:{postgres.port},127.0.0.1:{standby.port}/{name}"
    one = launch("--max-staleness", 2, database=url)
    two = launch("--max-staleness", 2, "--master-key-file", one.data_dir / "master.key",
                 database=url)
    wait_until(lambda: two.get("/readyz").status_code == 200)
    with Load(one, two) as load:
        load.wait_for_all()
        postgres.kill()
        wait_until(lambda: load.refused > 3)
        for node in one, two:
            # A standby answers reads, and would be believed without knowing the newest.
            wait_until(lambda: node.get("/readyz").status_code == 503)
        standby.promote()
        load.wait_for_more(50)
        for node in one, two:
            assert node.is_running()
            wait_until(lambda: node.get("/readyz").status_code == 200)
    for node in one, two:
        load.assert_invariants(node)
