"""The explorer as a person meets it: sign in, ask, read the answer, walk the graph."""

import pytest

from browser.explorer import ask, nodes, show_role, sign_in, texts
from browser.stub import AGENT, KEY, LONG_ID, MARKUP, ME, TOKEN


@pytest.fixture
def inside(page):
    """Signed in."""
    sign_in(page, KEY)
    page.wait_for("#question")
    return page


class TestSigningIn:
    def test_a_key_is_exchanged_once_and_neither_it_nor_the_token_is_stored(self, page, stub):
        before = len(stub.asked)
        sign_in(page, KEY)
        page.wait_for("#question")
        assert page.find("#who-name").text == "WeatherBot"
        assert stub.asked[before:] == [("/auth/login", {"api_key": KEY})]
        assert page.run("return [localStorage.length, sessionStorage.length, document.cookie]") \
            == [0, 0, ""]
        assert page.run("return document.getElementById('secret').value") == ""
        assert TOKEN not in page.run("return document.documentElement.outerHTML + location.href")

    def test_a_token_may_be_pasted_and_signing_out_does_not_revoke_it(self, page, stub):
        sign_in(page, TOKEN, kind="token")
        page.wait_for("#question")
        before = len(stub.asked)
        page.find("#sign-out").click()
        page.wait_for("#sign-in-form")
        assert stub.asked[before:] == []

    def test_signing_out_ends_the_login_and_takes_away_what_was_shown(self, inside, stub):
        ask(inside, "read_weather")
        inside.wait_for(".decision")
        inside.find("#sign-out").click()
        inside.wait_for("#sign-in-form")
        assert stub.asked[-1] == ("/auth/logout", None)
        assert texts(inside, ".decision, figure") == []
        assert inside.run("return document.getElementById('subject-id').value") == ""

    def test_a_refusal_is_shown_with_the_id_of_the_request(self, page):
        sign_in(page, "aa_wrong")
        problem = page.wait_for("#sign-in-problem .problem").text
        assert "The API key is not valid" in problem and "request-of-the-stub" in problem
        assert page.run("return document.activeElement.id") == "secret"

    def test_nothing_is_asked_for_nothing(self, page, stub):
        before = len(stub.asked)
        sign_in(page, "  ")
        page.wait_for("#secret-error")
        assert stub.asked[before:] == []


class TestAnswers:
    def test_what_is_asked_is_what_the_form_says(self, inside, stub):
        ask(inside, "read_weather", "city:a:b", '{"amount": 7}')
        inside.wait_for(".decision")
        assert stub.asked[-1] == ("/access/v1/explain", {
            "subject": {"type": "agent", "id": AGENT}, "action": {"name": "read_weather"},
            "resource": {"type": "city", "id": "a:b"}, "context": {"amount": 7}})
        ask(inside, "pay", subject="user:alice")
        inside.wait_for(".decision.denied")
        assert stub.asked[-1][1] == {
            "subject": {"type": "user", "id": "alice"}, "action": {"name": "pay"}}

    def test_allowed_shows_its_reason_and_the_path_to_the_grant(self, inside):
        ask(inside, "read_weather", "city:berlin")
        decision = inside.wait_for(".decision.allowed")
        assert "Allowed" in decision.text and "revision 42" in decision.text
        assert inside.find("#reason").text == "granted"
        path = texts(inside, "#path .path li")
        assert path[:3] == [ME, "group:meteorology", "role:weather_reader"]
        assert "allow" in path[3] and "read_weather" in path[3] and "on city:*" in path[3]
        assert texts(inside, "#nearest-miss") == []
        assert inside.find("#answer-status").attribute("aria-live") == "polite"
        assert "Allowed." in inside.run("return document.getElementById('answer-status').textContent")

    def test_denied_shows_the_nearest_miss_and_all_that_was_considered(self, inside):
        ask(inside, "pay", "invoice:17", '{"amount": 700}')
        assert "Denied" in inside.wait_for(".decision.denied").text
        assert inside.find("#reason").text == "not_granted"
        miss = inside.find("#nearest-miss").text
        assert "if context.amount < 500 held" in miss and "group:finance" in miss
        rows = texts(inside, "#considered tbody tr")
        assert len(rows) == 3
        assert "condition false" in rows[0] and "context.amount is 700" in rows[0]
        assert "membership ended" in rows[1] and "role:treasurer" in rows[1]
        assert "condition failed" in rows[2] and "deny" in rows[2]

    def test_markup_in_an_answer_stays_text(self, inside):
        ask(inside, "pay")
        inside.wait_for(".decision.denied")
        assert MARKUP in texts(inside, "#considered tbody tr")[2]
        assert inside.find_all("img") == []
        assert inside.run("return document.title") == "AgentAuth Explorer"

    def test_an_answer_with_nothing_in_it_says_so(self, inside):
        ask(inside, "nothing")
        inside.wait_for(".decision.denied")
        assert "No grant of this action" in inside.find("#considered").text
        assert "no role and no group" in inside.find("#answer").text

    def test_a_long_answer_is_cut_and_says_so(self, inside):
        ask(inside, "long", subject=f"user:{LONG_ID}")
        inside.wait_for(".decision.denied")
        assert len(inside.find_all("#considered tbody tr")) == 100
        assert "The first 100 of 450 grants are shown." in inside.find("#considered").text
        assert len(nodes(inside, "#answer")) == 200
        assert "Cut off at 200 nodes." in texts(inside, "#answer .note")

    def test_a_problem_is_shown_with_its_detail_request_and_what_is_needed(self, inside):
        ask(inside, "forbidden")
        problem = inside.wait_for("#answer .problem").text
        for part in ("403", "Permission denied", "agentauth:access:evaluate", "request-of-the-stub"):
            assert part in problem
        assert "Permission denied" in inside.run(
            "return document.getElementById('answer-status').textContent")

    @pytest.mark.parametrize("field, wrong", [
        ("action", {"action": ""}),
        ("resource", {"action": "pay", "resource": "berlin"}),
        ("context", {"action": "pay", "context": "{"}),
        ("context", {"action": "pay", "context": "[1]"}),
    ])
    def test_a_wrong_field_is_named_beside_it_and_nothing_is_asked(self, inside, stub, field, wrong):
        before = len(stub.asked)
        ask(inside, **wrong)
        inside.wait_for(f"#{field}-error")
        assert inside.find(f"#{field}").attribute("aria-invalid") == "true"
        assert f"{field}-error" in inside.find(f"#{field}").attribute("aria-describedby")
        assert inside.run("return document.activeElement.id") == field
        assert stub.asked[before:] == []


