"""Seeing inside: liveness, readiness, Prometheus metrics, and the log."""

import os
import re
import time
import uuid

import pytest

from harness.binary import run
from harness.raw import RawConnection, raw_call, request
from harness.server import wait_until

SAMPLE = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^}]*\})? [-+0-9.eE]+(Inf|NaN)?( \d+)?")


def test_alive_is_alive(server):
    answer = server.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


def test_ready_is_ready(server):
    answer = server.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"


class TestMetrics:
    def test_are_in_the_text_format_of_prometheus(self, server):
        answer = server.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/plain")
        lines = [line for line in answer.text.splitlines() if line and not line.startswith("#")]
        assert lines
        for line in lines:
            assert SAMPLE.fullmatch(line), line

    def test_each_has_a_help_and_a_type(self, server):
        text = server.get("/metrics").text
        typed = set(re.findall(r"^# TYPE (\S+) (?:counter|gauge|histogram|summary)$", text, re.M))
        helped = set(re.findall(r"^# HELP (\S+) \S", text, re.M))
        assert typed and typed == helped
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name = re.match(r"[^{ ]+", line).group()
                assert name in typed or re.sub(r"_(bucket|sum|count)$", "", name) in typed, name

    def test_count_requests_by_route_and_status(self, server):
        def counted(status):
            pattern = rf'^\w*requests_total\{{[^}}]*/data/weather[^}}]*"{status}"[^}}]*\}} (\S+)$'
            return sum(map(float, re.findall(pattern, server.get("/metrics").text, re.M)))

        agent = server.register_with("read_weather")
        stranger = server.register()
        assert agent.token and stranger.token
        before = {status: counted(status) for status in (200, 401, 403)}
        agent.get("/data/weather")
        stranger.get("/data/weather")
        server.get("/data/weather")
        for status in before:
            assert counted(status) == before[status] + 1

    def test_name_the_route_and_never_the_path(self, server, admin):
        """Or every id and every nonsense would be a time series."""
        agent = server.register()
        admin.get(agent.path)
        nonsense = f"/{uuid.uuid4()}"
        server.get(nonsense)
        text = server.get("/metrics").text
        assert agent.agent_id not in text and nonsense not in text
        assert "/agents/{id}" in text

    def test_an_invented_method_is_no_new_series(self, server):
        server.call("INVENTED", "/healthz")
        assert "INVENTED" not in server.get("/metrics").text

    def test_have_latency_histograms(self, server):
        text = server.get("/metrics").text
        assert re.search(r'_seconds_bucket\{[^}]*le="\+Inf"[^}]*\} \d', text)

    @pytest.mark.parametrize("word", ["login", "denied|denial", "queue|pool", "revision"])
    def test_tell_logins_denials_pools_and_the_revision(self, server, word):
        server.register().get("/data/weather")
        assert re.search(rf"^\w*({word})\w*(\{{[^}}]*\}})? ", server.get("/metrics").text, re.M)


