"""Keys that sign access tokens: published before they sign, the same on all nodes, rotated by the
timer and by hand without a failed request, and replaced at once when one leaked."""

import json
import sqlite3
import threading
import time

import pytest

from harness import tokens
from harness.agent import Agent
from harness.binary import only_line, run
from harness.server import StartFailed, wait_until

LEAD_SECONDS = 4
QUICK = ("--max-staleness", 2, "--signing-key-lead", LEAD_SECONDS)
BY_TIMER = (*QUICK, "--signing-key-rotation", LEAD_SECONDS)
BY_HAND = (*QUICK, "--signing-key-rotation", 0)


@pytest.fixture
def pair(launch, database):
    """Starts two nodes on one database."""
    def start(*options):
        one = launch(*options)
        two = launch(*options, "--master-key-file", one.data_dir / "master.key",
                     database=one.database or f"sqlite:{one.data_dir / 'agentauth.db'}")
        return one, two

    return start


def command(server, verb: str, *options):
    return server.command_line("signing-key", verb, *options)


def keys_of(server) -> list:
    result = command(server, "list", "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)["items"]


def rotate(server, *options) -> dict:
    result = command(server, "rotate", "--json", *map(str, QUICK), *options)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def states(server) -> list:
    return [key["state"] for key in keys_of(server)]


def kid_of(token: str) -> str:
    return tokens.decode(token)[0]["kid"]


def works(server, token: str) -> bool:
    return server.call("GET", "/agents/me", token=token).status_code == 200


def wait_until_it_signs(server, agent: Agent, kid: str):
    wait_until(lambda: kid_of(server.login(agent.api_key).json()["access_token"]) == kid,
               seconds=3 * LEAD_SECONDS)


class Load:
    """Logs in at each server all the time and uses every token of it at every server."""

    def __init__(self, servers, api_key: str):
        self.servers, self.api_key = servers, api_key
        self.refused, self.kids, self.calls = [], set(), 0
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(server,)) for server in servers]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def _run(self, own):
        held = []
        while not self._ending.is_set():
            answer = own.login(self.api_key)
            if answer.status_code != 200:
                self.refused.append(answer.text)
                continue
            held = [*held, answer.json()["access_token"]][-40:]
            self.kids.add(kid_of(held[-1]))
            for server in self.servers:
                for token in (held[-1], *held[::8]):
                    self.calls += 1
                    answer = server.call("GET", "/agents/me", token=token)
                    if answer.status_code != 200:
                        self.refused.append(answer.text)
            time.sleep(0.05)


def test_through_many_rotations_by_the_timer_no_request_of_two_nodes_fails(pair):
    one, two = pair(*BY_TIMER)
    agent = one.register()
    wait_until(lambda: two.login(agent.api_key).status_code == 200)
    with Load((one, two), agent.api_key) as load:
        wait_until(lambda: len(load.kids) >= 4, seconds=15 * LEAD_SECONDS, every=0.2)
    assert load.refused == []
    assert load.calls > 100
    # One node of the two did each of them, in time.
    keys = keys_of(one)
    times = sorted(key["signs_from"] for key in keys)
    assert len(times) == len(set(times))
    admin = one.administrator()
    events = admin.get("/audit?action=signing_key.rotate").json()["items"]
    assert {event["reason"] for event in events} == {"schedule"}
    assert {event["target_id"] for event in events} >= {key["kid"] for key in keys[:2]}


def test_a_new_key_verifies_at_once_and_signs_after_the_lead(pair):
    one, two = pair(*BY_HAND)
    agent = one.register()
    old = agent.login()
    key = rotate(one)
    assert key["state"] == "published" and states(one) == ["published", "active"]
    assert kid_of(agent.login()) == kid_of(old)
    again = command(one, "rotate", *map(str, QUICK))
    assert again.returncode == 1 and "published already" in only_line(again.stderr)

    wait_until_it_signs(one, agent, key["kid"])
    wait_until_it_signs(two, agent, key["kid"])
    assert states(one) == ["active", "retired"]
    new = agent.login()
    for server in (one, two):
        assert works(server, old) and works(server, new)


