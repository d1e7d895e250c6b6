"""The routes of the server under test, as its own OpenAPI document tells them."""

import re
import uuid

# What anybody may call. Everything else is protected; a test compares this with the document.
PUBLIC = {
    ("POST", "/agents/register"), ("POST", "/auth/login"), ("POST", "/auth/refresh"),
    ("GET", "/openapi.json"),
    ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"),
    ("GET", "/.well-known/authzen-configuration"),
}
# What gateways ask, for whoever sent the original request: test_gateways.py has their tables.
FOR_GATEWAYS = {("GET", "/gateway/auth-request"),
                *((method, path) for path in ("/gateway/forward-auth", "/gateway/ext-authz/*")
                  for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))}
# Open to every agent that is authenticated.
FOR_EVERY_AGENT = {("GET", "/agents/me"), ("POST", "/auth/logout"), ("POST", "/auth/rotate")}
QUESTION = {"subject": {"type": "user", "id": "nobody"}, "action": {"name": "read"},
            "resource": {"type": "record", "id": "1"}}
# Where a standard says that unknown fields are ignored.
IGNORES_UNKNOWN_FIELDS = "/access/v1/"
# A good body for each route that takes one, so that only the permission can be what is missing.
BODIES = {
    ("POST", "/agents/register"): {"agent_name": "Route", "owner_email": "route@example.com"},
    ("POST", "/auth/login"): {"api_key": "aa_not_a_key"},
    ("POST", "/auth/refresh"): {"refresh_token": "ar_not_a_token"},
    **{("POST", f"/{kind}"): {"name": "made-by-nobody"} for kind in ("roles", "groups")},
    **{("PUT", f"/{kind}/{{name}}"): {"about": "Nothing"} for kind in ("roles", "groups")},
    **{("POST", f"/{kind}/{{name}}/permissions"): {"permission": "read_stock"}
       for kind in ("roles", "groups")},
    **{("POST", f"/{kind}/{{name}}/members"): {"member": "user:nobody"}
       for kind in ("roles", "groups")},
    **{("PUT", f"/{kind}/{{name}}/members/{{member}}"): {} for kind in ("roles", "groups")},
    ("POST", "/agents/{id}/roles"): {"role": "made-by-nobody"},
    ("PUT", "/agents/{id}/roles/{name}"): {},
    ("PUT", "/grants/{id}"): {"subject": "user:nobody", "action": "read_stock"},
    ("PUT", "/entities/{type}/{id}"): {"properties": {"made": "by nobody"}},
    ("PATCH", "/agents/{id}"): {"agent_name": "Changed by nobody"},
    ("POST", "/agents/{id}/permissions"): {"permission": "read_stock"},
    ("PUT", "/limits"): {"limits": []},
    ("PUT", "/gateway/routes"): {"routes": []},
    ("PUT", "/policy"): {"entities": []},
    ("POST", "/agents/{id}/keys"): {"name": "made by nobody"},
    ("POST", "/agents/{id}/keys/{key_id}/rotate"): {"overlap_seconds": 60},
    ("POST", "/auth/rotate"): {"overlap_seconds": 60},
    ("POST", "/access/v1/evaluation"): QUESTION,
    ("POST", "/access/v1/evaluations"): QUESTION,
    ("POST", "/access/v1/search/subject"): QUESTION,
    ("POST", "/access/v1/search/resource"): QUESTION,
    ("POST", "/access/v1/search/action"): QUESTION,
    ("POST", "/access/v1/explain"): QUESTION,
    ("POST", "/access/v1/simulate"): {"change": {}, "evaluations": [QUESTION]},
}
# What may have a body of 2 MiB, and not of 64 KiB.
LARGE_BODIES = {("PUT", "/policy"), ("PUT", "/gateway/routes"),
                ("POST", "/access/v1/evaluations"), ("POST", "/access/v1/simulate")}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Route:
    def __init__(self, method: str, path: str, operation: dict):
        self.method, self.path, self.operation = method, path, operation

    @property
    def name(self) -> tuple:
        return self.method, self.path

    @property
    def is_public(self) -> bool:
        return (self.name in PUBLIC | FOR_GATEWAYS
                or self.path.startswith(("/docs", "/explorer")))

    def address(self, **values) -> str:
        """The path with its parameters filled in; what is not given gets a random UUID."""
        return re.sub(r"\{(\w+)\}", lambda m: str(values.get(m.group(1), uuid.uuid4())), self.path)

    def body(self):
        return {"json": BODIES[self.name]} if self.name in BODIES else {}

    def __repr__(self):
        return f"{self.method} {self.path}"


def routes(server) -> list:
    document = server.get("/openapi.json").json()
    return [Route(method.upper(), path, operation)
            for path, item in document["paths"].items()
            for method, operation in item.items() if method.upper() in METHODS]


def protected(server) -> list:
    return [route for route in routes(server) if not route.is_public]
