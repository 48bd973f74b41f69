"""A cluster of two shards of a test's own, and databases on it.

Out: `a_sharded_cluster`, `at_router`, `at_node`, `databases`, `migrated`.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from devstack.addresses import database_uri, direct_uri
from devstack.shape import Shape
from schemas.settings import MongoSettings
from stores.mongo.connection import Database, connect, database
from stores.mongo.migration import migrate_database
from tests.fakes.dropping import drop
from tests.integration.clusters import a_cluster, nodes_by_name

Ports = Mapping[str, int]
"""Of the cluster's nodes, by name."""


@contextmanager
def a_sharded_cluster(folder: Path) -> Iterator[Ports]:
    """Two shards of one node each, a config server and a router; removed at the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CODES_DEV_DATABASE", raising=False)
        with a_cluster(folder, "database", Shape(database_shards=2)):
            yield {node.name: node.port for node in nodes_by_name(folder).values()}


@asynccontextmanager
async def at_router(ports: Ports) -> AsyncIterator[Database]:
    """A database that nobody used before, through the router; dropped at the end."""
    async with databases(database_uri(ports)) as db:
        yield db
        await drop(db)


@asynccontextmanager
async def at_node(port: int, name: str) -> AsyncIterator[Database]:
    """A database as one node has it."""
    async with databases(direct_uri(port), name) as db:
        yield db


@asynccontextmanager
async def databases(uri: str, name: str | None = None) -> AsyncIterator[Database]:
    """A database at this address, of a new name if none is given; the connection is closed afterwards."""
    settings = MongoSettings.model_validate({"uri": uri, "database": name or f"test-{secrets.token_hex(4)}"})
    client = connect(settings)
    try:
        yield database(client, settings)
    finally:
        await asyncio.to_thread(client.close)  # it may speak to a proxy, which this loop runs


async def migrated(db: Database) -> Database:
    """The same with collections, validators and indexes."""
    await migrate_database(db, ledger_days=30, check=False)
    return db
