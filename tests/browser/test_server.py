"""The explorer that the real binary serves, with what that really answers."""

import re

import pytest

from browser.explorer import ask, nodes, show_role, sign_in, texts
from browser.stub import PAGE, POLICY
from conftest import opened
from harness.server import Server


@pytest.fixture(scope="module")
def server(browser):
    server = Server().start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def admin(server):
    return server.administrator()


@pytest.fixture
def page(browser, server):
    yield from opened(browser, server.url)


@pytest.fixture(scope="module")
def bot(server, admin):
    """An agent that may read the weather of some cities, through a group and a role."""
    bot = server.register("ExploredBot")

    def put(path, body):
        answer = admin.call("PUT", path, json=body)
        assert answer.status_code in (200, 201), answer.text

    put("/roles/explored_reader", {"about": "Reads the weather"})
    put("/groups/explorers", {"about": ""})
    granted = admin.post("/roles/explored_reader/permissions", {
        "permission": "explored:read", "resource": "city:*", "when": "context.amount < 500"})
    assert granted.status_code == 201, granted.text
    put("/roles/explored_reader/members/group:explorers", {})
    put(f"/groups/explorers/members/agent:{bot.agent_id}", {})
    return bot


def test_each_file_is_served_as_it_is_in_the_source(server):
    page = server.get("/explorer")
    assert page.content == (PAGE / "index.html").read_bytes()
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    for file in PAGE.iterdir():
        if file.suffix == ".html":
            continue
        answer = server.get(f"/explorer/{file.name}")
        assert answer.content == file.read_bytes(), file.name
        for headers in (answer.headers, page.headers):
            assert headers["Content-Security-Policy"] == POLICY
            assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_source_makes_no_markup_of_text():
    for file in PAGE.glob("*.js"):
        text = file.read_text()
        for unwanted in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(",
                         "Storage", "document.cookie"):
            assert unwanted not in text, f"{file.name}: {unwanted}"
    page = (PAGE / "index.html").read_text()
    assert not re.search(r"\s(on\w+|style)=|<style|<script(?![^>]*\ssrc=)", page)


def test_an_administrator_signs_in_and_a_wrong_key_does_not(page, admin):
    sign_in(page, "aa_wrong")
    assert "401" in page.wait_for("#sign-in-problem .problem").text
    sign_in(page, admin.api_key)
    page.wait_for("#question")
    assert page.find("#who-name").text == "admin"


def test_a_token_that_was_pasted_still_works_after_signing_out(page, server, admin):
    token = admin.login()
    sign_in(page, token, kind="token")
    page.wait_for("#question")
    assert page.run("return document.getElementById('subject-id').value") == admin.agent_id
    page.find("#sign-out").click()
    page.wait_for("#sign-in-form")
    assert server.get("/agents/me", token=token).status_code == 200


def test_a_role_is_drawn_from_its_members_to_what_it_permits(page, admin, bot):
    sign_in(page, admin.api_key)
    page.wait_for("#question")
    show_role(page, "explored_reader")
    drawn = nodes(page, "#closure")
    assert {"role:explored_reader", "group:explorers", f"agent:{bot.agent_id}"} < set(drawn)
    assert "Grant: allow explored:read on city:* if context.amount < 500" in {
        node["label"] for node in drawn.values()}
    assert "Reads the weather" in page.find("#closure .summary").text


def test_who_may_not_read_roles_is_told_what_is_needed(page, bot):
    sign_in(page, bot.api_key)
    page.wait_for("#question")
    show_role(page, "explored_reader")
    problem = page.find("#closure .problem").text
    assert "Permission denied" in problem and "agentauth:roles:read" in problem


def test_an_allowed_and_a_denied_question(page, admin, bot):
    sign_in(page, admin.api_key)
    page.wait_for("#question")
    ask(page, "explored:read", "city:berlin", '{"amount": 7}', subject=f"agent:{bot.agent_id}")
    page.wait_for(".decision.allowed")
    assert page.find("#reason").text == "granted"
    assert texts(page, "#path .path li")[:3] == [
        f"agent:{bot.agent_id}", "group:explorers", "role:explored_reader"]
    ask(page, "explored:read", "city:berlin", '{"amount": 700}')
    page.wait_for(".decision.denied")
    assert "explored:read" in page.find("#nearest-miss").text
    assert "condition false" in page.find("#considered").text
    assert {"group:explorers", "role:explored_reader"} < set(nodes(page, "#answer"))


def test_nobody_is_explained_who_does_not_exist(page, admin):
    sign_in(page, admin.api_key)
    page.wait_for("#question")
    ask(page, "explored:read", subject="agent:00000000-0000-4000-8000-000000000000")
    page.wait_for(".decision.denied, #answer .problem")