def test_rotated_at_once_the_next_request_with_an_old_token_is_refused_on_both_nodes(pair):
    one, two = pair(*BY_HAND)
    agent = one.register()
    wait_until(lambda: two.login(agent.api_key).status_code == 200)
    before = one.login(agent.api_key).json()
    for server in (one, two):
        assert works(server, before["access_token"])  # and is remembered
    key = rotate(two, "--now")
    for server in (one, two):
        assert server.call("GET", "/agents/me", token=before["access_token"]).status_code == 401
    assert [listed["kid"] for listed in keys_of(one)] == [key["kid"]]
    for server in (one, two):
        after = server.login(agent.api_key).json()["access_token"]
        assert kid_of(after) == key["kid"] and works(one, after) and works(two, after)
    refreshed = one.post("/auth/refresh", {"refresh_token": before["refresh_token"]})
    assert refreshed.status_code == 200 and works(two, refreshed.json()["access_token"])

    admin = one.administrator()
    revoked = admin.get("/audit?action=signing_key.revoke").json()["items"]
    assert [event["target_id"] for event in revoked] == [kid_of(before["access_token"])]
    assert revoked[0]["reason"] == "command_line"


def test_a_restart_in_each_state_keeps_tokens_and_keys(launch):
    server = launch(*BY_HAND)
    agent = server.register()
    old = agent.login()
    server.restart()
    assert states(server) == ["active"] and works(server, old)
    key = rotate(server)
    server.restart()
    assert works(server, old)
    wait_until_it_signs(server, agent, key["kid"])
    new = agent.login()
    server.restart()
    assert states(server) == ["active", "retired"]
    assert works(server, old) and works(server, new)
    rotate(server, "--now")
    server.restart()
    assert not works(server, old) and not works(server, new)
    assert works(server, agent.login())


def test_a_server_that_is_down_follows_when_it_starts(launch):
    server = launch(*BY_HAND)
    agent = server.register()
    old = agent.login()
    server.stop()
    key = rotate(server, "--now")
    server.start()
    assert not works(server, old)
    assert kid_of(agent.login()) == key["kid"]


def test_the_node_with_the_longest_tokens_says_how_long_a_key_verifies(pair, launch, database):
    one, two = pair(*BY_HAND)
    lasting = launch(*BY_HAND, "--token-ttl", 86400, "--master-key-file",
                     one.data_dir / "master.key",
                     database=one.database or f"sqlite:{one.data_dir / 'agentauth.db'}")
    agent = one.register()
    rotate(one)
    wait_until(lambda: keys_of(one)[1]["verifies_until"][:10] > keys_of(one)[0]["signs_from"][:10])
    assert lasting.get("/readyz").status_code == 200
    assert two.login(agent.api_key).status_code == 200


def test_metrics_and_the_change_log_tell_of_it(launch):
    server = launch(*BY_HAND)
    admin = server.administrator()
    since = server.get("/readyz").json()["revision"]
    rotate(server)
    metrics = server.get("/metrics").text
    assert "\nagentauth_signing_keys 2\n" in metrics
    assert "\nagentauth_signing_key_age_seconds " in metrics
    changes = admin.get(f"/changes?since={since}").json()["items"]
    assert "signing_key" in {change["kind"] for change in changes}


