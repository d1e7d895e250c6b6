"""Stands in for the server: the page from web/explorer, and the few answers it asks for.

So the page can be tested with answers that are hard to bring about, and without a build.
"""

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = Path(__file__).resolve().parents[3] / "web" / "explorer"
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
          "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
AGENT = "5f0c6a52-6a0e-4a57-9a53-0f1f4f2c9b11"
KEY = "aa_0123456789AB_secret"
TOKEN = "a.token.of-the-stub"


def grant(number, subject, action, **terms):
    absent = dict.fromkeys(("resource", "when", "not_before", "expires_at", "max_uses"))
    return {"id": str(uuid.UUID(int=number)), "subject": subject, "action": action,
            "effect": "allow", **absent, **terms}


def considered(of, outcome, detail, *path):
    return {"grant": of, "path": list(path), "outcome": outcome, "detail": detail}


ME = f"agent:{AGENT}"
READ = {**grant(1, "role:weather_reader", "read_weather", resource="city:*"), "id": None}
PAY = grant(2, "group:finance", "pay", resource="invoice:*", when="context.amount < 500")
LATE = grant(3, "role:treasurer", "pay", expires_at="2025-01-31T12:00:00Z")
NEVER = grant(4, "role:clerk", "pay", effect="deny", when='resource.properties.status == "closed"')
MARKUP = "<img src=x onerror=document.title='broken'>"

MEMBERSHIPS = [
    {"member": ME, "of": "group:meteorology", "expires_at": None},
    {"member": ME, "of": "group:finance", "expires_at": "2099-01-01T00:00:00Z"},
    {"member": "group:meteorology", "of": "role:weather_reader", "expires_at": None},
    {"member": "group:finance", "of": "role:clerk", "expires_at": None},
    {"member": ME, "of": "role:treasurer", "expires_at": "2025-06-01T00:00:00Z"},
]
WAY = (ME, "group:meteorology", "role:weather_reader")
ALLOWED = {
    "decision": True, "reason": "granted", "grants": [READ], "revision": 42, "path": list(WAY),
    "considered": [considered(READ, "matches", "", *WAY)], "memberships": MEMBERSHIPS,
    "nearest_miss": None,
}
DENIED = {
    "decision": False, "reason": "not_granted", "grants": [], "revision": 43, "path": [],
    "considered": [
        considered(PAY, "condition_false", "context.amount < 500 is false: context.amount is 700",
                   ME, "group:finance"),
        considered(LATE, "membership_expired", "role:treasurer ended 2025-06-01T00:00:00Z",
                   ME, "role:treasurer"),
        considered(NEVER, "condition_error", MARKUP, ME, "group:finance", "role:clerk"),
    ],
    "memberships": MEMBERSHIPS,
    "nearest_miss": {"message": "It would be allowed if context.amount < 500 held.", "grant": PAY,
                     "path": [ME, "group:finance"]},
}
EMPTY = {"decision": False, "reason": "agent_unknown", "grants": [], "revision": 43, "path": [],
         "considered": [], "memberships": [], "nearest_miss": None}
LONG_ID = "very-long-" + "0123456789abcdef" * 18
LONG = {**EMPTY, "reason": "not_granted", "considered": [
    considered(grant(1000 + n, f"user:{LONG_ID}", "read", resource=f"record:{LONG_ID}{n}"),
               "other_resource", "", f"user:{LONG_ID}") for n in range(450)]}
ANSWERS = {"read_weather": ALLOWED, "pay": DENIED, "nothing": EMPTY, "long": LONG}

