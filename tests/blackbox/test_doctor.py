"""`agentauth doctor`: one line a check, each trouble found and told with what to do, nothing changed."""

import json
import re
import shutil
import socket
import sqlite3
import subprocess

import pytest

from harness.binary import run
from harness.server import new_master_key

CHECKS = ["configuration", "data folder", "master key", "database", "schema",
          "master key of the database", "signing keys", "port", "Envoy", "TLS", "limits",
          "audit file", "clock"]
LINE = re.compile(r"(ok|warn|FAIL) ([a-zA-Z ]+): (.+)")


def examine(server, *options, expect=None) -> dict:
    """{check: (result, what it says)} of a doctor with the server's own options."""
    # In the environment, where nobody is warned of a password in it.
    database = {"AGENTAUTH_DATABASE": server.database} if server.database else {}
    result = run("doctor", "--data-dir", server.data_dir, *server.options, *options,
                 environment=database)
    assert result.stderr == ""
    found = [LINE.fullmatch(line).groups() for line in result.stdout.splitlines()]
    assert [check for _, check, _ in found] == CHECKS
    failed = sorted(check for verdict, check, _ in found if verdict == "FAIL")
    assert failed == sorted(expect or []), result.stdout
    assert result.returncode == (1 if failed else 0)
    return {check: (verdict, says) for verdict, check, says in found}


@pytest.fixture
def stopped(launch):
    """A server that has been: its data are there, it does not run."""
    server = launch()
    server.register()
    server.stop()
    return server


def files_of(folder) -> dict:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


class TestWhereAllIsWell:
    def test_nothing_fails_and_a_server_that_runs_is_known(self, launch):
        server = launch()
        found = examine(server, "--listen", f"127.0.0.1:{server.port}")
        assert found["port"][0] == "ok" and "AgentAuth server" in found["port"][1]
        for check in set(CHECKS) - {"clock"}:  # a machine of the tests may have no NTP
            assert found[check][0] == "ok", found[check]
        server.stop()
        assert "is free" in examine(server, "--listen", f"127.0.0.1:{server.port}")["port"][1]

    def test_before_the_first_start_it_says_what_will_be_made_and_makes_nothing(self, launch):
        server = launch(start=False)
        found = examine(server, "--listen", "127.0.0.1:0")
        assert not server.data_dir.exists()
        for check in ("data folder", "master key"):
            assert found[check][0] == "warn" and "serve makes it" in found[check][1]
        empty = found["database" if server.database is None else "schema"]
        assert empty[0] == "warn" and "serve" in empty[1]
        # Forgotten to say which is meant? A folder that is not there holds nothing to lose.
        assert found["configuration"][0] == ("warn" if server.database is None else "ok")
        assert server.database or "--data-dir names a deployment" in found["configuration"][1]

    def test_it_changes_nothing(self, sqlite_launch):
        server = sqlite_launch()
        server.register()
        server.stop()
        before = files_of(server.data_dir)
        examine(server, "--listen", "127.0.0.1:0")
        assert files_of(server.data_dir) == before

    def test_as_json_for_programs(self, launch):
        server = launch()
        result = run("doctor", "--json", "--listen", "127.0.0.1:0", "--data-dir", server.data_dir,
                     *server.database_options)
        told = json.loads(result.stdout)
        assert result.returncode == 0 and told["ok"] is True
        assert [check["check"] for check in told["checks"]] == CHECKS
        assert {check["result"] for check in told["checks"]} <= {"ok", "warn"}


class TestConfiguration:
    @pytest.mark.parametrize("form", ["text", "json"])
    def test_a_mistake_is_a_failed_check(self, tmp_path, form):
        (tmp_path / "agentauth.toml").write_text("token_ttl = 1\n")
        result = run("doctor", "--config", tmp_path / "agentauth.toml",
                     *(["--json"] if form == "json" else []))
        assert result.returncode == 1
        if form == "json":
            told = json.loads(result.stdout)
            assert told["ok"] is False
            says = told["checks"][0]["detail"]
        else:
            assert result.stdout.startswith("FAIL configuration: ")
            says = result.stdout
        assert "--token-ttl" in says and "agentauth.toml:1" in says

    def test_a_slip_of_the_command_line_is_one_of_usage(self):
        assert run("doctor", "--sing").returncode == 2