class TestGraphs:
    def test_a_role_is_drawn_from_its_members_to_what_it_permits(self, inside):
        show_role(inside, "weather_reader")
        drawn = nodes(inside, "#closure")
        grants = [name for name, node in drawn.items() if "kind-grant" in node["classes"]]
        assert set(drawn) - set(grants) == {
            "role:weather_reader", "group:meteorology", "group:interns", "user:alice", "user:bob",
            "user:carol", "agent:*", ME}
        assert len(grants) == 3
        columns = [drawn[name]["x"] for name in (
            "user:carol", "group:interns", "group:meteorology", "role:weather_reader", grants[0])]
        assert columns == sorted(set(columns)), "each to the right of the one before"
        assert {drawn[name]["x"] for name in grants} == {max(columns)}
        assert drawn["user:alice"]["x"] == min(columns)
        assert "5 principals, 3 roles and groups, 3 grants" in inside.find("#closure .summary").text

    def test_the_list_says_the_same_as_the_picture(self, inside):
        show_role(inside, "weather_reader")
        inside.find(".as-list summary").click()
        lines = texts(inside, ".as-list li")
        assert len(lines) == len(inside.find_all("#closure .edge"))
        assert "user:carol is a member of group:interns" in lines
        assert "role:weather_reader holds: allow read_weather on city:*" in lines

    def test_members_that_lead_in_a_circle_are_drawn_once(self, inside):
        show_role(inside, "circle")
        assert set(nodes(inside, "#closure")) > {"role:circle", "role:circle_2", "user:alice"}

    def test_more_than_can_be_drawn_is_cut_off_and_said(self, inside):
        show_role(inside, "huge")
        assert len(nodes(inside, "#closure")) == 200
        assert texts(inside, "#closure .note") == [
            "Only 200 members of role:huge were read.", "Cut off at 200 nodes."]

    def test_an_empty_role_and_one_that_does_not_exist(self, inside):
        show_role(inside, "empty")
        assert set(nodes(inside, "#closure")) == {"role:empty"}
        show_role(inside, "nobody", kind="group")
        inside.wait_for("#closure .problem")
        assert "There is no group:nobody" in inside.find("#closure").text

    def test_an_explained_subject_is_drawn_with_the_path_that_decided(self, inside):
        ask(inside, "read_weather")
        inside.wait_for(".decision")
        on_path = {name for name, node in nodes(inside, "#answer").items()
                   if "on-path" in node["classes"]}
        assert {ME, "group:meteorology", "role:weather_reader"} < on_path
        assert "group:finance" not in on_path and len(on_path) == 4
        assert len(inside.find_all("#answer .edge.ended")) == 1

    def test_an_agent_that_was_asked_about_by_its_name_is_one_node(self, inside):
        ask(inside, "pay", subject="agent:WeatherBot")
        inside.wait_for(".decision")
        drawn = nodes(inside, "#answer")
        assert "agent:WeatherBot" not in drawn
        assert drawn[ME]["x"] == min(node["x"] for node in drawn.values())

    def test_a_tall_graph_starts_at_what_it_is_about(self, inside):
        show_role(inside, "huge")
        inside.wait("return document.querySelector('#closure .scroll').scrollTop > 1000")
        frame, root = inside.run("""
          return ["#closure .scroll", "[data-id='role:huge']"].map((selector) => {
            const box = document.querySelector(selector).getBoundingClientRect();
            return [box.top, box.bottom];
          })""")
        assert frame[0] <= root[0] and root[1] <= frame[1]

    def test_from_a_node_to_its_own_picture_and_to_a_question(self, inside):
        ask(inside, "read_weather")
        inside.wait_for(".decision")
        inside.find("[data-id='role:weather_reader']").click()
        texts_of = {button.text: button for button in inside.find_all("#answer .actions button")}
        texts_of["Show who is in it"].click()
        inside.wait_for("#closure figure")
        inside.find("#closure [data-id='user:bob']").click()
        inside.find("#closure .actions button").click()
        assert inside.run("return [document.getElementById('subject-type').value,"
                          "document.getElementById('subject-id').value]") == ["user", "bob"]
