"""Policy as a file: applied as a whole, exported, compared, tested, imported."""

import json
import uuid

import pytest

from harness.binary import only_line, run
from harness.problems import problem

DONE, FAILED, USAGE = 0, 1, 2
NOTHING = {"added": [], "removed": [], "changed": []}


@pytest.fixture
def fresh(launch):
    """A server of the test's own: a policy is all there is."""
    return launch()


@pytest.fixture
def boss(fresh):
    return fresh.administrator()


@pytest.fixture
def cli(fresh, boss, tmp_path):
    key = tmp_path / "key"
    key.write_text(boss.api_key)
    key.chmod(0o600)

    def call(*arguments):
        return run(*arguments, "--server", fresh.url, "--api-key-file", key)

    return call


@pytest.fixture
def write(tmp_path):
    def write(document, name="policy.json"):
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return write


def put(by, document, **query):
    return by.call("PUT", "/policy", json=document, params=query)


def readers(*members):
    return {"roles": [{"name": "reader", "about": "Reads", "permissions": ["read_weather"],
                       "members": list(members)}]}


def test_a_policy_is_in_force_with_the_answer(fresh, boss):
    bot = fresh.register()
    answer = put(boss, readers(f"agent:{bot.agent_id}"))
    assert answer.status_code == 200
    assert answer.json() == {
        "added": ["role:reader", "role:reader: allow read_weather",
                  f"role:reader: member agent:{bot.agent_id}"],
        "removed": [], "changed": [], "applied": True}
    assert int(answer.headers["X-AgentAuth-Revision"]) > 0
    assert bot.get("/data/weather").status_code == 200
    assert put(boss, readers()).json()["removed"] == [f"role:reader: member agent:{bot.agent_id}"]
    problem(bot.get("/data/weather"), 403, "permission_denied")


def test_what_is_exported_applies_to_nothing_and_restores_everything(fresh, boss):
    bot = fresh.register_with("read_stock")
    document = {**readers("group:staff", {"member": "user:eve", "expires_at": "2999-01-01T00:00:00Z"}),
                "groups": [{"name": "staff", "members": ["user:bob"]}],
                "entities": [{"type": "record", "id": "1", "properties": {"status": "active"}}]}
    assert put(boss, document).status_code == 200
    kept = boss.get("/policy")
    assert kept.status_code == 200
    assert {"subject": f"agent:{bot.agent_id}", "action": "read_stock"} in kept.json()["grants"]
    again = put(boss, kept.json()).json()
    assert again == {**NOTHING, "applied": True}
    assert put(boss, {"roles": [], "groups": [], "entities": []}).status_code == 200
    assert put(boss, kept.json()).status_code == 200
    assert boss.get("/policy").text == kept.text


def test_grants_that_say_the_same_are_one_line_and_go_together(fresh, boss):
    bot = fresh.register()
    boss.call("PUT", "/roles/reader", json={})
    terms = {"resource": "city:rome", "when": "context.amount < 5", "max_uses": 3,
             "not_before": "2020-01-01T00:00:00.25Z", "expires_at": "2999-01-01T00:00:00.001Z"}
    wanted = [{"subject": "user:alice", "action": "read"},
              {"subject": "agent:*", "action": "read"},
              {"subject": f"agent:{bot.agent_id}", "action": "read", "resource": "city:*"},
              {"subject": "user:alice", "action": "read", **terms},
              {"subject": "group:g", "action": "read", "effect": "deny"},
              {"subject": "role:reader", "action": "read", **terms}]
    boss.call("PUT", "/groups/g", json={})
    ids = {grant["subject"] + grant.get("when", ""): [str(uuid.uuid4()) for _ in range(3)]
           for grant in wanted}
    for grant in wanted:
        for one in ids[grant["subject"] + grant.get("when", "")]:
            assert boss.call("PUT", f"/grants/{one}", json=grant).status_code == 201

    def left(of):
        return {boss.get(f"/grants/{one}").status_code for one in ids[of]}

    kept = boss.get("/policy").json()
    said = [grant for grant in kept["grants"] if grant["action"] == "read"]
    assert len(said) == 4 and len(kept["roles"][0]["permissions"]) == 1
    for query in ({}, {"keep": "true"}, {"dry_run": "true"}):
        told = put(boss, kept, **query).json()
        assert {**told, "applied": None} == {**NOTHING, "applied": None}
    assert all(left(of) == {200} for of in ids)
    without = {**kept, "grants": [grant for grant in kept["grants"] if grant not in said[1:]],
               "roles": [{"name": "reader", "permissions": []}]}
    assert len(put(boss, without, dry_run="true").json()["removed"]) == 4
    assert len(put(boss, without).json()["removed"]) == 4
    gone = [of for of in ids if left(of) == {404}]
    assert len(gone) == 4 and sum(left(of) == {200} for of in ids) == 2
    assert put(boss, boss.get("/policy").json()).json() == {**NOTHING, "applied": True}
    assert put(boss, kept).json()["removed"] == []
    assert boss.get("/policy").json() == kept


