"""The command line: what it prints, where, and with which exit code."""

import json
import re
import signal
import socket
import sqlite3
import subprocess

import pytest

from harness.api_keys import SHAPE, new_key_file
from harness.binary import binary, only_line, run
from harness.raw import raw_call, request
from harness.server import StartFailed, new_master_key, wait_until

DONE, FAILED, USAGE, DENIED, UNREACHABLE = range(5)


class TestHelp:
    @pytest.mark.parametrize("arguments", [["help"], ["--help"], ["-h"]], ids=" ".join)
    def test_names_every_command(self, arguments):
        result = run(*arguments)
        assert result.returncode == DONE and result.stderr == ""
        for command in ("serve", "admin", "agent", "permission", "key", "check", "ready", "migrate",
                        "config", "doctor", "version", "help"):
            assert re.search(rf"\b{command}\b", result.stdout), command

    @pytest.mark.parametrize("command", ["serve", "admin create", "agent list", "agent show",
                                         "agent create", "agent suspend", "agent resume",
                                         "agent delete", "agent revoke-tokens", "permission grant", "permission revoke",
                                         "permission list", "key list", "key create", "key revoke",
                                         "check", "ready", "migrate", "config", "doctor"])
    def test_explains_each_command(self, command):
        result = run(*command.split(), "--help")
        assert result.returncode == DONE
        assert command in result.stdout
        assert run("help", *command.split()).stdout == result.stdout

    def test_of_serve_names_the_options_of_the_contract(self):
        text = run("serve", "--help").stdout
        for option in ("config", "listen", "database", "data-dir", "dev", "threads", "bcrypt-cost",
                       "token-ttl", "registration", "issuer", "audience", "trusted-proxies",
                       "master-key-file", "max-staleness", "limits", "log-format", "log-level"):
            assert f"--{option}" in text, option

    def test_version_is_one_line(self):
        result = run("version")
        assert result.returncode == DONE
        assert re.search(r"\d+\.\d+\.\d+", only_line(result.stdout))


class TestUsage:
    @pytest.mark.parametrize("arguments, named", [
        (["sing"], "sing"), (["serve", "--sing"], "--sing"), (["agent", "sing"], "sing"),
        (["serve", "--listen"], "listen"), (["check", "onlyone"], "PERMISSION"),
        (["admin", "create"], "NAME"), (["admin", "create", "a", "b"], "b"),
        (["serve", "extra"], "extra"), (["--sing"], "--sing"), (["agent"], "agent"),
        (["serve", "--dev=maybe"], "dev"), (["completion", "fish"], "fish"),
    ], ids=lambda value: " ".join(value) if isinstance(value, list) else value)
    def test_what_is_not_understood_is_named_in_one_line(self, arguments, named, tmp_path):
        result = run(*arguments, cwd=tmp_path)
        assert result.returncode == USAGE
        assert result.stdout == ""
        assert named.lower() in only_line(result.stderr).lower()
        assert list(tmp_path.iterdir()) == [], "a wrong command must leave nothing behind"

    @pytest.mark.parametrize("slip, meant", [
        ("--databse", "--database"), ("--data_dir", "--data-dir"), ("--signing-secret-fil=x",
                                                                   "--signing-secret-file"),
    ])
    def test_a_slip_of_an_option_is_told_what_was_meant(self, slip, meant):
        result = run("serve", slip, "x")
        assert result.returncode == USAGE
        assert f"did you mean {meant}?" in only_line(result.stderr)

    @pytest.mark.parametrize("option", ["--master-key-file", "--log-level", "--log-format"])
    def test_migrate_takes_no_option_that_it_does_not_use(self, option):
        result = run("migrate", option, "info")
        assert result.returncode == USAGE and option in only_line(result.stderr)

    def test_no_command_at_all_leads_to_help(self):
        result = run()
        assert result.returncode == USAGE
        assert "help" in result.stdout + result.stderr


