"""Real gateways with the shipped examples, and a backend that remembers what reached it."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from harness.binary import REPOSITORY

EXAMPLES = REPOSITORY / "deploy" / "gateways"


class Backend:
    """Answers everything with what it was asked; `seen` has (method, target, headers) of each."""

    def __init__(self):
        self.seen = []
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                # The headers as a list: one that is repeated must show.
                backend.seen.append((self.command, self.path, self.headers.items()))
                body = json.dumps({"target": self.path}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Gateway:
    """One gateway process with a shipped example; its ports are replaced by ours."""

    def __init__(self, kind: str, agentauth_port: int, backend_port: int):
        self.root = Path(tempfile.mkdtemp(prefix=f"agentauth-{kind}-"))
        self.port = _free_port()
        name = {"nginx": "nginx.conf", "caddy": "Caddyfile"}[kind]
        text = (EXAMPLES / name).read_text()
        for port, ours in (("8080", self.port), ("8000", agentauth_port), ("9000", backend_port)):
            assert re.search(rf":{port}\b", text), f"{name} has no port {port}"
            text = re.sub(rf":{port}\b", f":{ours}", text)
        config = self.root / name
        config.write_text(text)
        command = {
            "nginx": ["/usr/sbin/nginx", "-p", self.root, "-c", config, "-e", "stderr",
                      "-g", "daemon off; master_process off;"],
            "caddy": ["caddy", "run", "--config", config, "--adapter", "caddyfile"],
        }[kind]
        self._log = open(self.root / "log", "wb")
        self._process = subprocess.Popen(
            command, cwd=self.root, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
            env={**os.environ, "XDG_DATA_HOME": str(self.root), "XDG_CONFIG_HOME": str(self.root)})
        self._wait_ready()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=20)
        self._log.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def _wait_ready(self, seconds=20):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError("the gateway did not start: " +
                           (self.root / "log").read_text(errors="replace")[-2000:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
