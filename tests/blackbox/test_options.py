"""Options: flag before environment before TOML file before default; nothing unknown, no secret."""

import subprocess

import pytest

from harness.binary import only_line, run
from harness.server import StartFailed
from harness.tokens import decode

FAILED, USAGE = 1, 2
SECRET = "ein-langes-Geheimnis-von-mehr-als-32-Zeichen"


def shown(*arguments, environment=None) -> dict:
    """`agentauth config` as {option: the rest of its line}."""
    result = run("config", *arguments, environment=environment)
    assert result.returncode == 0, result.stderr
    lines = [line.split(None, 1) for line in result.stdout.splitlines() if line.strip()]
    return {name.lstrip("-"): rest[0] if rest else "" for name, *rest in lines}


@pytest.fixture
def toml(tmp_path):
    def write(text):
        path = tmp_path / "agentauth.toml"
        path.write_text(text)
        return path
    return write


class TestPrecedence:
    def test_the_default_holds_when_nobody_says_anything(self):
        assert "900" in shown()["token-ttl"] and "default" in shown()["token-ttl"]

    def test_the_file_goes_before_the_default(self, toml):
        file = toml("token_ttl = 111\n")
        line = shown("--config", file)["token-ttl"]
        assert "111" in line and str(file) in line

    def test_the_environment_goes_before_the_file(self, toml):
        line = shown("--config", toml("token_ttl = 111\n"),
                     environment={"AGENTAUTH_TOKEN_TTL": "222"})["token-ttl"]
        assert "222" in line and "AGENTAUTH_TOKEN_TTL" in line

    def test_the_flag_goes_before_the_environment(self, toml):
        line = shown("--config", toml("token_ttl = 111\n"), "--token-ttl", "333",
                     environment={"AGENTAUTH_TOKEN_TTL": "222"})["token-ttl"]
        assert "333" in line and "--token-ttl" in line

    def test_the_file_itself_may_be_told_by_the_environment(self, toml):
        file = toml("token_ttl = 111\n")
        assert "111" in shown(environment={"AGENTAUTH_CONFIG": str(file)})["token-ttl"]

    def test_the_server_obeys_all_three(self, sqlite_launch, toml):
        file = toml('token_ttl = 111\nissuer = "file"\naudience = "file"\n')
        server = sqlite_launch("--config", file, "--issuer", "flag", environment={
            "AGENTAUTH_ISSUER": "environment", "AGENTAUTH_AUDIENCE": "environment"})
        answer = server.login(server.register().api_key).json()
        claims = decode(answer["access_token"])[1]
        assert answer["expires_in"] == 111
        assert (claims["iss"], claims["aud"]) == ("flag", "environment")


def test_who_sets_nothing_is_not_warned(sqlite_launch):
    assert "warning" not in sqlite_launch().stderr()


class TestConfig:
    def test_lists_every_option_of_the_contract_with_its_source(self):
        options = shown()
        for name in ("listen", "database", "data-dir", "dev", "threads", "bcrypt-cost", "token-ttl",
                     "registration", "issuer", "audience", "trusted-proxies", "master-key-file",
                     "max-staleness", "limits", "log-format", "log-level"):
            assert "default" in options[name], name
        assert "127.0.0.1:8000" in options["listen"]
        assert "12" in options["bcrypt-cost"]

    @pytest.mark.parametrize("how", ["flag", "environment", "file", "secret file"])
    def test_shows_a_secret_as_stars(self, how, toml, tmp_path):
        arguments, environment = [], {}
        if how == "flag":
            arguments = ["--signing-secret", SECRET]
        elif how == "environment":
            environment = {"AGENTAUTH_SIGNING_SECRET": SECRET}
        elif how == "file":
            arguments = ["--config", toml(f'signing_secret = "{SECRET}"\n')]
        else:
            (tmp_path / "secret").write_text(SECRET)
            arguments = ["--signing-secret-file", tmp_path / "secret"]
        result = run("config", *arguments, environment=environment)
        assert result.returncode == 0, result.stderr
        assert SECRET not in result.stdout + result.stderr
        assert any("signing-secret" in line and "***" in line
                   for line in result.stdout.splitlines())

    def test_does_not_show_the_password_of_a_database(self):
        result = run("config", "--database", "postgresql://agentauth:sesame42@127.0.0.1:5432/a")
        assert result.returncode == 0
        assert "sesame42" not in result.stdout and "127.0.0.1:5432" in result.stdout


