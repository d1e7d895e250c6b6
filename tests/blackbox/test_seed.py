"""The whole mission in one read: who is this agent, and may it do this now?

An agent registers and is shown its API key once. It logs in with the key and gets a token for
fifteen minutes. Protected endpoints verify the token, then look whether the agent holds the
permission. An administrator gives permissions and takes them away.
"""

import re
import uuid

import requests

from harness.tokens import decode


def test_the_seed_scenario(server):
    # An administrator is made on the command line; nobody is one by default.
    admin = server.administrator()
    as_admin = {"Authorization": f"Bearer {admin.token}"}

    # 1. Anyone may register an agent. The key is in this answer and nowhere else.
    registered = requests.post(
        f"{server.url}/agents/register",
        json={"agent_name": "WeatherBot", "owner_email": "ada@example.com"},
        timeout=10,
    )
    assert registered.status_code == 201
    assert set(registered.json()) == {"agent_id", "api_key"}
    agent_id, api_key = registered.json()["agent_id"], registered.json()["api_key"]
    assert uuid.UUID(agent_id).version == 4
    assert re.fullmatch(r"aa_[0-9A-Za-z]{12}_[0-9a-f]{64}[0-9A-Za-z]{6}", api_key)

    # 2. The agent logs in with its key and gets an access token.
    logged_in = requests.post(f"{server.url}/auth/login", json={"api_key": api_key}, timeout=10)
    assert logged_in.status_code == 200
    token = logged_in.json()["access_token"]
    assert logged_in.json().items() >= {
        "access_token": token, "token_type": "bearer", "expires_in": 900,
    }.items()
    assert decode(token)[1]["agent_id"] == agent_id
    as_agent = {"Authorization": f"Bearer {token}"}

    # 3. A new agent may do nothing at all.
    refused = requests.get(f"{server.url}/data/weather", headers=as_agent, timeout=10)
    assert refused.status_code == 403
    assert refused.json()["detail"] == "Permission denied"

    # 4. The administrator grants read_weather. The token that the agent has is good for it.
    granted = requests.post(
        f"{server.url}/agents/{agent_id}/permissions",
        json={"permission": "read_weather"}, headers=as_admin, timeout=10,
    )
    assert granted.status_code == 201

    weather = requests.get(f"{server.url}/data/weather", headers=as_agent, timeout=10)
    assert weather.status_code == 200
    assert weather.json() == {"message": "Protected weather data", "agent_id": agent_id}

    # 5. One permission is one permission: stock data stays closed.
    stock = requests.get(f"{server.url}/data/stock", headers=as_agent, timeout=10)
    assert stock.status_code == 403

    # 6. Taken away, it bites at the very next request, although the token has not expired.
    taken = requests.delete(
        f"{server.url}/agents/{agent_id}/permissions/read_weather", headers=as_admin, timeout=10
    )
    assert taken.status_code == 204
    refused = requests.get(f"{server.url}/data/weather", headers=as_agent, timeout=10)
    assert refused.status_code == 403

    # 7. Without a token, or with a broken one, nobody is let in.
    assert requests.get(f"{server.url}/data/weather", timeout=10).status_code == 401
    broken = {"Authorization": f"Bearer {token[:-2]}xx"}
    assert requests.get(f"{server.url}/data/weather", headers=broken, timeout=10).status_code == 401


def test_stock_needs_read_stock(server):
    bot = server.register_with("read_stock", name="StockBot")
    stock = bot.get("/data/stock")
    assert stock.status_code == 200
    assert stock.json() == {"message": "Protected stock data", "agent_id": bot.agent_id}
    assert bot.get("/data/weather").status_code == 403