class TestDataFolder:
    def test_open_to_others_is_a_warning(self, stopped):
        stopped.data_dir.chmod(0o755)
        verdict, says = examine(stopped, "--listen", "127.0.0.1:0")["data folder"]
        assert verdict == "warn" and "chmod 700" in says

    def test_a_file_in_its_place_fails(self, sqlite_launch, tmp_path):
        server = sqlite_launch(start=False)
        server.data_dir.write_text("in the way")
        server.database = f"sqlite:{tmp_path}/agentauth.db"
        server.options = ["--master-key-file", new_master_key(tmp_path / "key")]
        found = examine(server, "--listen", "127.0.0.1:0", expect=["data folder"])
        assert str(server.data_dir) in found["data folder"][1]


class TestMasterKey:
    def test_readable_by_others_fails(self, stopped):
        (stopped.data_dir / "master.key").chmod(0o644)
        found = examine(stopped, "--listen", "127.0.0.1:0",
                        expect=["master key", "master key of the database"])
        assert "chmod 600" in found["master key"][1]

    def test_another_one_than_the_databases_fails(self, stopped):
        new_master_key(stopped.data_dir / "master.key")
        found = examine(stopped, "--listen", "127.0.0.1:0", expect=["master key of the database"])
        assert "--master-key-file" in found["master key of the database"][1]

    def test_a_lost_one_fails_when_the_database_has_one(self, stopped):
        (stopped.data_dir / "master.key").unlink()
        examine(stopped, "--listen", "127.0.0.1:0", expect=["master key of the database"])
        assert not (stopped.data_dir / "master.key").exists()


class TestDatabase:
    def test_that_is_damaged_fails_with_advice(self, sqlite_launch):
        server = sqlite_launch()
        server.stop()
        (server.data_dir / "agentauth.db").write_bytes(b"\xa5" * 8192)
        found = examine(server, "--listen", "127.0.0.1:0", expect=["database"])
        assert "restore a backup" in found["database"][1]

    def test_out_of_reach_fails_and_shows_no_password(self, sqlite_launch):
        server = sqlite_launch(database="postgresql://agentauth:sesame@127.0.0.1:1/none",
                               start=False)
        found = examine(server, "--listen", "127.0.0.1:0", expect=["database"])
        assert "sesame" not in str(found) and "127.0.0.1:1" in found["database"][1]

    def test_whose_folder_is_missing_fails(self, sqlite_launch, tmp_path):
        server = sqlite_launch(database=f"sqlite:{tmp_path}/none/a.db", start=False)
        examine(server, "--listen", "127.0.0.1:0", expect=["database"])
        assert not (tmp_path / "none").exists()

    def test_of_a_newer_program_fails(self, sqlite_launch):
        server = sqlite_launch()
        server.stop()
        with sqlite3.connect(server.data_dir / "agentauth.db") as database:
            database.execute("INSERT INTO schema_migrations (version, name) VALUES (9999, 'x')")
        found = examine(server, "--listen", "127.0.0.1:0", expect=["schema"])
        assert "9999" in found["schema"][1]


class TestPort:
    def test_of_another_program_fails(self, stopped):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            found = examine(stopped, "--listen", f"127.0.0.1:{port}", expect=["port"])
        assert "--listen" in found["port"][1]

    @pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1"])
    def test_on_no_address_of_this_machine_fails(self, stopped, host):
        found = examine(stopped, "--listen", f"{host}:8000", expect=["port"])
        assert host in found["port"][1]


