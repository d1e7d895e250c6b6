"""GET /openapi.json and GET /docs: the API tells about itself, without the internet."""

import re

from harness.routes import routes


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
        assert schema["additionalProperties"] is False, route


def assets(page: str) -> list:
    return re.findall(r'(?:src|href)="([^"]+)"', page)


class TestDocs:
    def test_the_page_is_served(self, server):
        answer = server.get("/docs")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/html")

    def test_all_it_loads_comes_from_the_server_itself(self, server):
        page = server.get("/docs").text
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

    def test_its_script_reads_our_document(self, server):
        page = server.get("/docs").text
        texts = [page] + [server.get("/" + asset.lstrip("./")).text
                          for asset in assets(page) if asset.endswith(".js")]
        assert any("/openapi.json" in text or "openapi.json" in text for text in texts)

    def test_the_policy_allows_no_inline_script_and_no_other_host(self, server):
        policy = server.get("/docs").headers["Content-Security-Policy"]
        directives = {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}
        assert "'unsafe-inline'" not in policy and "'unsafe-eval'" not in policy
        assert "*" not in policy and "http:" not in policy and "https:" not in policy
        assert directives["default-src"] in (["'none'"], ["'self'"])
        assert directives.get("frame-ancestors") == ["'none'"]

    def test_the_page_has_no_inline_script(self, server):
        page = server.get("/docs").text
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>\s*\S", page)
        assert not re.search(r"\son\w+=", page)

    def test_nothing_outside_the_files_of_the_page_is_served(self, server):
        for path in ("/docs/../openapi.json", "/docs/%2e%2e/%2e%2e/etc/passwd", "/docs/nothing.js",
                     "/docs/..%2f..%2fetc%2fpasswd"):
            answer = server.get(path)
            assert answer.status_code in (200, 400, 404)
            assert "root:" not in answer.text
