"""Limits that nodes share through Redis, and what happens while it is away."""

import re
import threading
import time

import pytest

from harness.binary import only_line, run
from harness.certificates import new_certificate
from harness.redis import Redis
from harness.server import wait_until

BURST, RATE, SECONDS = 200, 100, 3


@pytest.fixture
def redis():
    server = Redis()
    yield server
    server.close()


@pytest.fixture
def pair(launch, database, redis):
    """Two nodes on one database and one Redis, with a limit on GET /healthz."""
    one = launch("--redis", redis.url)
    two = launch("--redis", redis.url, "--master-key-file", one.data_dir / "master.key",
                 database=one.database or f"sqlite:{one.data_dir / 'agentauth.db'}")
    for node in one, two:
        wait_until(lambda: gauge(node, "up") == 1 and gauge(node, "nodes") == 2)
    limit(one, two)
    return one, two


def limit(one, two, burst=BURST, rate=RATE, per="1s"):
    admin = one.administrator()
    body = {"limits": [{"name": f"shared-{burst}-{rate}", "scope": "address",
                        "routes": ["GET /healthz"], "count": "all", "rate": rate, "per": per,
                        "burst": burst}]}
    answer = admin.call("PUT", "/limits", json=body)
    assert answer.status_code == 200, answer.text
    wait_until(lambda: f"shared-{burst}-{rate}" in two.get("/metrics").text)


def gauge(server, name):
    found = re.search(rf"^agentauth_limits_redis_{name} (\d+)$", server.get("/metrics").text, re.M)
    return int(found[1]) if found else None


