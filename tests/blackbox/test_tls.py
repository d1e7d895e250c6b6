"""TLS with a certificate of one's own: https and nothing else, TLS 1.2 at least."""

import signal
import socket
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from harness.api_keys import new_key_file
from harness.binary import run
from harness.certificates import new_certificate
from harness.raw import request
from harness.server import StartFailed, wait_until


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return new_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server(launch, certificate):
    cert, key = certificate
    return launch("--tls-cert", cert, "--tls-key", key, verify=cert)


def connect(server, **limits):
    context = ssl.create_default_context(cafile=server.verify)
    for name, value in limits.items():
        setattr(context, name, value)
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    return context.wrap_socket(plain, server_hostname="localhost")


def test_the_quick_start_over_https(server):
    assert server.url.startswith("https://")
    agent = server.register_with("read_weather")
    assert agent.get("/data/weather").status_code == 200
    assert server.get("/data/weather").status_code == 401


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(server, version):
    with connect(server, minimum_version=version, maximum_version=version) as secure:
        assert secure.version() == version.name.replace("_", ".")
        secure.sendall(request("GET", "/healthz"))
        assert secure.recv(4096).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_answer_that_ends_the_connection_is_not_cut_off(server, version):
    """RFC 8446 6.1: without close_notify nobody could tell an end from an attack."""
    strict = ssl.create_default_context().options & ~ssl.OP_IGNORE_UNEXPECTED_EOF
    with connect(server, minimum_version=version, maximum_version=version,
                 options=strict) as secure:
        secure.suppress_ragged_eofs = False
        secure.sendall(request("GET", "/healthz", "Connection: close"))
        received = b""
        while data := secure.recv(4096):
            received += data
        assert received.startswith(b"HTTP/1.1 200")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_older_versions_are_refused(server, version):
    result = subprocess.run(
        ["openssl", "s_client", version, "-cipher", "ALL:@SECLEVEL=0",
         "-connect", f"127.0.0.1:{server.port}"],
        input=b"", capture_output=True, timeout=20, check=False)
    assert result.returncode != 0
    assert b"Cipher is (NONE)" in result.stdout or b"Cipher    : 0000" in result.stdout


def test_only_http_1_1_is_negotiated(server):
    context = ssl.create_default_context(cafile=server.verify)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            assert secure.selected_alpn_protocol() in (None, "http/1.1")


def test_plain_http_is_not_answered_on_it(server):
    with pytest.raises(requests.exceptions.RequestException):
        requests.get(f"http://127.0.0.1:{server.port}/healthz", timeout=10).raise_for_status()
    assert server.get("/healthz").status_code == 200


def test_clients_that_break_off_take_nobody_with_them(server):
    """SSL_write to a peer that is gone raises SIGPIPE unless somebody has thought of it."""
    for stage in range(20):
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        if stage % 4 == 0:
            raw.sendall(b"\x16\x03\x01")
            raw.close()
            continue
        secure = ssl.create_default_context(cafile=server.verify).wrap_socket(
            raw, server_hostname="localhost")
        secure.sendall(request("GET", "/openapi.json") * (50 if stage % 4 == 1 else 1))
        if stage % 4 == 3:
            secure.recv(10)
        # No close_notify: the other end learns it from the kernel.
        socket.socket(fileno=secure.detach()).close()
    assert server.is_running()
    assert server.get("/healthz").status_code == 200


def test_a_large_pipeline_arrives_whole(server):
    with connect(server) as secure:
        secure.sendall(request("GET", "/openapi.json") * 40)
        secure.sendall(request("GET", "/healthz", "Connection: close"))
        received = b""
        while data := secure.recv(65536):
            received += data
    assert received.count(b"HTTP/1.1 200") == 41


def test_many_handshakes_at_once(server):
    with ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(requests.get, f"{server.url}/healthz", verify=server.verify, timeout=30)
                 for _ in range(60)]
        assert {call.result().status_code for call in calls} == {200}