class TestServe:
    def test_the_ready_line_is_all_that_standard_output_gets(self, sqlite_launch):
        server = sqlite_launch()
        assert server.stdout() == f"agentauth ready on http://127.0.0.1:{server.port}\n"

    def test_port_0_takes_a_free_port_and_tells_it(self, sqlite_launch):
        one, two = sqlite_launch(), sqlite_launch()
        assert one.port != two.port and 0 not in (one.port, two.port)
        assert one.get("/healthz").status_code == two.get("/healthz").status_code == 200

    def test_a_port_that_is_told_is_the_port(self, sqlite_launch):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        assert sqlite_launch("--listen", f"127.0.0.1:{port}").port == port

    @pytest.mark.parametrize("threads", [1, 3])
    def test_any_number_of_threads_serves(self, sqlite_launch, threads):
        server = sqlite_launch("--threads", threads)
        agent = server.register_with("read_weather")
        for _ in range(10):  # a connection each, so that every thread gets some
            answer = raw_call(server, request("GET", "/data/weather",
                                              f"Authorization: Bearer {agent.token}"))
            assert answer.status == 200

    def test_the_process_id_is_in_its_file_while_it_runs(self, sqlite_launch):
        server = sqlite_launch()
        file = server.data_dir / "agentauth.pid"
        assert int(file.read_text()) == server.process.pid
        assert server.stop() == DONE
        assert not file.exists()

    def test_a_process_id_left_by_a_kill_does_not_stop_the_next_start(self, sqlite_launch):
        server = sqlite_launch()
        server.kill()
        server.start()
        assert int((server.data_dir / "agentauth.pid").read_text()) == server.process.pid

    def test_two_servers_may_share_a_data_folder_and_the_last_one_is_in_the_file(self, launch):
        first = launch()
        second = launch(start=False, database=first.database)
        second.data_dir = first.data_dir
        second.start()
        file = first.data_dir / "agentauth.pid"
        assert int(file.read_text()) == second.process.pid
        agent = first.register()
        wait_until(lambda: second.login(agent.api_key).status_code == 200)
        assert first.stop() == DONE
        assert int(file.read_text()) == second.process.pid
        assert second.stop() == DONE
        assert not file.exists()

    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
    def test_a_polite_signal_ends_it_with_0(self, sqlite_launch, how):
        server = sqlite_launch()
        server.process.send_signal(how)
        assert server.process.wait(timeout=15) == DONE

    def test_a_hangup_does_not_end_it(self, sqlite_launch):
        server = sqlite_launch()
        for _ in range(3):
            server.process.send_signal(signal.SIGHUP)
        assert server.get("/healthz").status_code == 200

    def test_a_hangup_reads_the_file_again(self, sqlite_launch, tmp_path):
        file = tmp_path / "agentauth.toml"
        file.write_text('log_level = "error"\n')
        server = sqlite_launch("--config", file)
        server.get("/nowhere")
        assert "/nowhere" not in server.stderr() and "not_found" not in server.stderr()
        file.write_text('log_level = "debug"\n')
        server.process.send_signal(signal.SIGHUP)

        def logged():
            server.get("/nowhere")
            return "not_found" in server.stderr()

        wait_until(logged)

    def test_a_hangup_with_a_mistake_in_the_file_changes_nothing(self, sqlite_launch, tmp_path):
        file = tmp_path / "agentauth.toml"
        file.write_text("token_ttl = 100\n")
        server = sqlite_launch("--config", file)
        file.write_text("token_ttl = nonsense\n")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "agentauth.toml" in server.stderr())
        assert server.login(server.register().api_key).json()["expires_in"] == 100

    def test_a_hangup_names_in_one_line_what_waits_for_a_restart(self, sqlite_launch, tmp_path):
        file, secret = tmp_path / "agentauth.toml", tmp_path / "secret"
        secret.write_text("a-Secret-of-before-QmVnaW5uaW5n")
        file.write_text(f'token_ttl = 100\nissuer = "same"\nregistration_token_file = "{secret}"\n'
                        'log_level = "info"\n')
        server = sqlite_launch("--config", file)
        secret.write_text("a-Secret-of-now-QW5vdGhlcg")
        file.write_text(f'token_ttl = 200\nissuer = "same"\nregistration_token_file = "{secret}"\n'
                        'log_level = "debug"\nmax_staleness = 7\n')
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "restart_needed" in server.stderr())
        (warning,) = [line for line in server.log_lines() if line["level"] == "warning"]
        assert set(warning["options"].split(", ")) == {"--token-ttl", "--registration-token",
                                                       "--max-staleness"}
        assert "a-Secret" not in server.stderr()
        assert server.login(server.register().api_key).json()["expires_in"] == 100
        wait_until(lambda: any(line["level"] == "debug" for line in server.log_lines()))

    def test_a_hangup_without_a_change_warns_of_nothing(self, sqlite_launch):
        server = sqlite_launch()
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "reloaded" in server.stderr())
        assert not [line for line in server.log_lines() if line["level"] == "warning"]

    def test_a_port_in_use_is_one_line_and_1(self, sqlite_launch):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with pytest.raises(StartFailed) as failure:
                sqlite_launch("--listen", f"127.0.0.1:{port}")
        assert failure.value.code == FAILED
        assert str(port) in last_message(failure.value)
        assert "--listen" in last_message(failure.value)

    def test_a_host_without_an_address_is_named(self, sqlite_launch):
        with pytest.raises(StartFailed) as failure:
            sqlite_launch("--listen", "nowhere.invalid:0")
        assert failure.value.code == FAILED
        assert "nowhere.invalid" in last_message(failure.value)
        assert "Invalid argument" not in last_message(failure.value)

    def test_a_port_of_another_agentauth_is_in_use_too(self, sqlite_launch):
        """SO_REUSEPORT shares a port between our own threads, never between two servers."""
        first = sqlite_launch()
        with pytest.raises(StartFailed) as failure:
            sqlite_launch("--listen", f"127.0.0.1:{first.port}")
        assert failure.value.code == FAILED

    @pytest.mark.parametrize("database", [
        "sqlite:/proc/nowhere/agentauth.db", "postgresql://agentauth@127.0.0.1:1/none",
    ])
    def test_a_database_out_of_reach_stops_the_start(self, sqlite_launch, database):
        with pytest.raises(StartFailed) as failure:
            sqlite_launch(database=database)
        assert failure.value.code == FAILED
        line = last_message(failure.value)
        assert line and "?" not in line and " :" not in line

    def test_a_data_directory_that_is_a_file_stops_the_start(self, sqlite_launch):
        server = sqlite_launch(start=False)
        server.data_dir.write_text("in the way")
        with pytest.raises(StartFailed) as failure:
            server.start()
        assert failure.value.code == FAILED
        assert str(server.data_dir) in last_message(failure.value)


