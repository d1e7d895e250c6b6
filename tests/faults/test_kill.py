"""kill -9 at any moment of a load that goes on."""

import random
import time

import pytest

from faults.load import Load

ROUNDS = 4


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request, launch):
    database = None
    if request.param == "postgresql":
        database = request.getfixturevalue("postgres").fresh_database()
    return launch(database=database)


def test_kills_at_random_lose_nothing_acknowledged(server):
    with Load(server) as load:
        load.wait_for_all()
        for _ in range(ROUNDS):
            load.wait_for_more()
            time.sleep(random.uniform(0, 0.2))
            server.kill()
            server.start()
        load.wait_for_more()
    load.assert_invariants(server)
    assert load.refused > 0, "nobody noticed"