class TestSecretsFromFiles:
    def test_a_file_stands_for_the_secret_and_its_last_newline_does_not_count(self, sqlite_launch,
                                                                              tmp_path):
        (tmp_path / "secret").write_text(SECRET + "\n")
        first = sqlite_launch("--signing-secret-file", tmp_path / "secret")
        agent = first.register_with("read_weather")
        token = agent.token
        first.options = ["--signing-secret", SECRET]
        first.restart()
        assert first.get("/data/weather", token=token).status_code == 200

    def test_secret_and_file_together_are_refused(self, tmp_path):
        (tmp_path / "secret").write_text(SECRET)
        result = run("config", "--signing-secret", SECRET,
                     "--signing-secret-file", tmp_path / "secret")
        assert result.returncode == USAGE
        assert "signing-secret" in only_line(result.stderr)

    @pytest.mark.parametrize("content", [None, "", "short", "a directory"])
    def test_a_file_that_holds_no_secret_is_named(self, tmp_path, content):
        path = tmp_path / "secret"
        if content == "a directory":
            path.mkdir()
        elif content is not None:
            path.write_text(content)
        result = run("serve", "--data-dir", tmp_path / "data", "--signing-secret-file", path)
        assert result.returncode == (USAGE if content in ("", "short") else FAILED)
        assert "signing-secret" in only_line(result.stderr)


OUT_OF_BOUNDS = [
    ("bcrypt-cost", "9"), ("bcrypt-cost", "15"), ("bcrypt-cost", "twelve"),
    ("bcrypt-cost", "12.0"), ("bcrypt-cost", "0x0c"), ("bcrypt-cost", "99999999999999999999"),
    ("token-ttl", "0"), ("token-ttl", "-1"), ("token-ttl", "100000000"), ("threads", "-1"),
    ("threads", "100000"), ("registration", "maybe"), ("limits", "perhaps"), ("log-format", "xml"),
    ("log-level", "loud"), ("max-staleness", "-5"), ("max-staleness", "100000"),
    ("listen", "nowhere"), ("listen", "127.0.0.1:65536"), ("listen", "127.0.0.1:-1"),
    ("listen", "127.0.0.1"), ("listen", ":x"), ("database", "mysql://a@b/c"),
    ("trusted-proxies", "10.0.0.0/33"), ("trusted-proxies", "proxy"),
    ("signing-secret", "short"), ("workers", "0"),
]
# In the environment, empty is the same as not set.
EMPTY = [("bcrypt-cost", ""), ("database", ""), ("issuer", ""), ("audience", ""), ("listen", "")]


class TestOutOfBounds:
    @pytest.mark.parametrize("option, value", OUT_OF_BOUNDS + EMPTY)
    def test_a_flag_stops_the_start_in_one_line_that_names_it(self, tmp_path, option, value):
        result = run("serve", f"--{option}={value}", "--data-dir", tmp_path / "data")
        assert result.returncode == USAGE
        assert option in only_line(result.stderr)
        assert not (tmp_path / "data").exists(), "nothing is made before the options are right"

    @pytest.mark.parametrize("option, value", OUT_OF_BOUNDS)
    def test_the_environment_is_held_to_the_same_bounds(self, tmp_path, option, value):
        name = "AGENTAUTH_" + option.upper().replace("-", "_")
        result = run("serve", "--data-dir", tmp_path / "data", environment={name: value})
        assert result.returncode == USAGE
        line = only_line(result.stderr)
        assert option in line or name in line

    @pytest.mark.parametrize("option, value", OUT_OF_BOUNDS + EMPTY)
    def test_the_file_is_held_to_the_same_bounds(self, tmp_path, toml, option, value):
        key = option.replace("-", "_")
        result = run("serve", "--data-dir", tmp_path / "data",
                     "--config", toml(f'{key} = "{value}"\n'))
        assert result.returncode == USAGE
        line = only_line(result.stderr)
        assert option in line or key in line


@pytest.mark.parametrize("text, named", [
    ("sing = true\n", "sing"), ("token-tll = 5\n", "token-tll"), ("[server]\nsing = 1\n", "server"),
    ("token_ttl = true\n", "token_ttl"), ("token_ttl = [900]\n", "token_ttl"),
    ("token_ttl = 900.5\n", "token_ttl"), ("dev = 7\n", "dev"), ("token_ttl = \n", "agentauth.toml"),
    ("token_ttl = 1000\ntoken_ttl = 1001\n", "agentauth.toml"), ("\x00", "agentauth.toml"),
])
def test_a_file_with_a_mistake_is_named_with_the_mistake(toml, tmp_path, text, named):
    result = run("serve", "--data-dir", tmp_path / "data", "--config", toml(text))
    assert result.returncode == USAGE
    line = only_line(result.stderr)
    assert named in line or named.replace("_", "-") in line


