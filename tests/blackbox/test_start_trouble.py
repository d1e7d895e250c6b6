"""A database that does not do at start: one line that says which, why and what to do; exit code 1."""

import resource
import sqlite3

import pytest

from harness.binary import obey_modes, only_line
from harness.server import StartFailed


def refusal(server) -> str:
    """The one line that a person gets."""
    with pytest.raises(StartFailed) as failure:
        server.start()
    assert failure.value.code == 1
    return only_line("\n".join(line for line in failure.value.stderr.splitlines()
                               if not line.startswith("{")))


def names(line, *parts):
    for part in (*parts, "--database"):
        assert str(part) in line, line


@pytest.fixture
def stopped(sqlite_launch):
    """A server that has been: its database is there, it does not run."""
    server = sqlite_launch()
    server.register()
    server.stop()
    return server


def database_file(server):
    return server.data_dir / "agentauth.db"


def test_a_corrupt_file(stopped):
    database_file(stopped).write_bytes(b"\xa5" * 8192)
    names(refusal(stopped), database_file(stopped), "not a database", "restore a backup")


def test_a_corrupt_page(stopped):
    file = database_file(stopped)
    good = file.read_bytes()
    file.write_bytes(good[:4096] + b"\xa5" * (len(good) - 4096))
    names(refusal(stopped), file, "malformed", "restore a backup")


def test_a_file_that_another_program_holds(stopped):
    with sqlite3.connect(database_file(stopped), isolation_level=None) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN IMMEDIATE")
        names(refusal(stopped), database_file(stopped), "busy", "or another program")
        holder.execute("ROLLBACK")


def test_a_disk_without_room(sqlite_launch):
    limit = 16384  # enough for the lines of the log
    server = sqlite_launch(start=False, preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_FSIZE, (limit, limit)))
    names(refusal(server), database_file(server), "look at its disk")


@pytest.fixture
def reader(stopped):
    """Runs `stopped` as somebody who may read its files and write none of them."""
    stopped._popen_options = {"preexec_fn": obey_modes}
    database_file(stopped).chmod(0o400)
    stopped.data_dir.chmod(0o500)
    yield stopped
    stopped.data_dir.chmod(0o700)


def test_a_file_that_may_only_be_read(reader):
    names(refusal(reader), database_file(reader), "read only", "let this user write")


def test_a_folder_that_is_not_there(sqlite_launch, tmp_path):
    server = sqlite_launch(start=False, database=f"sqlite:{tmp_path}/none/agentauth.db")
    names(refusal(server), tmp_path / "none/agentauth.db", "let its folder exist")


def test_a_postgresql_that_does_not_answer(sqlite_launch):
    server = sqlite_launch(start=False, database="postgresql://agentauth:sesame@127.0.0.1:1/none")
    line = refusal(server)
    names(line, "postgresql://agentauth:***@127.0.0.1:1/none", "PostgreSQL runs there")
    assert "sesame" not in line


@pytest.mark.parametrize("user, database, advice", [
    ("agentauth", "nowhere", "createdb"), ("nobody_at_all", "postgres", "createuser"),
])
def test_a_postgresql_that_knows_no_such_thing(sqlite_launch, postgres_cluster, user, database,
                                               advice):
    url = f"postgresql://{user}@127.0.0.1:{postgres_cluster.port}/{database}"
    names(refusal(sqlite_launch(start=False, database=url)), url, "does not exist", advice)


def test_a_postgresql_that_takes_no_writes(sqlite_launch, postgres_cluster):
    url = postgres_cluster.fresh_database()
    name = url.rsplit("/", 1)[1]
    postgres_cluster.query(f"ALTER DATABASE {name} SET default_transaction_read_only = on",
                           database="postgres")
    names(refusal(sqlite_launch(start=False, database=url)), url, "read only", "primary")