class TestAHangup:
    """SIGHUP: a certificate is renewed every few weeks, and no connection should notice."""

    @pytest.fixture
    def renewable(self, launch, tmp_path):
        """A server on three cores, and the files it was started with."""
        cert, key = new_certificate(tmp_path)
        server = launch("--tls-cert", cert, "--tls-key", key, "--threads", 3, verify=cert)
        return server, tmp_path

    @staticmethod
    def shown(server) -> set:
        """The certificates that new connections see, several so that every core is asked."""
        address = ("127.0.0.1", server.port)
        return {ssl.get_server_certificate(address, timeout=10) for _ in range(16)}

    @staticmethod
    def hangup(server, event):
        lines = len(server.log_lines())
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any(line["event"] == event for line in server.log_lines()[lines:]))
        return server.log_lines()[lines:]

    def test_shows_the_new_certificate_to_new_connections_on_every_core(self, renewable):
        server, folder = renewable
        (old,) = self.shown(server)
        with connect(server) as secure:
            for _ in range(2):
                new_certificate(folder)
                self.hangup(server, "reloaded")
                wait_until(lambda: self.shown(server) == {(folder / "cert.pem").read_text()})
            # Who was connected stays so, under the certificate of then.
            secure.sendall(request("GET", "/healthz"))
            assert secure.recv(4096).startswith(b"HTTP/1.1 200")
        assert (folder / "cert.pem").read_text() != old
        assert server.get("/healthz").status_code == 200

    @pytest.mark.parametrize("spoil", ["no certificate", "no key", "cut off", "another key"])
    def test_with_a_broken_file_keeps_the_old_one_and_says_so_once(self, renewable, spoil):
        server, folder = renewable
        old = self.shown(server)
        if spoil == "another key":
            key = (folder / "key.pem").read_text()
            new_certificate(folder)
            (folder / "key.pem").write_text(key)
        elif spoil == "cut off":
            text = (folder / "cert.pem").read_text()
            (folder / "cert.pem").write_text(text[:len(text) // 2])
        else:
            (folder / ("cert.pem" if spoil == "no certificate" else "key.pem")).unlink()
        (line,) = [line for line in self.hangup(server, "reload_failed")
                   if line["level"] in ("warning", "error")]
        assert line["level"] == "error" and ".pem" in line["error"]
        assert self.shown(server) == old
        new_certificate(folder)
        self.hangup(server, "reloaded")
        wait_until(lambda: self.shown(server) == {(folder / "cert.pem").read_text()})


def test_the_command_line_trusts_only_the_certificate_it_is_told(server, certificate, tmp_path):
    key_file = new_key_file(tmp_path, server.administrator().api_key)
    call = ["agent", "list", "--server", server.url, "--api-key-file", key_file]
    trusted = run(*call, "--ca-file", certificate[0])
    assert trusted.returncode == 0, trusted.stderr
    stranger = run(*call)
    assert stranger.returncode == 4
    assert "certificate" in stranger.stderr.lower()


@pytest.mark.parametrize("spoil", ["missing certificate", "missing key", "not a certificate",
                                   "another key"])
def test_what_cannot_be_used_stops_the_start_in_words(sqlite_launch, certificate, tmp_path, spoil):
    cert, key = certificate
    rubbish, other = tmp_path / "rubbish.pem", tmp_path / "other.pem"
    rubbish.write_text("-----BEGIN NOTHING-----\n")
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-out", other], check=True, capture_output=True)
    cert, key = {"missing certificate": (tmp_path / "none.pem", key),
                 "missing key": (cert, tmp_path / "none.pem"),
                 "not a certificate": (rubbish, key), "another key": (cert, other)}[spoil]
    with pytest.raises(StartFailed) as failure:
        sqlite_launch("--tls-cert", cert, "--tls-key", key)
    assert failure.value.code in (1, 2)
    assert "tls" in failure.value.stderr.lower() or ".pem" in failure.value.stderr