class TestAConfiguredSecret:
    def test_rotates_neither_by_the_timer_nor_by_hand(self, launch):
        server = launch("--signing-secret", tokens.SECRET, *BY_TIMER)
        agent = server.register()
        token = agent.login()
        assert kid_of(token) == tokens.KID
        for verb in ("list", "rotate"):
            result = server.command_line("signing-key", verb,
                                         environment={"AGENTAUTH_SIGNING_SECRET": tokens.SECRET})
            assert result.returncode == 1
            assert "--signing-secret signs" in only_line(result.stderr)
        assert any("does not rotate" in line.get("note", "") for line in server.log_lines())
        assert works(server, token)

    def test_that_only_the_server_was_told_of_is_known_to_the_commands(self, launch):
        server = launch("--signing-secret", tokens.SECRET, *BY_HAND)
        agent = server.register()
        token = agent.login()
        for options in ((), ("--now",)):
            refused = command(server, "rotate", *map(str, QUICK), *options)
            assert refused.returncode == 1 and refused.stdout == ""
            assert "nothing was rotated" in only_line(refused.stderr)
        assert works(server, token)
        listed = command(server, "list", "--json")
        assert listed.returncode == 0 and "these keys rest" in only_line(listed.stderr)

        server.options = server.options[2:]
        server.restart()
        assert not works(server, token)
        assert command(server, "list").stderr == ""
        assert rotate(server, "--now")["state"] == "active"

    def test_is_left_for_keys_that_rotate_without_a_failed_request(self, pair, tmp_path):
        """As docs/guide/signing-keys.md says."""
        secret = tmp_path / "secret"
        secret.touch(mode=0o600)
        secret.write_text(tokens.SECRET)
        nodes = pair("--signing-secret-file", secret, *BY_HAND)
        one, two = nodes
        agent = one.register()
        wait_until(lambda: two.login(agent.api_key).status_code == 200)
        before = agent.login()

        adopted = command(one, "adopt", "--signing-secret-file", secret, "--json")
        assert adopted.returncode == 0, adopted.stderr
        assert json.loads(adopted.stdout)["kid"] == tokens.KID
        for node in nodes:
            # What the other node signs meanwhile is good at this one, and the other way round.
            at = node.options.index("--signing-secret-file")
            del node.options[at:at + 2]
            node.restart()
            fresh = [each.login(agent.api_key).json()["access_token"] for each in nodes]
            assert {kid_of(token) for token in fresh} == {tokens.KID}
            assert all(works(each, token) for each in nodes for token in (before, *fresh))
        with Load(nodes, agent.api_key) as load:
            key = rotate(one)
            wait_until(lambda: key["kid"] in load.kids, seconds=3 * LEAD_SECONDS)
        assert load.refused == [] and load.kids == {tokens.KID, key["kid"]}
        assert works(one, before) and works(two, before)
        assert states(one)[:2] == ["active", "retired"]
        admin = one.administrator()
        created = admin.get("/audit?action=signing_key.create").json()["items"]
        assert tokens.KID in {event["target_id"] for event in created}

    def test_is_adopted_only_where_it_signs_and_only_once(self, launch):
        server = launch(*BY_HAND)
        configured = {"AGENTAUTH_SIGNING_SECRET": tokens.SECRET}

        def adopt(**environment):
            result = server.command_line("signing-key", "adopt", environment=environment)
            return result.returncode, result.stderr and only_line(result.stderr)

        code, why = adopt(**configured)
        assert code == 1 and "nothing to adopt" in why
        server.options += ["--signing-secret", tokens.SECRET]
        server.restart()
        code, why = adopt()
        assert code == 2 and "--signing-secret-file" in why
        assert adopt(**configured) == (0, "")
        code, why = adopt(**configured)
        assert code == 1 and "already" in why

    def test_takes_the_place_of_the_keys_and_gives_it_back(self, launch):
        server = launch(*BY_HAND)
        agent = server.register()
        old = agent.login()
        server.options += ["--signing-secret", tokens.SECRET]
        server.restart()
        assert not works(server, old)
        configured = agent.login()
        server.options = server.options[:-2]
        server.restart()
        assert works(server, old) and not works(server, configured)


class TestWhatIsRefused:
    @pytest.mark.parametrize("options, named", [
        (("--signing-key-lead", 9), "--signing-key-lead"),  # the default of max-staleness is 5
        (("--max-staleness", 300, "--signing-key-lead", 599), "--signing-key-lead"),
        (("--signing-key-rotation", 599), "--signing-key-rotation"),
        (("--signing-key-lead", 1), "--signing-key-lead"),
        (("--signing-key-rotation", "monthly"), "--signing-key-rotation"),
    ])
    def test_a_schedule_that_could_fail_a_request_stops_the_start(self, sqlite_launch, options,
                                                                  named):
        with pytest.raises(StartFailed) as failure:
            sqlite_launch(*options)
        assert failure.value.code == 2
        assert named in only_line(failure.value.stderr)

    def test_no_database_is_made_for_a_look_at_its_keys(self, tmp_path):
        for verb in ("list", "rotate"):
            result = run("signing-key", verb, "--data-dir", tmp_path / "none")
            assert result.returncode == 1
            assert "there is no database" in only_line(result.stderr)
            assert "--data-dir names another" in result.stderr
            assert not (tmp_path / "none").exists()

    def test_with_another_master_key_nothing_is_rotated(self, launch, tmp_path):
        server = launch(*BY_HAND)
        before = keys_of(server)
        (tmp_path / "key").write_bytes(b"k" * 32)
        (tmp_path / "key").chmod(0o600)
        result = command(server, "rotate", "--now", "--master-key-file", tmp_path / "key")
        assert result.returncode == 1 and "master key" in only_line(result.stderr)
        assert keys_of(server) == before

    @pytest.mark.parametrize("change", [
        "UPDATE signing_keys SET sealed_secret = zeroblob(60)",
        "UPDATE signing_keys SET kid = 'AAAAAAAAAAAAAAAA' WHERE signs_from = "
        "(SELECT MAX(signs_from) FROM signing_keys)",
    ])
    def test_a_key_that_was_tampered_with_stops_the_start(self, sqlite_launch, change):
        server = sqlite_launch(*BY_HAND)
        rotate(server)
        server.stop()
        with sqlite3.connect(server.data_dir / "agentauth.db") as database:
            database.execute(change)
        with pytest.raises(StartFailed) as failure:
            server.start()
        assert failure.value.code == 1
        assert "sealed secret cannot be opened" in failure.value.stderr.splitlines()[-1]