def test_a_dry_run_tells_and_changes_nothing(boss):
    before = boss.get("/policy").text
    told = put(boss, readers("user:alice"), dry_run="true").json()
    assert told["applied"] is False and len(told["added"]) == 3
    assert boss.get("/policy").text == before
    assert put(boss, readers("user:alice")).json()["added"] == told["added"]


def test_a_wrong_file_names_every_place_and_changes_nothing(boss):
    before = boss.get("/policy").text
    document = {"roles": [{"name": "fine", "permissions": ["a"]},
                          {"name": "bad", "permissions": [
                              {"permission": "a", "when": "context.amount <"},
                              {"permission": "b", "resource": "nothing"}]}],
                "entities": [{"type": "record", "id": "1"}]}
    answer = put(boss, document)
    problem(answer, 422, "invalid_argument")
    assert [error["field"] for error in answer.json()["errors"]] == ["entities[0].properties"]
    del document["entities"]
    errors = {error["field"]: error["message"] for error in put(boss, document).json()["errors"]}
    assert set(errors) == {"roles[1].permissions[0].when", "roles[1].permissions[1].resource"}
    assert "at character" in errors["roles[1].permissions[0].when"]
    assert boss.get("/policy").text == before


def test_nobody_applies_more_than_it_holds(fresh, boss):
    helper = fresh.register_with("agentauth:policy:write", "read_weather")
    document = readers("user:alice")
    document["roles"][0]["permissions"].append("read_stock")
    answer = put(helper, document)
    problem(answer, 403, "permission_denied")
    assert answer.json()["errors"][0]["field"] == "roles[0].permissions[1]"
    assert boss.get("/roles/reader").status_code == 404
    assert put(helper, readers("user:alice")).status_code == 200


def test_the_last_administrator_stays(fresh, boss):
    problem(put(boss, {"grants": []}), 409, "conflict")
    other = fresh.register_with("agentauth:*")
    only = {"grants": [{"subject": f"agent:{other.agent_id}", "action": "agentauth:*"}]}
    assert put(boss, only).status_code == 200
    problem(boss.get("/policy"), 403, "permission_denied")
    assert other.get("/policy").status_code == 200


def test_a_policy_may_be_larger_than_other_bodies(boss):
    grants = [{"subject": f"user:somebody-{i:05}", "action": "read_weather",
               "resource": f"city:number-{i:05}"} for i in range(2000)]
    document = {"grants": boss.get("/policy").json()["grants"] + grants}
    answer = put(boss, document)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["added"]) == 2000
    kept = boss.get("/policy")
    assert len(kept.content) > 128 * 1024
    assert put(boss, kept.json()).json() == {**NOTHING, "applied": True}
    problem(boss.call("PUT", "/policy", data=b" " * (2 << 20) + b"{}", headers={
        "Content-Type": "application/json"}), 413, "payload_too_large")


def test_an_apply_is_one_audit_event(boss):
    assert put(boss, readers("user:alice")).status_code == 200
    items = boss.get("/audit?action=policy.apply").json()["items"]
    assert [item["outcome"] for item in items] == ["success"]


