"""The machine of the primary is lost or hangs under load, and the standby takes over."""

import pytest

from faults.load import Load
from faults.replication import Standby
from harness.server import wait_until


@pytest.fixture
def standby(postgres):
    standby = Standby(postgres)
    yield standby
    standby.close()


# What is killed refuses connections; what is frozen takes them, and nothing ever comes back.
@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_nodes_go_on_with_the_standby_and_nothing_acknowledged_is_lost(launch, postgres, standby,
                                                                      how):
    name = postgres.fresh_database().rsplit("/", 1)[1]
    url = f"postgresql://agentauth@127.0.0.1:{postgres.port},127.0.0.1:{standby.port}/{name}"
    if how == "freeze":
        url += "?connect_timeout=2"  # as docs/guide/failover.md advises
    options = ("--max-staleness", 2, "--limits", "off")  # the load does not wait for anything
    one = launch(*options, database=url)
    two = launch(*options, "--master-key-file", one.data_dir / "master.key", database=url)
    wait_until(lambda: two.get("/readyz").status_code == 200)
    with Load(one, two) as load:
        load.wait_for_all()
        getattr(postgres, how)()
        wait_until(lambda: load.refused > 3, seconds=20)
        for node in one, two:
            # A standby answers reads, and would be believed without knowing the newest.
            wait_until(lambda: node.get("/readyz").status_code == 503)
        standby.promote()
        load.wait_for_more(50, seconds=60)
        if how == "freeze":
            postgres.kill()  # so that there are never two
        for node in one, two:
            assert node.is_running()
            wait_until(lambda: node.get("/readyz").status_code == 200)
    for node in one, two:
        load.assert_invariants(node)
