"""Some time before a key expires it is put on record, once for all nodes, and counted until somebody acts."""

import re
import time

import pytest

from harness.server import wait_until

DAY = 86_400
LOOKED_WITHIN_SECONDS = 30


def new_key(agent, seconds) -> dict:
    answer = agent.post(f"{agent.path}/keys", {"expires_in": seconds})
    assert answer.status_code == 201, answer.text
    return answer.json()


def notices(admin) -> list:
    items = admin.get("/audit?action=key.expiring&limit=1000").json()["items"]
    return [(item["target_id"], item["target_agent_id"], item["detail"], item["agent_id"])
            for item in items]


def expiring(server) -> int:
    return int(re.search(r"^agentauth_keys_expiring (\d+)$", server.get("/metrics").text, re.M)[1])


def on_record(agent, key) -> tuple:
    return key["key_id"], agent.agent_id, key["kid"], None


@pytest.fixture
def pair(launch, database):
    one = launch("--key-expiry-notice", 1)
    two = launch("--key-expiry-notice", 1, "--master-key-file", one.data_dir / "master.key",
                 database=one.database or f"sqlite:{one.data_dir / 'agentauth.db'}")
    return one, two


def test_it_is_put_on_record_once_and_counted_until_the_key_is_revoked(pair):
    one, two = pair
    admin, agent = one.administrator(), one.register()
    key = new_key(agent, DAY + 5)
    new_key(agent, DAY)  # made to be short
    new_key(agent, 30 * DAY)
    assert notices(admin) == []
    for node in pair:
        wait_until(lambda: expiring(node) == 1, seconds=LOOKED_WITHIN_SECONDS)
    one.restart()
    wait_until(lambda: expiring(one) == 1, seconds=LOOKED_WITHIN_SECONDS)
    assert notices(admin) == [on_record(agent, key)]
    assert admin.delete(f"{agent.path}/keys/{key['key_id']}").status_code == 204
    for node in pair:
        wait_until(lambda: expiring(node) == 0, seconds=LOOKED_WITHIN_SECONDS)
    assert notices(admin) == [on_record(agent, key)]


def test_without_it_nothing_is_put_on_record(launch):
    server = launch("--key-expiry-notice", 0)
    admin, agent = server.administrator(), server.register()
    new_key(agent, 60)
    time.sleep(5)
    assert notices(admin) == [] and expiring(server) == 0
