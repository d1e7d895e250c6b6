"""Databases of any size: a few real agents made over HTTP, the rest written by SQL."""

import os
import sqlite3
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import agentauth
from client import Client
from settings import Settings

PERMISSIONS_PER_AGENT = 3
# Few enough to be realistic, many enough that one interned name does not serve all.
DISTINCT_PERMISSIONS = 1000
REAL_AGENTS = 100
REAL_PERMISSIONS = ("read_weather", "read_stock", "read_news")
# Real keys are hashed at the lowest cost: what is measured on these databases is not bcrypt.
COST = ("--bcrypt-cost", "10")
BATCH = 50_000


@dataclass(frozen=True)
class Dataset:
    data_dir: Path
    admin_key: str
    agent_ids: list[str]
    key_file: Path  # the API keys of those agents, a line each

    @property
    def keys(self) -> list[str]:
        return self.key_file.read_text().split()


def build(settings: Settings, agents: int) -> Dataset:
    """A stopped server's data directory with that many agents besides the administrator."""
    name = f"agents-{agents}"
    data_dir = agentauth.new_data_dir(settings.directory, name)
    admin_key = agentauth.create_administrator(data_dir)
    with agentauth.running(data_dir, *COST, core=None) as server:
        real = [server.client.register(f"real {n}") for n in range(min(agents, REAL_AGENTS))]
        administrator = Client(server.url, server.client.login(admin_key))
        for agent_id, _ in real:
            for permission in REAL_PERMISSIONS:
                administrator.grant(agent_id, permission)
    fill(data_dir / "agentauth.db", agents - len(real))
    key_file = settings.directory / f"{name}.keys"
    key_file.write_text("".join(f"{key}\n" for _, key in real))
    return Dataset(data_dir, admin_key, [agent_id for agent_id, _ in real], key_file)


def batches(total: int) -> Iterator[range]:
    for first in range(0, total, BATCH):
        yield range(first, min(first + BATCH, total))


def fill(database: Path, agents: int) -> None:
    """Agents with a key and three permissions each, in a database that no server has open.

    The change log needs no rows: a server that starts reads the tables, not the log.
    """
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -1000000")
        for batch in batches(agents):
            write_batch(connection, batch)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def write_batch(connection: sqlite3.Connection, numbers: range) -> None:
    ids = [str(uuid.UUID(bytes=os.urandom(16), version=4)) for _ in numbers]
    connection.executemany(
        "INSERT INTO agents (id, agent_name, owner_email) VALUES (?, ?, ?)",
        ((id, f"agent {n}", f"owner{n % 5000}@example.com") for id, n in zip(ids, numbers)),
    )
    # Keys that nobody holds: shaped as real ones, so that they take the same room.
    connection.executemany(
        "INSERT INTO api_keys (agent_id, kid, hash, tag) VALUES (?, ?, ?, ?)",
        (
            (id, f"{n:07d}{os.urandom(2).hex()}a", f"$2b$10${os.urandom(26).hex()}a", os.urandom(16))
            for id, n in zip(ids, numbers)
        ),
    )
    connection.executemany(
        "INSERT INTO permissions (agent_id, permission) VALUES (?, ?)",
        (
            (id, f"service{(n * 7919 + k * 331) % DISTINCT_PERMISSIONS}:read")
            for id, n in zip(ids, numbers)
            for k in range(PERMISSIONS_PER_AGENT)
        ),
    )


BUILT: dict[int, Dataset] = {}


def obtain(settings: Settings, agents: int) -> Dataset:
    """The set of that size, built once in a run: several groups use the largest."""
    if agents not in BUILT:
        BUILT[agents] = build(settings, agents)
    return BUILT[agents]
