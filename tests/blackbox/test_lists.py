"""Lists: pages, filters, and cursors that nobody can forge or carry elsewhere."""

import base64

import pytest

from harness.problems import problem
from harness.server import Server


@pytest.fixture(scope="module")
def crowd(module_server: Server):
    """25 agents of two owners, one of them suspended, on top of what other tests register."""
    admin = module_server.administrator()
    agents = [module_server.register(name=f"crowd-{number:02}", owner=f"owner{number % 2}@crowd.org")
              for number in range(25)]
    admin.post(f"{agents[0].path}/suspend")
    return agents


def pages(caller, path, limit, **query):
    """All items, page after page."""
    found, cursor = [], query.pop("cursor", None)
    for _ in range(100):
        query["limit"] = limit
        if cursor:
            query["cursor"] = cursor
        answer = caller.get(path, params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert set(page) == {"items", "next_cursor"}
        assert len(page["items"]) <= limit
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("a list without end")


def names(items):
    return sorted(item["agent_name"] for item in items)


@pytest.mark.parametrize("limit", [1, 3, 7, 24, 25, 26, 1000])
def test_pages_add_up_to_the_whole_list_without_repetition(admin, crowd, limit):
    whole = admin.get("/agents", params={"limit": 1000}).json()
    assert whole["next_cursor"] is None
    paged = pages(admin, "/agents", limit)
    assert paged == whole["items"]
    identifiers = [item["agent_id"] for item in paged]
    assert len(set(identifiers)) == len(identifiers)
    assert {agent.agent_id for agent in crowd} <= set(identifiers)


def test_a_list_tells_agents_as_their_own_pages_do(admin, crowd):
    item = next(item for item in pages(admin, "/agents", 1000)
                if item["agent_id"] == crowd[3].agent_id)
    assert item == admin.get(crowd[3].path).json()


def test_the_limit_is_100_by_default(server, admin, crowd):
    agent = server.register()
    for number in range(101):
        admin.grant(agent, f"p{number}")
    page = admin.get(f"{agent.path}/permissions").json()
    assert len(page["items"]) == 100 and page["next_cursor"]
    rest = admin.get(f"{agent.path}/permissions", params={"cursor": page["next_cursor"]}).json()
    assert len(rest["items"]) == 1 and rest["next_cursor"] is None


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "99999999999999999999", "ten", "1.5", "",
                                   "0x10", " 5", "+5"])
def test_a_limit_out_of_bounds_is_refused(admin, crowd, limit):
    problem(admin.get("/agents", params={"limit": limit}), 422, "invalid_argument")


@pytest.mark.parametrize("name", ["%E9", "%C0%AF", "%ED%A0%80", "%F8%88%80%80%80", "a%80"])
def test_a_filter_that_is_not_utf8_is_refused(admin, crowd, name):
    problem(admin.get(f"/agents?name={name}"), 422, "invalid_argument")


@pytest.mark.parametrize("query, expected", [
    ({"name": "crowd-07"}, ["crowd-07"]),
    ({"name": "crowd"}, []),
    ({"name": "nobody at all"}, []),
    ({"owner": "owner1@crowd.org"}, [f"crowd-{n:02}" for n in range(1, 25, 2)]),
    ({"owner": "owner0@crowd.org", "status": "suspended"}, ["crowd-00"]),
    ({"owner": "owner0@crowd.org", "status": "active"}, [f"crowd-{n:02}" for n in range(2, 25, 2)]),
    ({"name": "crowd-00", "status": "active"}, []),
    ({"name": "' OR '1'='1"}, []), ({"name": "%"}, []), ({"owner": "owner_@crowd.org"}, []),
], ids=str)
def test_filters(admin, crowd, query, expected):
    assert names(pages(admin, "/agents", 5, **query)) == expected


def test_a_status_that_does_not_exist_is_refused(admin, crowd):
    problem(admin.get("/agents", params={"status": "asleep"}), 422, "invalid_argument")


@pytest.mark.parametrize("query", ["sort=name", "Limit=5", "limit[]=5", "offset=3", "q"])
def test_a_query_parameter_nobody_knows_is_refused(admin, crowd, query):
    problem(admin.get(f"/agents?{query}"), 400, "malformed_request")


def test_a_query_parameter_given_twice_is_refused(admin, crowd):
    assert admin.get("/agents?limit=5&limit=6").status_code in (400, 422)


class TestCursors:
    @pytest.fixture
    def cursor(self, admin, crowd):
        return admin.get("/agents", params={"limit": 3}).json()["next_cursor"]

    def test_forged_are_refused(self, admin, cursor):
        forged = ["x", "AAAA", cursor[:-1], cursor + "A", cursor[::-1], cursor.swapcase(),
                  base64.urlsafe_b64encode(b'{"after":"0"}').decode(), "☀", "'"]
        for position in range(0, len(cursor), max(1, len(cursor) // 12)):
            other = "A" if cursor[position] != "A" else "Q"
            forged.append(cursor[:position] + other + cursor[position + 1:])
        for text in forged:
            problem(admin.get("/agents", params={"cursor": text}), 400, "malformed_request")

    def test_of_another_list_are_refused(self, server, admin, cursor):
        agent = server.register_with("a", "b")
        problem(admin.get(f"{agent.path}/permissions", params={"cursor": cursor}), 400)
        problem(admin.get(f"{agent.path}/keys", params={"cursor": cursor}), 400)
        foreign = admin.get(f"{agent.path}/permissions", params={"limit": 1}).json()["next_cursor"]
        problem(admin.get("/agents", params={"cursor": foreign}), 400, "malformed_request")

    def test_of_another_agents_list_are_refused(self, server, admin):
        one, two = server.register_with("a", "b"), server.register_with("a", "b")
        cursor = admin.get(f"{one.path}/permissions", params={"limit": 1}).json()["next_cursor"]
        problem(admin.get(f"{two.path}/permissions", params={"cursor": cursor}), 400)

    def test_of_another_query_are_refused(self, admin, cursor):
        query = {"cursor": cursor, "status": "active"}
        problem(admin.get("/agents", params=query), 400, "malformed_request")

    def test_survive_what_is_added_meanwhile(self, server, admin, cursor):
        before = admin.get("/agents", params={"limit": 3}).json()["items"]
        server.register()
        after = admin.get("/agents", params={"limit": 1000, "cursor": cursor}).json()["items"]
        assert not {item["agent_id"] for item in before} & {item["agent_id"] for item in after}

    def test_survive_that_the_item_before_is_deleted(self, server, admin, crowd):
        last = admin.get("/agents", params={"owner": "gone@crowd.org"}).json()["items"]
        assert last == []
        agents = [server.register(owner="gone@crowd.org") for _ in range(3)]
        page = admin.get("/agents", params={"owner": "gone@crowd.org", "limit": 1}).json()
        admin.delete(f"/agents/{page['items'][0]['agent_id']}")
        rest = pages(admin, "/agents", 1, owner="gone@crowd.org", cursor=page["next_cursor"])
        expected = {agent.agent_id for agent in agents} - {page["items"][0]["agent_id"]}
        assert {item["agent_id"] for item in rest} == expected
