"""The rule that scanners find leaked keys by: every key that is made, and nothing else."""

import re
import tomllib
from pathlib import Path

import pytest

from harness import api_keys

ROOT = Path(__file__).resolve().parents[2]


def rule() -> dict:
    (only,) = tomllib.loads((ROOT / "deploy" / "gitleaks.toml").read_text())["rules"]
    return only


def found_in(text: str) -> list:
    """What a scanner reports: it looks for the keywords first, and reads on only then."""
    if not any(word in text.lower() for word in rule()["keywords"]):
        return []
    return re.findall(rule()["regex"], text)


def test_every_key_is_found_wherever_it_stands(sqlite_launch):
    server = sqlite_launch()
    agent = server.register()
    keys = [agent.api_key] + [agent.post(f"{agent.path}/keys", {}).json()["api_key"]
                              for _ in range(5)]
    for key in keys + [api_keys.unknown() for _ in range(100)]:
        for text in (key, f'api_key = "{key}"', f"AGENTAUTH_API_KEY={key}\n", f"[{key}]", f"{key}."):
            assert found_in(text) == [key]


@pytest.mark.parametrize("text", [
    "aa_", "aa_4fJx0Zk2QmP1_", "aa_4fJx0Zk2QmP1_" + "0" * 63 + "AAAAAA",
    "aa_4fJx0Zk2QmP_" + "0" * 64 + "AAAAAA", "aa_4fJx0Zk2QmP1_" + "G" * 64 + "AAAAAA",
    "aa_4fJx0Zk2QmP1_" + "0" * 64 + "AAAAAAA", "xaa_4fJx0Zk2QmP1_" + "0" * 64 + "AAAAAA",
])
def test_what_is_no_key_is_not_reported(text):
    assert found_in(text) == []


def test_the_page_and_the_rule_say_the_same():
    page = (ROOT / "docs" / "guide" / "key-format.md").read_text()
    assert f"`{rule()['regex']}`" in page
