"""Rate limits by configuration: `--limits-file` and `--limits`, and both again on SIGHUP."""

import json
import signal

import pytest

from harness.server import StartFailed, wait_until


def weather(rate: int) -> dict:
    return {"name": "weather", "scope": "agent", "routes": ["GET /data/weather"], "count": "all",
            "rate": rate, "per": "1h", "burst": rate}


class LimitsFile:
    def __init__(self, path):
        self.path = path
        self.write(weather(2))

    def write(self, *limits) -> None:
        self.path.write_text(json.dumps({"limits": limits}))


@pytest.fixture
def file(tmp_path):
    return LimitsFile(tmp_path / "limits.json")


def hang_up(server, event: str) -> dict:
    before = server.stderr().count(event)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.stderr().count(event) > before)
    return [line for line in server.log_lines() if line["event"] == event][-1]


def statuses(agent, times: int) -> list:
    return [agent.get("/data/weather").status_code for _ in range(times)]


def test_what_the_file_says_is_in_force_and_shown(launch, file):
    server = launch("--limits-file", file.path)
    assert server.create_administrator().get("/limits").json() == {"limits": [weather(2)]}
    assert statuses(server.register_with("read_weather"), 4) == [200, 200, 429, 429]


def test_a_hangup_reads_it_again(launch, file):
    server = launch("--limits-file", file.path)
    file.write(weather(3))
    hang_up(server, "reloaded")
    assert statuses(server.register_with("read_weather"), 4) == [200, 200, 200, 429]
    assert not [line for line in server.log_lines() if line["level"] == "warning"]


@pytest.mark.parametrize("text", ["", "{", '{"limits":[{"name":"a"}]}',
                                  json.dumps({"limits": [weather(0)]}),
                                  json.dumps({"limits": [weather(1) | {"routes": ["GET /no"]}]})],
                         ids=["empty", "no-json", "fields-missing", "rate", "route"])
def test_a_mistake_in_it_changes_nothing_and_is_named(launch, file, text):
    server = launch("--limits-file", file.path)
    file.path.write_text(text)
    assert str(file.path) in hang_up(server, "reload_failed")["error"]
    assert statuses(server.register_with("read_weather"), 3) == [200, 200, 429]
    server.stop()
    with pytest.raises(StartFailed) as failure:
        server.start()
    assert str(file.path) in failure.value.stderr


def test_what_was_put_for_all_nodes_takes_its_place(launch, file):
    server = launch("--limits-file", file.path)
    put = server.create_administrator().call("PUT", "/limits", json={"limits": [weather(1)]})
    assert put.status_code == 200, put.text
    hang_up(server, "reloaded")
    assert statuses(server.register_with("read_weather"), 2) == [200, 429]


def test_limits_are_switched_off_and_on_by_a_hangup(launch, file, tmp_path):
    options = tmp_path / "agentauth.toml"
    options.write_text(f'limits_file = "{file.path}"\n')
    server = launch("--config", options)
    options.write_text(f'limits_file = "{file.path}"\nlimits = "off"\n')
    hang_up(server, "reloaded")
    agent = server.register_with("read_weather")
    assert statuses(agent, 4) == [200] * 4
    assert server.create_administrator().get("/limits").json() == {"limits": [weather(2)]}
    options.write_text(f'limits_file = "{file.path}"\n')
    hang_up(server, "reloaded")
    assert statuses(agent, 3) == [200, 200, 429]