def hammer(servers, seconds) -> tuple:
    """How many requests were admitted by all of them, and in what time."""
    begin = time.monotonic()
    admitted, failed = [], []

    def call(server):
        while time.monotonic() - begin < seconds:
            status = server.get("/healthz").status_code
            if status == 200:
                admitted.append(server)
            elif status != 429:
                failed.append(status)

    threads = [threading.Thread(target=call, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    return len(admitted), time.monotonic() - begin


def test_two_nodes_admit_together_what_one_would_within_5_percent(pair):
    admitted, took = hammer(pair, SECONDS)
    allowed = BURST + RATE * took
    assert allowed * 0.95 <= admitted <= allowed * 1.05


def test_what_one_node_admitted_is_gone_at_the_other(pair):
    one, two = pair
    limit(one, two, burst=100, rate=1)
    assert [one.get("/healthz").status_code for _ in range(100)].count(200) == 100
    time.sleep(0.1)
    statuses = []
    for _ in range(20):
        statuses.append(two.get("/healthz").status_code)
        time.sleep(0.02)
    assert statuses.count(200) <= 3


@pytest.mark.parametrize("burst", [1, 3, 10])
def test_two_nodes_admit_one_request_more_of_one_identity_and_no_second(pair, burst):
    one, two = pair
    limit(one, two, burst=burst, rate=1, per="1h")

    def admitted(node):
        count = 0
        for _ in range(burst + 10):
            count += node.get("/healthz").status_code == 200
            time.sleep(0.05)  # longer than an exchange
        return count

    assert admitted(one) == burst
    time.sleep(1)
    assert admitted(two) <= 1
    assert admitted(one) == admitted(two) == 0


@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_without_redis_each_node_has_its_share_until_it_is_back(pair, redis, how):
    one, two = pair
    if how == "stopped":
        redis.stop()
    else:
        redis.freeze()
    one.get("/healthz"), two.get("/healthz")
    for node in pair:
        wait_until(lambda: gauge(node, "up") == 0)
    begin = time.monotonic()
    assert one.get("/readyz").status_code == 200
    assert time.monotonic() - begin < 0.2, "no request waits for Redis"
    admitted, took = hammer(pair, SECONDS)
    allowed = BURST + RATE * took
    assert allowed * 0.9 <= admitted <= allowed * 1.05
    if how == "stopped":
        redis.start()
    else:
        redis.thaw()
    for node in pair:
        wait_until(lambda: gauge(node, "up") == 1)
    wait_until(lambda: gauge(one, "nodes") == 2)
    admitted, took = hammer(pair, SECONDS)
    assert admitted <= (BURST + RATE * took) * 1.05
    for node in pair:
        events = [line["event"] for line in node.log_lines()]
        assert events.count("limits_redis_lost") == 1
        assert events.count("limits_redis_up") == 2


class TestStarting:
    def test_a_server_starts_without_redis_and_finds_it_later(self, sqlite_launch, redis):
        redis.stop()
        server = sqlite_launch("--redis", redis.url)
        assert gauge(server, "up") == 0
        assert server.register()
        redis.start()
        wait_until(lambda: gauge(server, "up") == 1)

    def test_the_password_is_used_and_never_shown(self, sqlite_launch, tmp_path):
        redis = Redis(password="a-very-secret-word")
        try:
            file = tmp_path / "redis"
            file.write_text(redis.url + "/3\n")
            server = sqlite_launch("--redis-file", file)
            wait_until(lambda: gauge(server, "up") == 1)
            wrong = sqlite_launch("--redis", f"redis://:not-that-word@127.0.0.1:{redis.port}")
            wait_until(lambda: "limits_redis_lost" in wrong.stderr())
            assert gauge(wrong, "up") == 0
            for text in (server.stderr(), wrong.stderr()):
                assert "secret-word" not in text and "not-that-word" not in text
            assert redis.keys() == [], "all is in the third database"
        finally:
            redis.close()
        shown = run("config", "--redis", "redis://:a-very-secret-word@h").stdout
        assert "secret-word" not in shown and "***" in shown

    @pytest.mark.parametrize("url", ["redis://", "http://h", "h:6379", "redis://h:0",
                                     "redisss://h", "redis://:a-very-secret-word@"])
    def test_a_url_that_is_none_stops_the_start(self, url):
        result = run("serve", "--redis", url)
        assert result.returncode in (1, 2)
        assert "--redis" in result.stderr and "secret-word" not in result.stderr


class TestTls:
    @pytest.fixture
    def tls_redis(self, tmp_path):
        servers = []

        def launch(names="IP:127.0.0.1", **options):
            folder = tmp_path / f"redis-{len(servers)}"
            folder.mkdir()
            certificate = new_certificate(folder, names)
            servers.append(Redis(certificate=certificate, **options))
            return servers[-1], certificate[0]

        yield launch
        for server in servers:
            server.close()

    @staticmethod
    def refused(server) -> str:
        """Why the node does not use its Redis."""
        wait_until(lambda: "limits_redis_lost" in server.stderr())
        assert gauge(server, "up") == 0
        assert server.register(), "the node goes on by itself"
        return next(line["cause"] for line in server.log_lines()
                    if line["event"] == "limits_redis_lost")

    def test_nodes_share_limits_over_tls_and_find_it_again(self, sqlite_launch, tls_redis, tmp_path):
        redis, ca = tls_redis(password="a-very-secret-word")
        (tmp_path / "redis").write_text(redis.url)
        server = sqlite_launch("--redis-file", tmp_path / "redis", "--redis-ca-file", ca)
        wait_until(lambda: gauge(server, "up") == 1)
        server.get("/healthz")
        wait_until(lambda: redis.keys())
        redis.stop()
        wait_until(lambda: gauge(server, "up") == 0)
        redis.start()
        wait_until(lambda: gauge(server, "up") == 1)
        assert "secret-word" not in server.stderr()

    def test_the_name_in_the_url_is_what_the_certificate_must_hold(self, sqlite_launch, tls_redis):
        redis, ca = tls_redis(names="DNS:localhost")
        named = f"rediss://localhost:{redis.port}"
        server = sqlite_launch("--redis", named, "--redis-ca-file", ca)
        wait_until(lambda: gauge(server, "up") == 1)
        other = sqlite_launch("--redis", redis.url, "--redis-ca-file", ca)
        assert "certificate" in self.refused(other) and "mismatch" in self.refused(other)

    def test_another_name_is_refused(self, sqlite_launch, tls_redis):
        redis, ca = tls_redis(names="DNS:redis.example.com,IP:127.0.0.2")
        for host in "localhost", "127.0.0.1":
            server = sqlite_launch("--redis", f"rediss://{host}:{redis.port}",
                                   "--redis-ca-file", ca)
            assert "mismatch" in self.refused(server)

    def test_another_authority_is_refused(self, sqlite_launch, tls_redis, tmp_path):
        redis, _ = tls_redis()
        other, _ = new_certificate(tmp_path)
        for trusted in ["--redis-ca-file", other], []:
            server = sqlite_launch("--redis", redis.url, *trusted)
            assert "certificate" in self.refused(server)

    def test_tls_is_never_given_up(self, sqlite_launch, tls_redis, redis):
        secure, ca = tls_redis()
        for url in f"rediss://127.0.0.1:{redis.port}", f"redis://127.0.0.1:{secure.port}":
            options = ["--redis-ca-file", ca] if url.startswith("rediss") else []
            assert self.refused(sqlite_launch("--redis", url, *options))
        assert redis.keys() == [] and secure.keys() == []

    def test_authorities_that_cannot_be_read_stop_the_start(self, tmp_path):
        (tmp_path / "empty.pem").write_text("")
        for file in tmp_path / "empty.pem", tmp_path / "missing.pem":
            result = run("serve", "--data-dir", tmp_path / "data", "--listen", "127.0.0.1:0",
                         "--redis-ca-file", file,
                         environment={"AGENTAUTH_REDIS": "rediss://127.0.0.1:1"})
            assert result.returncode == 1 and str(file) in only_line(result.stderr)

    def test_authorities_need_a_redis_that_speaks_tls(self):
        for url in [], ["--redis", "redis://h"]:
            result = run("serve", *url, "--redis-ca-file", "ca.pem")
            assert result.returncode == 2 and "rediss://" in only_line(result.stderr)


def test_redis_holds_hashes_and_no_names_and_forgets_them(pair, redis):
    one, _ = pair
    one.get("/healthz")
    wait_until(lambda: len(redis.keys()) >= 2)
    for key in redis.keys():
        assert re.fullmatch(r"agentauth:\{limits\}:(nodes|[0-9a-f]{16})", key)
        assert int(redis.ask(f"PTTL {key}")) > 0


def test_an_answer_that_makes_no_sense_is_a_redis_that_is_lost(sqlite_launch, redis):
    server = sqlite_launch("--redis", redis.url)
    wait_until(lambda: gauge(server, "up") == 1)
    redis.ask("SET agentauth:{limits}:nodes text")
    wait_until(lambda: gauge(server, "up") == 0)
    redis.ask("DEL agentauth:{limits}:nodes")
    wait_until(lambda: gauge(server, "up") == 1)