def last_message(failure: StartFailed) -> str:
    """What a person is told: exactly one line that is not part of the log."""
    return only_line("\n".join(line for line in failure.stderr.splitlines()
                               if not line.startswith("{")))


class TestAdminCreate:
    def test_makes_an_administrator_without_a_server(self, launch):
        server = launch(start=False)
        result = server.command_line("admin", "create", "root", "--json", "--email", "r@example.com")
        assert result.returncode == DONE, result.stderr
        created = json.loads(result.stdout)
        assert set(created) == {"agent_id", "api_key"}
        assert SHAPE.fullmatch(created["api_key"])
        server.start()
        token = server.login(created["api_key"]).json()["access_token"]
        told = server.get("/agents/me", token=token).json()
        assert (told["agent_name"], told["owner_email"]) == ("root", "r@example.com")
        permissions = server.get(f"/agents/{created['agent_id']}/permissions", token=token).json()
        assert [item["permission"] for item in permissions["items"]] == ["agentauth:*"]

    def test_prints_for_people_without_json(self, launch):
        result = launch(start=False).command_line("admin", "create", "root")
        assert result.returncode == DONE
        assert SHAPE.search(result.stdout)
        assert not SHAPE.search(result.stderr)

    def test_refuses_a_bad_name(self, launch):
        result = launch(start=False).command_line("admin", "create", "n" * 129, "--email", "none")
        assert result.returncode == USAGE
        assert result.stdout == ""
        line = only_line(result.stderr)
        assert "agent_name" in line and "owner_email" in line

    def test_says_whether_it_made_a_database_or_a_server_may_be_running(self, launch):
        server = launch(start=False)
        made = only_line(server.command_line("admin", "create", "first").stderr)
        assert "new database" in made
        beside = only_line(server.command_line("admin", "create", "second", "--json").stderr)
        assert "knows the key now" in beside

    def test_the_very_first_login_at_a_server_that_runs_succeeds(self, launch):
        server = launch()
        for number in range(5):
            created = server.create_administrator(f"admin-{number}")
            assert server.login(created.api_key).status_code == 200

    def test_needs_the_databases_own_master_key(self, launch, tmp_path):
        server = launch()
        new_master_key(tmp_path / "other")
        result = server.command_line("admin", "create", "evil", "--json",
                                     "--master-key-file", tmp_path / "other")
        assert result.returncode == FAILED
        assert "master" in only_line(result.stderr).lower()


