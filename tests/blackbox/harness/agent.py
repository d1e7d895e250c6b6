"""An agent as the tests see it: an id, an API key, and a token when one is needed."""


class Agent:
    """Calls the server as one agent. Logs in at the first call and keeps that token."""

    def __init__(self, server, agent_id: str, api_key: str):
        self.server = server
        self.agent_id = agent_id
        self.api_key = api_key
        self._token = None

    @property
    def path(self) -> str:
        return f"/agents/{self.agent_id}"

    @property
    def token(self) -> str:
        if self._token is None:
            self._token = self.login()
        return self._token

    def login(self) -> str:
        """A new access token."""
        answer = self.server.login(self.api_key)
        assert answer.status_code == 200, f"login failed: {answer.status_code} {answer.text}"
        return answer.json()["access_token"]

    def call(self, method: str, path: str, **arguments):
        return self.server.call(method, path, token=self.token, **arguments)

    def get(self, path: str, **arguments):
        return self.call("GET", path, **arguments)

    def post(self, path: str, body=None, **arguments):
        if body is not None:
            arguments["json"] = body
        return self.call("POST", path, **arguments)

    def patch(self, path: str, body):
        return self.call("PATCH", path, json=body)

    def delete(self, path: str, **arguments):
        return self.call("DELETE", path, **arguments)

    # What administrators do all the time.

    def grant(self, agent: "Agent", permission: str):
        answer = self.post(f"{agent.path}/permissions", {"permission": permission})
        assert answer.status_code in (200, 201), answer.text
        return answer

    def take_away(self, agent: "Agent", permission: str):
        answer = self.delete(f"{agent.path}/permissions/{permission}")
        assert answer.status_code == 204, answer.text
        return answer

    def permissions_of(self, agent: "Agent") -> set:
        items = self.get(f"{agent.path}/permissions?limit=1000").json()["items"]
        return {item["permission"] for item in items}

    def keys_of(self, agent: "Agent") -> list:
        return self.get(f"{agent.path}/keys?limit=1000").json()["items"]

    def snapshot(self, agent: "Agent") -> dict:
        """All that the API tells about `agent`: equal before and after means nothing changed.

        Without the last uses of keys, which are written some time after each login.
        """
        keys = self.get(f"{agent.path}/keys").json()
        for key in keys["items"]:
            del key["last_used_at"], key["last_used_address"]
        return {
            "agent": self.get(agent.path).json(),
            "permissions": self.get(f"{agent.path}/permissions").json(),
            "keys": keys,
        }