class TestCommandLine:
    def test_applies_compares_and_exports(self, cli, write, tmp_path):
        file = write(readers("user:alice"))
        dry = cli("policy", "apply", file, "--dry-run")
        assert dry.returncode == DONE, dry.stderr
        assert dry.stdout.splitlines() == ["+ role:reader", "+ role:reader: allow read_weather",
                                           "+ role:reader: member user:alice"]
        assert cli("policy", "diff", file).stdout == dry.stdout
        assert cli("policy", "apply", file).stdout == dry.stdout
        assert cli("policy", "diff", file).stdout == "no changes\n"
        exported = tmp_path / "exported.json"
        assert cli("policy", "export", exported).returncode == DONE
        assert json.loads(exported.read_text())["roles"] == readers("user:alice")["roles"]
        assert cli("policy", "export").stdout == exported.read_text()
        assert cli("policy", "apply", exported).stdout == "no changes\n"

    def test_keeps_what_is_not_listed_when_told_so(self, cli, write, boss):
        assert cli("policy", "apply", write(readers("user:alice"))).returncode == DONE
        more = write({"roles": [{"name": "writer"}],
                      "grants": [{"subject": "user:bob", "action": "read_stock"}]})
        assert cli("policy", "apply", more, "--keep").stdout.splitlines() == [
            "+ role:writer", "+ user:bob: allow read_stock"]
        assert boss.get("/roles/reader").status_code == 200
        assert cli("policy", "diff", more, "--keep").stdout == "no changes\n"

    def test_tells_the_places_of_mistakes(self, cli, write):
        wrong = cli("policy", "apply", write({"roles": [{"name": "a b"}]}))
        assert wrong.returncode == FAILED
        assert "roles[0].name" in only_line(wrong.stderr)
        for command in ("apply", "diff", "simulate", "test"):
            missing = cli("policy", command, "/nowhere.json")
            assert missing.returncode == FAILED
            assert "cannot read /nowhere.json" in only_line(missing.stderr)

    @pytest.mark.parametrize("kind", ["role", "group"])
    def test_administers_roles_and_groups(self, cli, boss, fresh, kind):
        bot = fresh.register("MemberBot")

        def done(*arguments):
            result = cli(*arguments)
            assert result.returncode == DONE, result.stderr
            return result.stdout

        done(kind, "create", "reader", "--about", "Reads")
        done(kind, "grant", "reader", "read_weather")
        done(kind, "grant", "reader", "read_stock", "--resource", "stock:*", "--max-uses", "3")
        done(kind, "add-member", "reader", "MemberBot")
        assert bot.get("/data/weather").status_code == 200
        shown = done(kind, "show", "reader")
        assert f"agent:{bot.agent_id}" in shown and "stock:*" in shown
        assert "reader" in done(kind, "list")
        done(kind, "remove-member", "reader", "MemberBot")
        assert bot.get("/data/weather").status_code == 403
        done(kind, "revoke", "reader", "read_weather")
        done(kind, "delete", "reader")
        assert boss.get(f"/{kind}s/reader").status_code == 404

    def test_grants_with_terms(self, cli, fresh):
        bot = fresh.register("TermsBot")
        assert cli("permission", "grant", "TermsBot", "read_weather", "--expires-at",
                   "2999-01-01T00:00:00Z").returncode == DONE
        assert bot.get("/data/weather").status_code == 200
        assert cli("permission", "grant", "TermsBot", "read_weather", "--effect",
                   "deny").returncode == DONE
        assert bot.get("/data/weather").status_code == 403
        assert cli("permission", "revoke", "TermsBot", "read_weather", "--effect",
                   "deny").returncode == DONE
        assert bot.get("/data/weather").status_code == 200
        put = cli("grant", "put", "user:alice", "read_stock", "--json")
        assert put.returncode == DONE, put.stderr
        assert "user:alice" in cli("grant", "list").stdout
        assert cli("grant", "delete", json.loads(put.stdout)["id"]).returncode == DONE
        assert "user:alice" not in cli("grant", "list").stdout


