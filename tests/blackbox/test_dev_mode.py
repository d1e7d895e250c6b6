"""`serve --dev`: a laptop has something to play with; nothing but the laptop can reach it."""

import re
import subprocess

import pytest

from harness.agent import Agent
from harness.api_keys import SHAPE
from harness.server import StartFailed


def printed_keys(server) -> list:
    # The quick start that follows the table repeats one of them.
    return list(dict.fromkeys(match.group() for match in SHAPE.finditer(server.start_output)))


def who(server, key) -> Agent:
    agent = Agent(server, None, key)
    agent.agent_id = agent.get("/agents/me").json()["agent_id"]
    return agent


def test_an_empty_database_gets_an_administrator_and_two_demonstration_agents(launch):
    server = launch("--dev")
    agents = [who(server, key) for key in printed_keys(server)]
    names = {agent.get("/agents/me").json()["agent_name"]: agent for agent in agents}
    assert len(agents) == 3 and {"WeatherBot", "StockBot"} < set(names)
    weather, stock = names.pop("WeatherBot"), names.pop("StockBot")
    (admin,) = names.values()
    assert admin.permissions_of(admin) == {"agentauth:*"}
    assert admin.permissions_of(weather) == {"read_weather"}
    assert admin.permissions_of(stock) == {"read_stock"}
    assert weather.get("/data/weather").status_code == 200
    assert weather.get("/data/stock").status_code == 403
    assert stock.get("/data/stock").status_code == 200


def test_of_two_that_start_at_once_on_an_empty_database_one_makes_them(launch):
    for _ in range(3):
        first = launch("--dev", start=False)
        second = launch("--dev", start=False, database=first.database)
        second.data_dir = first.data_dir
        both = [first, second]
        for server in both:
            server.launch()
        for server in both:
            server.wait_ready()
        assert sorted(len(printed_keys(server)) for server in both) == [0, 3]
        admin = first.create_administrator()
        names = sorted(item["agent_name"] for item in admin.get("/agents").json()["items"])
        assert names == ["Administrator", "StockBot", "WeatherBot", "admin"]


def test_the_keys_are_printed_once(launch):
    server = launch("--dev")
    keys = printed_keys(server)
    assert len(keys) == 3
    server.restart()
    assert printed_keys(server) == []
    for key in keys:
        assert server.login(key).status_code == 200
        assert key not in server.stderr()


def test_a_start_that_fails_makes_no_agents_whose_keys_nobody_saw(launch):
    server = launch("--dev", start=False)
    in_the_way = server.data_dir / "agentauth.pid.new"
    in_the_way.mkdir(parents=True)
    with pytest.raises(StartFailed) as failure:
        server.start()
    assert "agentauth.pid" in failure.value.stderr
    in_the_way.rmdir()
    server.start()
    assert len(printed_keys(server)) == 3


def test_a_database_with_agents_is_left_alone(launch):
    server = launch()
    server.register(name="First")
    server.options = ["--dev"]
    server.restart()
    assert printed_keys(server) == []
    assert len(server.administrator().get("/agents").json()["items"]) == 2


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0"])
def test_it_listens_on_nothing_but_loopback(sqlite_launch, address):
    with pytest.raises(StartFailed) as failure:
        sqlite_launch("--dev", "--listen", address)
    assert failure.value.code in (1, 2)
    assert re.search(r"loopback|--dev", failure.value.stderr)


def test_localhost_and_all_of_127_are_loopback(sqlite_launch):
    server = sqlite_launch("--dev", "--listen", "127.0.0.2:0", start=False)
    server.launch()
    server.wait_ready()
    assert server.is_running()


def quick_start(server) -> str:
    return server.start_output.partition("pasted into another terminal:")[2]


def paste(server, folder) -> str:
    """What a person sees who pastes it, wherever they are and whatever their PATH."""
    result = subprocess.run(["bash", "-u"], input=quick_start(server), cwd=folder, text=True,
                            capture_output=True, env={"PATH": "/usr/bin:/bin"}, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_quick_start_can_be_pasted_at_the_first_start_and_at_every_other(launch, tmp_path):
    server = launch("--dev")
    for _ in range(2):
        for _ in range(2):
            assert "Protected weather data" in paste(server, tmp_path)
        server.restart()
        assert printed_keys(server) == []


def test_the_quick_start_says_nothing_that_a_shell_could_take_amiss(sqlite_launch):
    server = sqlite_launch("--dev")
    for _ in range(2):
        comments = [line for line in quick_start(server).splitlines() if line.startswith("#")]
        assert comments
        for comment in comments:  # in zsh they are commands
            assert re.fullmatch(r"# [\w ,:-]+", comment), comment
        for url in re.findall(r"\S*https?://\S+", quick_start(server)):
            assert url.startswith('"'), url
        server.restart()