def certificate(folder, days=100) -> list:
    """Options that serve with a certificate of the test's own."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    # Anew, because only x509 makes one that has ended.
    subprocess.run(["openssl", "x509", "-in", cert, "-signkey", key, "-days", str(days), "-out", cert],
                   check=True, capture_output=True)
    return ["--tls-cert", cert, "--tls-key", key]


class TestTls:
    def test_that_fits_and_lasts_is_ok_and_its_server_is_known(self, sqlite_launch, tmp_path):
        options = certificate(tmp_path)
        server = sqlite_launch(*options, verify=options[1])
        found = examine(server, "--listen", f"127.0.0.1:{server.port}")
        assert found["TLS"][0] == "ok" and "valid until 20" in found["TLS"][1]
        assert found["port"][0] == "ok" and "AgentAuth server" in found["port"][1]

    def test_that_ends_soon_is_a_warning(self, stopped, tmp_path):
        options = certificate(tmp_path, days=3)
        assert examine(stopped, "--listen", "127.0.0.1:0", *options)["TLS"][0] == "warn"

    def test_that_has_ended_fails(self, stopped, tmp_path):
        options = certificate(tmp_path, days=-1)
        found = examine(stopped, "--listen", "127.0.0.1:0", *options, expect=["TLS"])
        assert "expired" in found["TLS"][1]

    @pytest.mark.parametrize("spoil", ["missing", "another key"])
    def test_that_cannot_be_used_fails(self, stopped, tmp_path, spoil):
        options = certificate(tmp_path)
        if spoil == "missing":
            options[3].unlink()
        else:
            (tmp_path / "other").mkdir()
            shutil.copy(certificate(tmp_path / "other")[3], options[3])
        found = examine(stopped, "--listen", "127.0.0.1:0", *options, expect=["TLS"])
        assert "key.pem" in found["TLS"][1]

    def test_none_beyond_this_machine_is_a_warning(self, stopped):
        assert examine(stopped, "--listen", "0.0.0.0:0")["TLS"][0] == "warn"


class TestLimits:
    def test_of_a_file_that_serve_would_refuse_fail(self, stopped, tmp_path):
        file = tmp_path / "limits.json"
        options = ["--listen", "127.0.0.1:0", "--limits-file", file]
        assert str(file) in examine(stopped, *options, expect=["limits"])["limits"][1]
        route = {"name": "x", "scope": "agent", "routes": ["GET /nowhere"], "count": "all",
                 "rate": 1, "per": "1h", "burst": 1}
        for content in ("junk", "{}", json.dumps({"limits": [route]})):
            file.write_text(content)
            found = examine(stopped, *options, expect=["limits"])
            assert str(file) in found["limits"][1]
        route["routes"] = ["GET /data/weather"]
        file.write_text(json.dumps({"limits": [route]}))
        assert examine(stopped, *options)["limits"][0] == "ok"


class TestAuditFile:
    def test_that_serve_would_refuse_fails_and_stays_as_it_was(self, stopped, tmp_path):
        file = tmp_path / "audit.jsonl"
        options = ["--listen", "127.0.0.1:0", "--audit-file", file]
        (tmp_path / "link").symlink_to(file)
        for content in ("my notes\n", "notes without a break", '{"sequence":1}\n'):
            file.write_text(content)
            found = examine(stopped, *options, expect=["audit file"])
            assert "something else" in found["audit file"][1]
            assert file.read_text() == content
        for wrong in (tmp_path / "link", tmp_path, tmp_path / "none" / "audit.jsonl"):
            examine(stopped, *options[:-1], wrong, expect=["audit file"])
        assert not (tmp_path / "none").exists()

    def test_that_a_server_wrote_is_ok_and_a_missing_one_is_not_made(self, launch, tmp_path):
        file = tmp_path / "audit.jsonl"
        server = launch("--audit-file", file)
        server.register()
        server.stop()
        before = file.read_bytes()
        found = examine(server, "--listen", "127.0.0.1:0")["audit file"]
        assert found[0] == "ok" and "event" in found[1]
        file.write_bytes(before + b'{"seq')  # what a crash leaves is cut off by the server
        assert examine(server, "--listen", "127.0.0.1:0")["audit file"][0] == "ok"
        assert file.read_bytes() == before + b'{"seq'
        file.unlink()
        found = examine(server, "--listen", "127.0.0.1:0")["audit file"]
        assert found[0] == "warn" and "serve makes it" in found[1]
        assert not file.exists()


def test_a_clock_behind_the_database_fails(sqlite_launch):
    server = sqlite_launch()
    server.register()
    server.stop()
    with sqlite3.connect(server.data_dir / "agentauth.db") as database:
        database.execute("UPDATE change_log SET created_at = '2099-01-01T00:00:00.000Z'")
    found = examine(server, "--listen", "127.0.0.1:0", expect=["clock"])
    assert "2099" in found["clock"][1] and "NTP" in found["clock"][1]