@pytest.mark.parametrize("kind", ["missing", "a directory"])
def test_a_config_file_that_cannot_be_read_is_named(tmp_path, kind):
    path = tmp_path / "settings.toml"
    if kind == "a directory":
        path.mkdir()
    result = run("serve", "--data-dir", tmp_path / "data", "--config", path)
    assert result.returncode == FAILED
    assert str(path) in only_line(result.stderr)


UNREADABLE = [
    ("serve", "--config"), ("config", "--config"), ("agent list", "--config"),
    ("serve", "--signing-secret-file"), ("agent list", "--api-key-file"),
    ("serve", "--master-key-file"), ("serve", "--tls-cert"), ("serve", "--tls-key"),
    ("agent list --server https://127.0.0.1:1", "--ca-file"),
]


@pytest.mark.parametrize("command, option", UNREADABLE, ids=" ".join)
def test_a_file_that_cannot_be_read_is_1_whatever_it_is_for(tmp_path, command, option):
    """Scripts tell a slip of theirs, 2, from a machine that is not ready."""
    missing, other = tmp_path / "missing", tmp_path / "other"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a",
                    "-keyout", other, "-out", tmp_path / "cert"], check=True, capture_output=True)
    beside = {"--tls-cert": ["--tls-key", other], "--tls-key": ["--tls-cert", tmp_path / "cert"]}
    own = ["--data-dir", tmp_path / "data", "--listen", "127.0.0.1:0"] if command == "serve" else []
    result = run(*command.split(), *own, option, missing, *beside.get(option, []),
                 environment={"AGENTAUTH_API_KEY": "none"} if option == "--ca-file" else {})
    assert result.returncode == FAILED
    assert str(missing) in only_line(result.stderr)
    assert result.stdout == ""


KUBERNETES = {  # for a Service of the name agentauth
    "AGENTAUTH_PORT": "tcp://10.96.0.7:8000", "AGENTAUTH_PORT_8000_TCP": "tcp://10.96.0.7:8000",
    "AGENTAUTH_PORT_8000_TCP_ADDR": "10.96.0.7", "AGENTAUTH_PORT_8000_TCP_PORT": "8000",
    "AGENTAUTH_PORT_8000_TCP_PROTO": "tcp", "AGENTAUTH_SERVICE_HOST": "10.96.0.7",
    "AGENTAUTH_SERVICE_PORT": "8000", "AGENTAUTH_SERVICE_PORT_HTTP": "8000",
}


class TestUnknownVariables:
    def test_those_of_kubernetes_are_named_in_one_line_and_ignored(self, sqlite_launch):
        server = sqlite_launch(environment={**KUBERNETES, "AGENTAUTH_ISSUER": "known"})
        (warning,) = [line for line in server.log_lines() if line["level"] == "warning"]
        assert set(warning["names"].split(", ")) == set(KUBERNETES)
        assert "10.96.0.7" not in server.stderr(), "values may be secrets"
        assert decode(server.login(server.register().api_key).json()["access_token"])[1][
            "iss"] == "known"

    def test_are_no_trouble_to_other_commands(self):
        result = run("config", environment=KUBERNETES)
        assert result.returncode == 0 and result.stderr == ""
        assert "10.96.0.7" not in result.stdout

    def test_a_slip_of_a_real_one_stops_the_start(self, tmp_path):
        result = run("serve", "--data-dir", tmp_path / "data",
                     environment={"AGENTAUTH_REGISTATION": "closed"})
        assert result.returncode == USAGE
        assert "AGENTAUTH_REGISTRATION?" in only_line(result.stderr)


@pytest.mark.parametrize("secret", [
    "a-string-secret-at-least-256-bits-long",
    "your-super-secret-jwt-token-with-at-least-32-characters-long",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    "00000000000000000000000000000000", "your-256-bit-secret", "secret",
    "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970",
    "qwertyuiopasdfghjklzxcvbnm123456", "01234567890123456789012345678901",
])
def test_a_signing_secret_that_everybody_knows_stops_the_start(sqlite_launch, secret):
    with pytest.raises(StartFailed) as failure:
        sqlite_launch("--signing-secret", secret)
    assert failure.value.code == USAGE
    assert "signing-secret" in failure.value.stderr
    if len(secret) > 10:
        assert secret not in failure.value.stderr


def test_tls_takes_both_a_certificate_and_a_key(tmp_path):
    result = run("serve", "--data-dir", tmp_path / "data", "--tls-cert", tmp_path / "cert.pem")
    assert result.returncode == USAGE
    assert "tls-key" in only_line(result.stderr)


def test_registration_by_token_takes_a_token(tmp_path):
    result = run("serve", "--data-dir", tmp_path / "data", "--registration", "token")
    assert result.returncode == USAGE
    assert "registration-token" in only_line(result.stderr)
