"""A Redis server of the tests' own: free port, nothing kept on disk."""

import shutil
import signal
import socket
import subprocess
import tempfile
import time


class Redis:
    def __init__(self, password=None, certificate=None):
        """With a certificate and its key it speaks TLS, and nothing else."""
        if not shutil.which("redis-server"):
            raise RuntimeError("redis-server is missing (script/bootstrap --tests installs it)")
        self._root = tempfile.mkdtemp(prefix="agentauth-redis-")
        self._password = password
        self._certificate = certificate
        self._process = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    @property
    def url(self) -> str:
        secret = f":{self._password}@" if self._password else ""
        scheme = "rediss" if self._certificate else "redis"
        return f"{scheme}://{secret}127.0.0.1:{self.port}"

    def start(self) -> None:
        secret = ["--requirepass", self._password] if self._password else []
        ports = ["--port", str(self.port)]
        if self._certificate:
            cert, key = self._certificate
            ports = ["--port", "0", "--tls-port", str(self.port), "--tls-cert-file", cert,
                     "--tls-key-file", key, "--tls-auth-clients", "no", "--tls-ca-cert-file", cert]
        self._process = subprocess.Popen(
            ["redis-server", *ports, "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", self._root, *secret],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < deadline, "Redis did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        """At once, like a machine that is lost."""
        self._process.kill()
        self._process.wait(timeout=10)

    def freeze(self) -> None:
        """Connections stay, and nothing answers."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def keys(self) -> list:
        """Of the first database."""
        return self.ask("KEYS *").split()

    def ask(self, command: str) -> str:
        secret = ["-a", self._password, "--no-auth-warning"] if self._password else []
        if self._certificate:
            secret += ["--tls", "--cacert", self._certificate[0]]
        return subprocess.run(["redis-cli", "-p", str(self.port), *secret, *command.split()],
                              capture_output=True, text=True, check=True, timeout=10).stdout

    def close(self) -> None:
        if self._process.poll() is None:
            self.thaw()
            self.stop()
        shutil.rmtree(self._root, ignore_errors=True)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
