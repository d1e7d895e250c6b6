"""The master key: without it the database is worth nothing, and no other will do."""

import os
import stat

import pytest

from harness.binary import only_line
from harness.server import StartFailed, new_master_key


def start_failure(server) -> StartFailed:
    with pytest.raises(StartFailed) as failure:
        server.start()
    return failure.value


def test_it_is_made_at_the_first_start_32_bytes_for_the_owner_only(sqlite_launch):
    server = sqlite_launch()
    file = server.data_dir / "master.key"
    assert len(file.read_bytes()) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_is_made_private_whatever_the_umask(sqlite_launch):
    server = sqlite_launch(umask=0)
    assert stat.S_IMODE((server.data_dir / "master.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((server.data_dir / "agentauth.db").stat().st_mode) & 0o077 == 0


def test_every_installation_has_its_own(sqlite_launch):
    one, two = sqlite_launch(), sqlite_launch()
    assert (one.data_dir / "master.key").read_bytes() != (two.data_dir / "master.key").read_bytes()


def test_it_stays_the_same_over_restarts(launch):
    server = launch()
    agent = server.register()
    before = (server.data_dir / "master.key").read_bytes()
    server.restart()
    assert (server.data_dir / "master.key").read_bytes() == before
    assert server.login(agent.api_key).status_code == 200


def test_a_wrong_one_is_refused_at_start(launch):
    server = launch()
    server.register()
    server.stop()
    new_master_key(server.data_dir / "master.key")
    failure = start_failure(server)
    assert failure.code == 1
    assert "master" in failure.stderr


def test_a_lost_one_is_not_silently_replaced(launch):
    server = launch()
    server.register()
    server.stop()
    (server.data_dir / "master.key").unlink()
    failure = start_failure(server)
    assert failure.code == 1
    assert "master" in failure.stderr


@pytest.mark.parametrize("content", [b"", b"short", bytes(31), bytes(33), os.urandom(64)], ids=len)
def test_one_of_another_length_is_refused(sqlite_launch, content):
    server = sqlite_launch(start=False)
    server.data_dir.mkdir()
    (server.data_dir / "master.key").write_bytes(content)
    (server.data_dir / "master.key").chmod(0o600)
    failure = start_failure(server)
    assert failure.code in (1, 2)
    assert "master" in failure.stderr


def test_it_may_lie_elsewhere(launch, tmp_path):
    server = launch("--master-key-file", new_master_key(tmp_path / "key"))
    assert not (server.data_dir / "master.key").exists()
    agent = server.register()
    server.restart()
    assert server.login(agent.api_key).status_code == 200


def test_a_file_that_is_told_and_missing_is_not_made(sqlite_launch, tmp_path):
    failure = start_failure(sqlite_launch("--master-key-file", tmp_path / "none", start=False))
    assert "head -c 32 /dev/urandom" in failure.stderr
    assert failure.code in (1, 2)
    line = only_line("\n".join(part for part in failure.stderr.splitlines()
                               if not part.startswith("{")))
    assert str(tmp_path / "none") in line
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_one_that_others_may_read_is_refused(sqlite_launch, mode):
    server = sqlite_launch()
    server.stop()
    (server.data_dir / "master.key").chmod(mode)
    failure = start_failure(server)
    assert failure.code == 1
    assert "master" in failure.stderr
