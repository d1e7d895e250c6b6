"""Servers for tests that break what they stand on: each test has its own."""

import pytest

from faults.shim import Shim, compile_shim
from harness.postgres import PostgresCluster
from harness.server import Server


@pytest.fixture
def launch():
    """Starts a server of the test's own: launch("--max-staleness", 2, database=URL)."""
    servers = []

    def start(*options, **arguments) -> Server:
        servers.append(Server(*options, **arguments))
        return servers[-1].start()

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def postgres():
    """A cluster of the test's own that writes to its disk before it answers."""
    cluster = PostgresCluster(durable=True)
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def shim_library(tmp_path_factory):
    return compile_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def shim(shim_library, tmp_path):
    """launch(environment=shim.environment) puts it in front of a server."""
    return Shim(shim_library, tmp_path)