MODEL = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
"""


class TestImport:
    def test_a_casbin_policy_becomes_a_policy_that_can_be_applied(self, cli, write, boss, tmp_path):
        model = write(MODEL, "model.conf")
        rows = write("p, clerk, ledger, read\np, dora, vault, open\ng, dora, clerk\n", "policy.csv")
        out = tmp_path / "imported.json"
        result = run("policy", "import", "--model", model, rows, "--out", out)
        assert result.returncode == DONE, result.stderr
        assert cli("policy", "apply", out, "--keep").stdout.splitlines() == [
            "+ role:clerk", "+ role:clerk: allow read on object:ledger",
            "+ user:dora: allow open on object:vault", "+ role:clerk: member user:dora"]

    def test_what_has_no_equal_is_refused(self, write):
        model = write(MODEL.replace("g = _, _", "g = _, _, _"), "model.conf")
        rows = write("p, a, b, c\n", "policy.csv")
        refused = run("policy", "import", "--model", model, rows)
        assert refused.returncode != DONE and "domains" in only_line(refused.stderr)

    @pytest.mark.parametrize(("line", "why"), [
        ("g, clerk, chief", '"chief" is a member of "clerk" already: a cycle'),
        ("p, a, b", "must be p, sub, obj, act"),
        ("q, a, b, c", '"q" is not a kind of line'),
        (f"p, a, {'b' * 300}, c", f'"{"b" * 60}..." cannot be the id of a resource'),
    ], ids=["cycle", "columns", "kind", "length"])
    def test_a_line_that_is_wrong_is_refused_by_its_number(self, write, tmp_path, line, why):
        model, out = write(MODEL, "model.conf"), tmp_path / "imported.json"
        rows = write(f"p, a, b, c\ng, chief, clerk\n{line}\n", "policy.csv")
        refused = run("policy", "import", "--model", model, rows, "--out", out)
        assert refused.returncode == FAILED
        assert f"line 3: {why}" in only_line(refused.stderr)
        assert not out.exists()


class TestAsking:
    def test_tests_pass_and_fail_by_the_exit_code(self, cli, write):
        document = readers("user:alice")
        document["roles"][0]["permissions"] = [
            {"permission": "read_weather", "resource": "city:*"}]
        assert cli("policy", "apply", write(document)).returncode == DONE
        alice = {"subject": "user:alice", "action": "read_weather", "resource": "city:berlin"}
        rows = [{"allow": alice}, {"deny": {**alice, "subject": "user:bob"}},
                {"list": {"subject": "user:alice", "resource": "city:berlin",
                          "actions": ["read_weather"]}}]
        good = cli("policy", "test", write({"tests": rows}, "tests.json"))
        assert good.stdout == "3 tests, 0 failed\n", good.stderr
        assert good.returncode == DONE
        bad = cli("policy", "test", write({"tests": [{"deny": alice}]}, "tests.json"))
        assert bad.returncode == FAILED
        assert bad.stdout.startswith("FAIL tests[0].deny: user:alice read_weather on city:berlin")

    def test_a_file_that_lost_its_tests_does_not_pass(self, cli, write):
        for arguments in ((), ("--json",)):
            empty = cli("policy", "test", write({"tests": []}, "tests.json"), *arguments)
            assert empty.returncode == FAILED
            assert "the file holds no tests" in empty.stderr

    def test_a_simulation_shows_what_would_be_decided_otherwise(self, cli, write, boss):
        assert cli("policy", "apply", write(readers("user:alice"))).returncode == DONE
        change = {"members": {"remove": [{"member": "user:alice", "of": "role:reader"}]}}
        ask = lambda who: {"subject": {"type": "user", "id": who}, "action": {
            "name": "read_weather"}, "resource": {"type": "city", "id": "berlin"}}
        file = write({"change": change, "evaluations": [ask("alice"), ask("bob")]}, "change.json")
        told = cli("policy", "simulate", file)
        assert told.returncode == DONE, told.stderr
        assert told.stdout == (
            "~ user:alice read_weather city:berlin: allowed (granted) -> denied (not_granted)\n"
            "= user:bob read_weather city:berlin: denied (not_granted) -> denied (not_granted)\n")
        as_json = json.loads(cli("policy", "simulate", file, "--json").stdout)
        assert as_json["evaluations"][0]["after"]["decision"] is False
        one = cli("policy", "simulate", write({"change": change}, "only.json"), "user:bob",
                  "read_weather", "city:berlin")
        assert (one.returncode, one.stdout.count("\n")) == (DONE, 1), one.stderr
        assert one.stdout.startswith("= user:bob read_weather city:berlin: denied")
        bad = cli("policy", "simulate", write({"change": change, "evaluations": [{}]}, "bad.json"))
        assert (bad.returncode, bad.stdout[:5]) == (FAILED, "FAIL ")
        wrong = {"members": {"add": [{"member": "user:alice", "of": "role:none"}]}}
        refused = cli("policy", "simulate", write({"change": wrong}, "wrong.json"), "user:bob", "x")
        assert refused.returncode == FAILED
        assert "change.members.add[0]" in only_line(refused.stderr)
        for arguments in ((write({}, "none.json"),), (file, "user:bob"), ()):
            assert cli("policy", "simulate", *arguments).returncode == USAGE

    def test_a_star_is_at_the_end_of_a_resource_or_nowhere(self, cli, write, boss):
        for resource in ("city:b*n", "city:**"):
            document = readers("user:alice")
            document["roles"][0]["permissions"] = [
                {"permission": "read_weather", "resource": resource}]
            refused = cli("policy", "apply", write(document))
            assert refused.returncode == FAILED and "resource" in refused.stderr
            answer = boss.post(f"/agents/{boss.agent_id}/permissions",
                               {"permission": "read_weather", "resource": resource})
            assert problem(answer, 422, "invalid_argument")["errors"][0]["field"] == "resource"

    def test_who_can_and_what_can(self, cli, write):
        document = readers("user:alice")
        document["roles"][0]["permissions"] = [
            {"permission": "read_weather", "resource": "city:*"}]
        assert cli("policy", "apply", write(document)).returncode == DONE
        who = cli("policy", "who-can", "read_weather", "city:berlin", "--type", "user")
        assert who.stdout == "user:alice\n", who.stderr
        what = cli("policy", "what-can", "user:alice", "city:berlin")
        assert what.stdout == "read_weather\n", what.stderr
        assert (who.stderr, what.stderr) == ("", "")

    def test_a_search_says_what_it_does_not_show(self, cli):
        who, what = cli("policy", "who-can", "read_weather"), cli("policy", "what-can", "user:alice")
        assert "agents only" in who.stderr and "grants on resources" in who.stderr
        assert "grants on resources" in only_line(what.stderr)
        for search in (("who-can", "read_weather"), ("what-can", "user:alice")):
            as_json = cli("policy", *search, "--json")
            assert (json.loads(as_json.stdout), as_json.stderr) == ({"results": []}, "")
