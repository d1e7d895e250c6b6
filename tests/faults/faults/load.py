"""Agents that come, are given something, have it taken away and refresh their tokens, all at once,
while something breaks; and what must hold of all that was acknowledged, whatever broke."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from harness.agent import Agent
from harness.server import wait_until

OUT_OF_REACH = (requests.ConnectionError, requests.Timeout)
# By the administrator, or by the agent itself: a call after which the agent's token is of no use.
REVOCATIONS = [
    ("POST", "{path}/suspend", "administrator"),
    ("POST", "{path}/revoke-tokens", "administrator"),
    ("DELETE", "{path}/permissions/read_weather", "administrator"),
    ("POST", "/auth/logout", "agent"),
]


class Refused(Exception):
    """503, or no answer at all: what was asked for may have happened, or not."""


class Load:
    """`with Load(server) as load: break_something()`, then `load.assert_invariants(server)`.

    With several servers the threads are spread over them.
    """

    def __init__(self, *servers, writers=4, refreshers=2):
        self.servers = servers
        self.administrator = servers[0].administrator()
        self.administrator.login()
        self.created = []  # agents whose registration was answered
        self.holding = []  # and that were given the permission, and nothing was taken away
        self.ended = []  # whose revocation was answered
        self.successors = {}  # refresh token → what it was exchanged for
        self.refused = 0
        self.slowest = 0.0  # seconds until the answer that took longest
        self.problems = []  # what no fault excuses
        self._token = self.administrator.token
        self._stop = threading.Event()
        kinds = [self._write] * writers + [self._refresh] * refreshers
        self._threads = [threading.Thread(target=self._repeat, daemon=True,
                                          args=(kind, servers[number % len(servers)]))
                         for number, kind in enumerate(kinds)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=60)
            assert not thread.is_alive(), "a request hangs"

    def acknowledged(self) -> int:
        return len(self.created) + len(self.ended) + len(self.successors)

    def wait_for_all(self, count=3, seconds=30):
        """Until that much of every kind was acknowledged: time for something to break."""
        end = time.monotonic() + seconds
        while min(map(len, (self.holding, self.ended, self.successors))) < count:
            assert time.monotonic() < end, f"too little load in {seconds} s: {self.problems[:3]}"
            time.sleep(0.02)

    def wait_for_more(self, count=20, seconds=30):
        """Until that many more things were acknowledged."""
        before, end = self.acknowledged(), time.monotonic() + seconds
        while self.acknowledged() < before + count:
            assert time.monotonic() < end, f"nothing more works after {seconds} s"
            time.sleep(0.02)

    def _repeat(self, turn, server):
        chance = random.Random()
        while not self._stop.is_set():
            try:
                turn(server, chance)
            except Refused:
                self.refused += 1
                time.sleep(0.1)  # a refusal costs the server little; registrations are limited
            except Exception as error:  # the thread would end unseen
                self.problems.append(repr(error))

    def _write(self, server, chance):
        body = {"agent_name": "loaded", "owner_email": "owner@example.com"}
        answer = self._call(server.post, "/agents/register", body)
        agent = Agent(server, answer["agent_id"], answer["api_key"])
        self.created.append(agent)
        self._call(server.call, "POST", f"{agent.path}/permissions", token=self._token,
                   json={"permission": "read_weather"})
        agent._token = self._call(server.login, agent.api_key)["access_token"]
        revocation = chance.choice([None, *REVOCATIONS])
        if revocation is None:
            self.holding.append(agent)
            return
        method, path, who = revocation
        self._call(server.call, method, path.format(path=agent.path),
                   token=agent.token if who == "agent" else self._token)
        self.ended.append(agent)
        if self._call(agent.get, "/data/weather", expected=(401, 403)) is None:
            self.problems.append(f"{agent.agent_id} may act after {method} {path}")

    def _refresh(self, server, chance):
        """A chain of refreshes; two always come at once with the same token."""
        # At its own server: another may not know it yet.
        agents = [agent for agent in self.holding if agent.server is server]
        if not agents:
            time.sleep(0.02)
            return
        token = self._call(server.login, chance.choice(agents).api_key)["refresh_token"]
        with ThreadPoolExecutor(2) as at_once:
            for _ in range(5):
                answers = at_once.map(self._try_refresh, [server] * 2, [token] * 2)
                given = {answer for answer in answers if answer}
                if not given:
                    return
                self.successors.setdefault(token, set()).update(given)
                token = given.pop()

    def _try_refresh(self, server, token):
        try:
            return self._call(server.post, "/auth/refresh",
                              {"refresh_token": token})["refresh_token"]
        except Refused:
            return None

    def _call(self, function, *arguments, expected=(200, 201, 204), **options):
        """The answer's body, or None when it was not what is expected."""
        begun = time.monotonic()
        try:
            answer = function(*arguments, **options)
        except requests.ReadTimeout:
            self.problems.append(f"{arguments[:2]}: no answer")
            raise Refused from None
        except OUT_OF_REACH:
            raise Refused from None
        self.slowest = max(self.slowest, time.monotonic() - begun)
        if answer.status_code == 503:
            if "Retry-After" not in answer.headers:
                self.problems.append(f"503 without Retry-After: {answer.text}")
            raise Refused
        if answer.status_code not in expected:
            self.problems.append(f"{arguments[:2]}: {answer.status_code} {answer.text}")
            return None
        return answer.json() if answer.content else {}

    # When it is over.

    def assert_invariants(self, server):
        assert not self.problems, self.problems[:5]
        self._wait_until_followed(server)
        admin = Agent(server, self.administrator.agent_id, self.administrator.api_key)
        created = {agent.agent_id for agent in self.created}
        assert created <= all_of(admin, "/agents", "agent_id"), "an acknowledged agent is lost"
        assert created <= all_of(admin, "/audit?action=agent.create", "target_id"), \
            "an acknowledged change is not on record"
        for agent in self.holding:
            answer = server.get("/data/weather", token=agent.token)
            assert answer.status_code == 200, f"an acknowledged grant is lost: {answer.text}"
        for agent in self.ended:
            answer = server.get("/data/weather", token=agent.token)
            assert answer.status_code in (401, 403), \
                f"an acknowledged revocation is lost: {answer.status_code} {answer.text}"
        assert max(map(len, self.successors.values())) == 1, "a token was exchanged for two"
        verified = server.command_line("audit", "verify")
        assert verified.returncode == 0, verified.stderr

    def _wait_until_followed(self, server):
        """What another node acknowledged is in force here within a second."""
        newest = max(revision(node) for node in self.servers if node.is_running())
        wait_until(lambda: revision(server) >= newest, seconds=1)


def revision(node) -> int:
    return node.get("/readyz").json().get("revision", 0)


def all_of(admin, path, member) -> set:
    found, cursor = set(), None
    while True:
        page = admin.get(path, params={"limit": 1000, **({"cursor": cursor} if cursor else {})})
        assert page.status_code == 200, page.text
        found |= {item[member] for item in page.json()["items"]}
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return found
