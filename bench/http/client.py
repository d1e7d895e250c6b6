"""A small HTTP client on one keep-alive connection."""

import json
from http.client import HTTPConnection
from urllib.parse import urlsplit

OWNER = "bench@example.com"  # of every agent here but the administrator


class Refused(RuntimeError):
    """An answer other than the expected ones."""


class Client:
    def __init__(self, url: str, token: str = "", timeout: float = 300):
        address = urlsplit(url)
        self.connection = HTTPConnection(address.hostname, address.port, timeout=timeout)
        self.token = token

    def call(self, method: str, path: str, body: dict | None = None) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body)
        self.connection.request(method, path, data, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode()

    def expect(self, status: int, method: str, path: str, body: dict | None = None) -> str:
        seen, text = self.call(method, path, body)
        if seen != status:
            raise Refused(f"{method} {path}: {seen} instead of {status}: {text}")
        return text

    def metric(self, sample: str) -> int:
        """A counter or a gauge, by its name after `agentauth_` and its labels; 0 when there is none."""
        for line in self.expect(200, "GET", "/metrics").splitlines():
            if line.startswith(f"agentauth_{sample} "):
                return int(line.rsplit(" ", 1)[1])
        return 0

    def register(self, name: str) -> tuple[str, str]:
        """A new agent: its id and its API key."""
        body = {"agent_name": name, "owner_email": OWNER}
        created = json.loads(self.expect(201, "POST", "/agents/register", body))
        return created["agent_id"], created["api_key"]

    def login_text(self, api_key: str) -> str:
        return self.expect(200, "POST", "/auth/login", {"api_key": api_key})

    def login(self, api_key: str) -> str:
        return json.loads(self.login_text(api_key))["access_token"]

    def grant(self, agent_id: str, permission: str) -> None:
        self.expect(201, "POST", f"/agents/{agent_id}/permissions", {"permission": permission})

    def revoke(self, agent_id: str, permission: str) -> None:
        self.expect(204, "DELETE", f"/agents/{agent_id}/permissions/{permission}")