class TestLog:
    def test_is_one_json_object_a_line(self, launch):
        server = launch("--log-level", "debug")
        server.register_with("read_weather").get("/data/weather")
        server.get("/nowhere")
        server.post("/auth/login", {"api_key": "line\nbreak"})
        lines = server.log_lines()
        assert lines and all(isinstance(line, dict) for line in lines)

    def test_carries_the_request_id(self, launch):
        server = launch("--log-level", "debug")
        identifier = f"find-me-{uuid.uuid4()}"
        server.get("/agents", headers={"X-Request-ID": identifier})
        wait_until(lambda: identifier in server.stderr())

    @pytest.mark.parametrize("version", ["00", "01"])
    def test_carries_the_trace(self, launch, version):
        server = launch("--log-level", "debug")
        trace_id, span_id = uuid.uuid4().hex, uuid.uuid4().hex[:16]
        traceparent = f"{version}-{trace_id}-{span_id}-01"
        server.get("/agents", headers={"traceparent": traceparent, "X-Request-ID": "traced"})
        wait_until(lambda: trace_id in server.stderr())
        line = next(line for line in server.log_lines() if line.get("request_id") == "traced")
        assert (line["trace_id"], line["parent_span_id"]) == (trace_id, span_id)

    @pytest.mark.parametrize("sent", [
        ["00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"],
        ["00-00000000000000000000000000000000-00f067aa0ba902b7-01"],
        ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"] * 2,
        ["00-4bf92f3577b34da6a3ce929d0e0e47\"}{\"-00f067aa0ba902b7-01"],
        ["", "x" * 4000],
    ], ids=["upper-case", "zeros", "twice", "quotes", "empty-and-long"])
    def test_is_not_misled_by_a_broken_trace(self, launch, sent):
        server = launch("--log-level", "debug")
        headers = [f"traceparent: {value}" for value in sent]
        answer = raw_call(server, request("GET", "/healthz", "X-Request-ID: broken", *headers))
        assert answer.status == 200
        wait_until(lambda: '"request_id":"broken"' in server.stderr())
        line = next(line for line in server.log_lines() if line.get("request_id") == "broken")
        assert (line["trace_id"], line["parent_span_id"]) == ("", "")

    def test_has_the_trace_of_a_command_that_calls(self, launch):
        server = launch("--log-level", "debug")
        trace_id = uuid.uuid4().hex
        key = server.administrator().api_key
        for traceparent in (f"00-{trace_id}-00f067aa0ba902b7-01", "nonsense"):
            environment = {"AGENTAUTH_API_KEY": key, "TRACEPARENT": traceparent}
            ran = run("agent", "list", "--server", server.url, environment=environment)
            assert ran.returncode == 0, ran.stderr
        wait_until(lambda: trace_id in server.stderr())
        assert "nonsense" not in server.stderr()

    def test_may_be_text_for_people(self, sqlite_launch):
        server = sqlite_launch("--log-format", "text")
        server.get("/nowhere")
        server.stop()
        lines = server.stderr().splitlines()
        assert lines and not any(line.startswith("{") for line in lines)

    def test_cannot_be_forged_by_a_caller(self, launch):
        server = launch("--log-level", "debug")
        forged = '"}\n{"level":"error","event":"forged by a caller'
        server.post("/agents/register", {"agent_name": forged, "owner_email": "a@example.com"})
        server.get("/data/%0a%7b%22event%22:%22forged%22%7d")
        server.get("/healthz", headers={"User-Agent": '"}{"event":"forged'})
        assert not any("forged" in str(line.get("event", "")) for line in server.log_lines())

    def test_at_level_error_a_good_day_is_silent(self, sqlite_launch):
        server = sqlite_launch("--log-level", "error")
        server.register()
        server.get("/nowhere")
        server.stop()
        assert server.stderr() == ""


def test_strangers_do_not_fill_the_log_and_nothing_is_left_out_in_silence(sqlite_launch):
    server = sqlite_launch("--threads", "1")
    started, count = time.monotonic(), 5000
    with RawConnection(server) as connection:
        for _ in range(count // 100):
            connection.send(request("GET", "/nowhere") * 100)
            assert all(connection.response().status == 404 for _ in range(100))
    assert "agentauth_requests_not_logged_total 0\n" not in server.get("/metrics").text
    server.stop()
    logged = server.stderr().count('"route":"unmatched"')
    assert 1000 <= logged <= 1001 + 20 * (time.monotonic() - started)
    told = re.findall(r'"event":"requests_not_logged","requests":(\d+),', server.stderr())
    assert logged + sum(map(int, told)) == count


def test_a_log_that_nobody_reads_stops_nobody(sqlite_launch):
    reader, writer = os.pipe()
    server = sqlite_launch(preexec_fn=lambda: os.dup2(writer, 2))
    try:
        for _ in range(800):  # fewer than strangers have lines for
            assert server.get("/nowhere").status_code == 404
        assert server.get("/healthz").status_code == 200
        os.set_blocking(reader, False)
        while len(os.read(reader, 1 << 20)) == 1 << 20:
            pass
        assert server.get("/nowhere").status_code == 404
        assert b'"event":"log_lines_dropped","lines":' in os.read(reader, 1 << 20)
        assert server.stop() == 0
    finally:
        os.close(reader)
        os.close(writer)