def test_migrate_makes_a_database_that_serve_takes(launch):
    server = launch(start=False)
    for _ in range(2):
        result = server.command_line("migrate")
        assert result.returncode == DONE, result.stderr
    assert server.start().get("/readyz").status_code == 200


class TestOverHttp:
    @pytest.fixture
    def cli(self, server, tmp_path):
        key_file = new_key_file(tmp_path, server.administrator().api_key + "\n")

        def call(*arguments, expect=DONE):
            result = run(*arguments, "--server", server.url, "--api-key-file", key_file)
            assert result.returncode == expect, (arguments, result.stdout, result.stderr)
            return result.stdout

        return call

    def test_agents_are_created_shown_listed_suspended_resumed_deleted(self, server, cli):
        created = json.loads(cli("agent", "create", "Typed", "--email", "t@example.com", "--json"))
        agent_id = created["agent_id"]
        assert server.login(created["api_key"]).status_code == 200
        assert json.loads(cli("agent", "show", agent_id, "--json"))["agent_name"] == "Typed"
        assert agent_id in cli("agent", "list", "--json")
        assert "Typed" in cli("agent", "list")
        cli("agent", "suspend", agent_id)
        assert server.login(created["api_key"]).status_code == 401
        cli("agent", "resume", agent_id)
        assert server.login(created["api_key"]).status_code == 200
        cli("agent", "delete", agent_id)
        assert server.login(created["api_key"]).status_code == 401

    def test_permissions_are_granted_listed_revoked_and_checked(self, server, cli):
        agent = server.register()
        cli("check", agent.agent_id, "read_weather", expect=DENIED)
        cli("check", agent.agent_id, "bad perm", expect=USAGE)
        cli("permission", "grant", agent.agent_id, "read_weather")
        cli("check", agent.agent_id, "read_weather", expect=DONE)
        assert "read_weather" in cli("permission", "list", agent.agent_id)
        assert agent.get("/data/weather").status_code == 200
        cli("permission", "revoke", agent.agent_id, "read_weather")
        cli("check", agent.agent_id, "read_weather", expect=DENIED)
        assert agent.get("/data/weather").status_code == 403

    def test_keys_are_created_listed_and_revoked(self, server, cli):
        agent = server.register()
        created = json.loads(cli("key", "create", agent.agent_id, "--json"))
        assert server.login(created["api_key"]).status_code == 200
        listed = cli("key", "list", agent.agent_id)
        assert created["kid"] in listed and created["api_key"] not in listed
        cli("key", "revoke", agent.agent_id, created["key_id"])
        assert server.login(created["api_key"]).status_code == 401

    def test_a_key_is_narrowed_and_the_list_says_to_what(self, server, cli):
        agent = server.register_with("read_weather", "read_stock")
        created = json.loads(cli(
            "key", "create", agent.agent_id, "--name", "laptop", "--json",
            "--expires-at", "2030-01-31T12:00:00Z", "--not-before", "2020-01-01T00:00:00Z",
            "--allowed-cidr", "127.0.0.0/8", "--allowed-cidr", "2001:db8::/32",
            "--permission", "read_weather"))
        token = server.login(created["api_key"]).json()["access_token"]
        assert server.get("/data/weather", token=token).status_code == 200
        assert server.get("/data/stock", token=token).status_code == 403
        listed = cli("key", "list", agent.agent_id)
        for shown in ("laptop", "2030-01-31T12:00:00.000Z", "2020-01-01T00:00:00.000Z",
                      "127.0.0.0/8, 2001:db8::/32", "read_weather"):
            assert shown in listed
        cli("key", "create", agent.agent_id, "--allowed-cidr", "10.1.2.3/8", expect=USAGE)
        cli("key", "create", agent.agent_id, "--expires-in", "60",
            "--expires-at", "2030-01-31T12:00:00Z", expect=FAILED)

    def test_what_the_server_refuses_is_1(self, server, cli):
        cli("agent", "show", "6f1d3c52-8d0a-4c39-9a53-0e4a8f6b2d71", expect=FAILED)
        cli("permission", "grant", server.register().agent_id, "not a permission",
            expect=FAILED)

    def test_a_wrong_key_is_1_and_in_no_message(self, server, tmp_path):
        key = server.register().api_key[:-1] + "!"
        result = run("agent", "list", "--server", server.url, "--api-key-file",
                     new_key_file(tmp_path, key))
        assert result.returncode == FAILED
        assert key not in only_line(result.stderr)

    def test_a_server_that_is_not_there_is_4(self, tmp_path):
        key_file = new_key_file(tmp_path, "aa_none")
        for address in ("http://127.0.0.1:1", "http://nowhere.invalid:80"):
            result = run("agent", "list", "--server", address, "--api-key-file", key_file)
            assert result.returncode == UNREACHABLE
            assert address.split("//")[1].split(":")[0] in only_line(result.stderr)

    def test_a_key_file_that_others_may_read_is_warned_of_and_used(self, server, tmp_path):
        key_file = new_key_file(tmp_path, server.administrator().api_key)
        call = ("agent", "list", "--json", "--server", server.url, "--api-key-file", key_file)
        assert run(*call).stderr == ""
        key_file.chmod(0o644)
        result = run(*call)
        assert result.returncode == DONE and json.loads(result.stdout)["items"]
        warning = only_line(result.stderr)
        assert str(key_file) in warning and "chmod 600" in warning

    def test_a_key_file_that_is_not_there_is_named(self, server, tmp_path):
        missing = tmp_path / "missing"
        result = run("agent", "list", "--server", server.url, "--api-key-file", missing)
        assert result.returncode == FAILED
        assert str(missing) in only_line(result.stderr)


class TestReady:
    def test_a_server_is_ready_or_cannot_be_reached(self, sqlite_launch):
        server = sqlite_launch()
        result = run("ready", "--server", server.url)
        assert (result.returncode, result.stdout) == (DONE, "ready\n")
        server.stop()
        result = run("ready", "--server", server.url, "--timeout", "1")
        assert (result.returncode, result.stdout) == (UNREACHABLE, "")

    def test_one_that_is_not_ready_says_why(self, sqlite_launch):
        server = sqlite_launch()
        with sqlite3.connect(server.data_dir / "agentauth.db") as database:
            database.execute("UPDATE schema_migrations SET version = 999 WHERE version = 1")
        result = run("ready", "--server", server.url)
        assert (result.returncode, result.stdout) == (FAILED, "")
        assert "schema" in only_line(result.stderr)


def test_a_closed_pipe_is_no_crash():
    shell = f"'{binary()}' help | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}"
    code = subprocess.run(["bash", "-c", shell], check=False, capture_output=True).returncode
    assert code not in (134, 139)
