"""GET /openapi.json and GET /docs: the API tells about itself, without the internet."""

import re

import pytest

from harness import api_keys
from harness.routes import BODIES, IGNORES_UNKNOWN_FIELDS, LARGE_BODIES, routes
from harness.schema import conforms, resolve


def references(node):
    """Every $ref anywhere in the document."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def test_the_document_is_openapi_3_1(server):
    answer = server.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] in (
        "application/json", "application/vnd.oai.openapi+json", "application/openapi+json")
    document = answer.json()
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert document["info"]["title"] and document["info"]["version"]


def test_every_reference_leads_somewhere(server):
    document = server.get("/openapi.json").json()
    found = set(references(document))
    for reference in found:
        node = document
        assert reference.startswith("#/"), "no reference may leave the document"
        for part in reference[2:].split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]


def test_every_operation_is_told_completely(server):
    identifiers = []
    for route in routes(server):
        operation = route.operation
        assert operation.get("summary"), route
        assert operation["responses"], route
        identifiers.append(operation["operationId"])
        told = {p["name"] for p in operation.get("parameters", []) if p.get("in") == "path"}
        assert told == set(re.findall(r"\{(\w+)\}", route.path)), route
        assert all(p["required"] for p in operation.get("parameters", []) if p["in"] == "path")
        if not route.is_public:
            assert "401" in operation["responses"], route
    assert len(set(identifiers)) == len(identifiers)


def test_errors_are_told_as_problems(server):
    for route in routes(server):
        for status, response in route.operation["responses"].items():
            if status.startswith(("4", "5")) and "content" in response:
                assert "application/problem+json" in response["content"], (route, status)


def test_the_bearer_token_is_a_declared_security_scheme(server):
    schemes = server.get("/openapi.json").json()["components"]["securitySchemes"].values()
    assert any(scheme["type"] == "http" and scheme["scheme"].lower() == "bearer"
               for scheme in schemes)


def test_request_bodies_refuse_unknown_fields_in_the_document_too(server):
    document = server.get("/openapi.json").json()
    for route in routes(server):
        if "requestBody" not in route.operation:
            continue
        schema = route.operation["requestBody"]["content"]["application/json"]["schema"]
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        assert schema["type"] == "object", route
        ignores_others = route.path.startswith(IGNORES_UNKNOWN_FIELDS)
        assert schema.get("additionalProperties", True) is ignores_others, route


class TestEveryAnswer:
    """What is answered is what the document says: a status it names, with the body it describes."""

    @pytest.fixture
    def check(self, server):
        document = server.get("/openapi.json").json()

        def check(route, answer) -> int:
            described = route.operation["responses"].get(str(answer.status_code))
            assert described, f"{route} answered {answer.status_code}, which is not described"
            if "$ref" in described:
                described = resolve(described["$ref"], document)
            media_type = answer.headers.get("Content-Type", "").split(";")[0]
            if answer.status_code == 204:
                assert answer.content == b"" and "content" not in described
            elif media_type.endswith("json") and route.path != "/openapi.json":
                conforms(answer.json(), described["content"][media_type]["schema"], document,
                         f"{route} {answer.status_code}")
            return answer.status_code
        return check

    @pytest.fixture
    def ending(self, server):
        """The routes whose answers end."""
        return [route for route in routes(server) if not route.path.endswith("/stream")]

    def good(self, route, server, agent, key_id):
        """A call of `route` that succeeds."""
        body = dict(BODIES.get(route.name, {}))
        if route.path == "/auth/login":
            body = {"api_key": agent.api_key}
        address = route.address(id=agent.agent_id, key_id=key_id, permission="read_weather")
        return {"path": address, **({"json": body} if body else {})}

    def test_of_a_success(self, server, admin, check, ending):
        def anybody():
            return server.register_with("agentauth:*", "read_weather", "read_stock")

        somebody, agent, succeeded = anybody(), None, set()
        for route in ending:
            ends_its_caller = route.path.startswith("/auth/")
            by = anybody() if ends_its_caller else somebody
            if agent is None:
                agent = server.register_with("read_weather")
                agent.post(f"{agent.path}/keys", {"name": "laptop", "expires_in": 60})
                (key, *_) = admin.keys_of(agent)
            call = self.good(route, server, agent, key["key_id"])
            # Twice: some answer with another status when it was so already.
            if all([check(route, by.call(route.method, **call)) < 300 for _ in range(
                    2 if route.method == "POST" else 1)]):
                succeeded.add(route.name)
            # What may have changed the agent is the last call that it is there for.
            if route.method != "GET" and (ends_its_caller or "{" in route.path):
                agent = None
        assert succeeded >= {
            ("POST", "/agents/register"), ("POST", "/auth/login"), ("GET", "/data/weather"),
            ("GET", "/agents"), ("GET", "/agents/me"), ("GET", "/agents/{id}"),
            ("PATCH", "/agents/{id}"), ("DELETE", "/agents/{id}"), ("POST", "/agents/{id}/suspend"),
            ("POST", "/agents/{id}/resume"), ("GET", "/agents/{id}/permissions"),
            ("POST", "/agents/{id}/permissions"), ("GET", "/agents/{id}/permissions/{permission}"),
            ("DELETE", "/agents/{id}/permissions/{permission}"), ("GET", "/agents/{id}/keys"),
            ("POST", "/agents/{id}/keys"), ("DELETE", "/agents/{id}/keys/{key_id}"),
            ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"),
        }

    def test_of_an_error(self, server, admin, check, ending):
        stranger, agent = server.register(), server.register_with("read_weather")
        (key,) = admin.keys_of(agent)
        for route in ending:
            good = self.good(route, server, agent, key["key_id"])
            if not route.is_public:
                assert check(route, server.call(route.method, **good)) == 401
                check(route, stranger.call(route.method, **good))
            assert check(route, admin.call(route.method, good["path"] + "?surprise=1")) >= 400
            # Other ids may be whatever the caller likes.
            if route.path.startswith("/agents/{id}"):
                nobody = {**good, "path": route.address()}
                assert check(route, admin.call(route.method, **nobody)) >= 400
            if "requestBody" in route.operation:
                too_long = 2_100_000 if route.name in LARGE_BODIES else 70_000
                # AuthZEN has one status for whatever cannot be read.
                unsupported = 400 if route.path.startswith("/access/v1/") else 415
                for data, media_type, status in ((b"{", "application/json", 400),
                                                 (b"{}", "text/plain", unsupported),
                                                 (b"[" * too_long, "application/json", 413)):
                    answer = admin.call(route.method, good["path"], data=data,
                                        headers={"Content-Type": media_type})
                    assert check(route, answer) == status, route
                wrong = {name: [] for name in good.get("json", {})}
                check(route, admin.call(route.method, good["path"], json=wrong))
            parameters = {parameter["name"] for parameter in route.operation["parameters"]}
            if "limit" in parameters:
                assert check(route, admin.get(good["path"] + "?limit=0")) == 422
            if "Idempotency-Key" in parameters:
                headers = {"Idempotency-Key": api_keys.unknown()}
                for _ in range(2):
                    check(route, admin.call(route.method, headers=headers, **good))


def assets(page: str) -> list:
    return re.findall(r'(?:src|href)="([^"]+)"', page)


@pytest.fixture(params=["/docs", "/explorer"])
def address(request):
    return request.param


class TestPages:
    def test_the_page_is_served(self, server, address):
        answer = server.get(address)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/html")

    def test_all_it_loads_comes_from_the_server_itself(self, server, address):
        page = server.get(address).text
        loaded = [asset for asset in assets(page) if not asset.startswith(("data:", "#"))]
        assert any(asset.endswith(".js") for asset in loaded)
        assert any(asset.endswith(".css") for asset in loaded)
        for asset in loaded:
            assert not re.match(r"[a-z]+:|//", asset), f"{asset} is of another host"
            path = asset if asset.startswith("/") else "/" + asset.removeprefix("./")
            answer = server.get(path)
            assert answer.status_code == 200, asset
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            expected = {"js": "javascript", "css": "text/css", "png": "image/"}
            suffix = path.rsplit(".", 1)[-1]
            assert expected.get(suffix, "") in answer.headers["Content-Type"]

    def test_each_module_that_a_script_imports_is_served(self, server):
        waiting, seen = ["main.js"], set()
        while waiting:
            file = waiting.pop()
            answer = server.get(f"/explorer/{file}")
            assert answer.status_code == 200, file
            found = set(re.findall(r'from "\./([^"]+)"', answer.text)) - seen
            seen |= found
            waiting += found
        assert len(seen) > 5

    def test_its_script_reads_our_document(self, server):
        page = server.get("/docs").text
        texts = [page] + [server.get("/" + asset.lstrip("./")).text
                          for asset in assets(page) if asset.endswith(".js")]
        assert any("/openapi.json" in text or "openapi.json" in text for text in texts)

    def test_the_policy_allows_no_inline_script_and_no_other_host(self, server, address):
        policy = server.get(address).headers["Content-Security-Policy"]
        directives = {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}
        assert "'unsafe-inline'" not in policy and "'unsafe-eval'" not in policy
        assert "*" not in policy and "http:" not in policy and "https:" not in policy
        assert directives["default-src"] in (["'none'"], ["'self'"])
        assert directives.get("frame-ancestors") == ["'none'"]

    def test_the_page_has_no_inline_script(self, server, address):
        page = server.get(address).text
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>\s*\S", page)
        assert not re.search(r"\son\w+=", page)

    def test_nothing_outside_the_files_of_the_page_is_served(self, server):
        for path in ("/docs/../openapi.json", "/docs/%2e%2e/%2e%2e/etc/passwd", "/docs/nothing.js",
                     "/explorer/../openapi.json", "/explorer/%2e%2e/main.js", "/explorer/init.js",
                     "/docs/..%2f..%2fetc%2fpasswd"):
            answer = server.get(path)
            assert answer.status_code in (200, 400, 404)
            assert "root:" not in answer.text