# principal → (members, grants)
ROLES = {
    "role:weather_reader": (["group:meteorology", "user:alice", "agent:*"], [READ]),
    "group:meteorology": ([ME, "user:bob", "group:interns"],
                          [grant(5, "group:meteorology", "read_archive", max_uses=20)]),
    "group:interns": (["user:carol"], [grant(6, "group:interns", "delete", effect="deny")]),
    # A circle, and one with more members than the page draws.
    "role:circle": (["role:circle_2"], []),
    "role:circle_2": (["role:circle", "user:alice"], [READ]),
    "role:huge": ([f"user:member-{n:04}" for n in range(450)], [READ]),
    "role:empty": ([], []),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, content_type="application/json", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(data)),
                            "X-Request-ID": "request-of-the-stub", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status, title, detail, **headers):
        self.answer(status, {"type": "about:blank", "title": title, "status": status,
                             "detail": detail, "code": "x", "request_id": "request-of-the-stub"},
                    "application/problem+json", **headers)

    def serve_page(self, path):
        name = "index.html" if path == "/explorer" else path.removeprefix("/explorer/")
        file = PAGE / name
        if "/" in name or not file.is_file():
            return self.refuse(404, "Not found", "No such page")
        return self.answer(200, file.read_bytes(), TYPES[file.suffix] + "; charset=utf-8",
                           Content_Security_Policy=POLICY, X_Content_Type_Options="nosniff")

    def is_known(self):
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            return True
        self.refuse(401, "Unauthenticated", "The access token is not valid")
        return False

    def page_of(self, items, query):
        limit, begin = int(query.get("limit", ["100"])[0]), int(query.get("cursor", ["0"])[0])
        end = begin + limit
        self.answer(200, {"items": items[begin:end],
                          "next_cursor": str(end) if end < len(items) else None})

    def do_GET(self):
        address = urlsplit(self.path)
        parts = [unquote(part) for part in address.path.split("/")[1:]]
        query = parse_qs(address.query)
        if parts[0] == "explorer":
            return self.serve_page(address.path)
        if not self.is_known():
            return None
        if parts == ["agents", "me"]:
            return self.answer(200, {"agent_id": AGENT, "agent_name": "WeatherBot"})
        if parts[0] in ("roles", "groups"):
            return self.serve_roles(parts, query)
        return self.refuse(404, "Not found", "There is no such path")

    def serve_roles(self, parts, query):
        kind = parts[0].removesuffix("s")
        if len(parts) == 1:
            names = [name.split(":")[1] for name in ROLES if name.startswith(kind)]
            return self.page_of([{"name": name} for name in names], query)
        principal = f"{kind}:{parts[1]}"
        if principal not in ROLES:
            return self.refuse(404, "Not found", f"There is no {principal}")
        members, grants = ROLES[principal]
        if parts[2:] == ["members"]:
            return self.page_of([{"member": member, "of": principal, "expires_at": None}
                                 for member in members], query)
        if parts[2:] == ["permissions"]:
            shown = [{**one, "permission": one["action"]} for one in grants]
            return self.page_of([{k: v for k, v in one.items() if k != "action"} for one in shown],
                                query)
        return self.answer(200, {"principal": principal, "name": parts[1], "about": "Of the stub"})

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(text) if text else None
        self.server.asked.append((self.path, body))
        if self.path == "/auth/login":
            if body == {"api_key": KEY}:
                return self.answer(200, {"access_token": TOKEN, "token_type": "bearer"})
            return self.refuse(401, "Unauthenticated", "The API key is not valid")
        if not self.is_known():
            return None
        if self.path == "/auth/logout":
            return self.answer(204, b"")
        if self.path == "/access/v1/explain":
            if body["action"]["name"] not in ANSWERS:
                return self.refuse(403, "Forbidden", "Permission denied", WWW_Authenticate=(
                    'Bearer realm="agentauth", scope="agentauth:access:evaluate"'))
            return self.answer(200, ANSWERS[body["action"]["name"]])
        return self.refuse(404, "Not found", "There is no such path")


class Stub:
    def __init__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.asked = []
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def asked(self) -> list:
        """(path, body) of each POST so far."""
        return self.server.asked

    def close(self):
        self.server.shutdown()
        self.server.server_close()


if __name__ == "__main__":
    print(f"{Stub().url}/explorer  key: {KEY}  actions: {', '.join(ANSWERS)}")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
