"""Fixtures. Every test that talks to a server runs once on SQLite and once on PostgreSQL.

`server`  one server for all tests of a file; a test must not disturb the others
`launch`  starts a server of the test's own: launch("--token-ttl", 60, ...)
`sqlite_launch`  the same, for what does not depend on the database
"""

import json

import pytest

from harness.authzen import POLICY
from harness.postgres import PostgresCluster
from harness.server import Server
from harness.waiting import WaitingClients

# What takes longest begins first, so that no worker is left alone with it at the end; what mostly
# waits beside what mostly computes.
LONGEST_FIRST = (
    "test_unused_grants", "test_gateways", "test_database_outage", "test_limits", "test_refresh",
    "test_backup", "test_signing_keys", "test_many_nodes", "test_key_expiry_notice",
    "test_openapi", "test_limits_redis", "test_audit", "test_key_constraints", "test_roles",
    "test_large_bodies", "test_permissions", "test_calls_under_way", "test_authzen",
    "test_sqlite_trouble", "test_api_keys", "test_durability", "test_policy_file",
    "test_owner_suspend", "test_security_cases", "test_overload",
)


def _on_postgresql(test: str) -> bool:
    return "postgresql" in test.rpartition("[")[2].rstrip("]").split("-")


def pytest_collection_modifyitems(items):
    rank = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: (rank.get(item.path.stem, len(rank)), item.path,
                                 _on_postgresql(item.name)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    if config.getvalue("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class ByFileAndDatabase(LoadScopeScheduling):
        """The tests of a file on one database share a server: one worker runs them all."""

        def _split_scope(self, nodeid):
            file, _, test = nodeid.partition("::")
            return f"{file} on {'postgresql' if _on_postgresql(test) else 'sqlite'}"

    return ByFileAndDatabase(config, log)


class Database:
    """Where servers of the test at hand keep their data."""

    def __init__(self, kind: str, cluster):
        self.kind = kind
        self.cluster = cluster

    def fresh_url(self):
        """A new empty database; None means SQLite in the server's own data directory."""
        return self.cluster.fresh_database() if self.kind == "postgresql" else None


@pytest.fixture(scope="session")
def postgres_cluster():
    cluster = PostgresCluster(durable=False)
    yield cluster
    cluster.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request):
    kind = request.param
    return Database(kind, request.getfixturevalue("postgres_cluster")
                    if kind == "postgresql" else None)


@pytest.fixture(scope="module")
def module_options():
    """Options of `server`; a file overrides this fixture to add its own."""
    return ()


@pytest.fixture(scope="module")
def module_server(database, module_options):
    server = Server(*module_options, database=database.fresh_url()).start()
    yield server
    server.close()


@pytest.fixture
def server(module_server):
    yield module_server
    if not module_server.is_running():
        code, stderr = module_server.process.returncode, module_server.stderr()[-3000:]
        module_server.start()  # so that the next test is judged by itself
        pytest.fail(f"the server ended with {code} during this test: {stderr}")


@pytest.fixture
def admin(server):
    return server.administrator()


def _launcher(fresh_url):
    servers = []

    def launch(*options, start=True, **arguments) -> Server:
        if "database" not in arguments:
            arguments["database"] = fresh_url()
        server = Server(*options, **arguments)
        servers.append(server)
        return server.start() if start else server

    return launch, servers


@pytest.fixture
def launch(database):
    start, servers = _launcher(database.fresh_url)
    yield start
    for server in servers:
        server.close()


@pytest.fixture
def sqlite_launch():
    start, servers = _launcher(lambda: None)
    yield start
    for server in servers:
        server.close()


@pytest.fixture
def scenario(server, admin):
    """The policy of AuthZEN's certification scenario."""
    for request in json.loads(POLICY.read_text())["requests"]:
        answer = admin.call(request["method"], request["path"], json=request["body"])
        assert answer.status_code in (200, 201), answer.text


@pytest.fixture
def pep(server, scenario):
    """An enforcement point of that policy, whose word counts."""
    return server.register_with("agentauth:access:evaluate", "agentauth:access:assert")


@pytest.fixture(scope="session", autouse=True)
def waiting_clients(request):
    """Slow clients start to wait when the session begins, so that the test of what becomes of
    them has little left to wait for."""
    if not any("waiting_clients" in item.name for item in request.session.items):
        yield None
        return
    server = Server().start()
    yield WaitingClients(server)
    server.close()
