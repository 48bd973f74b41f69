"""The backends of the code store's contract tests, with the same queries for each.

Out: `StoreBench`, `MemoryBench`, `MongoBench`; `mongo_bench` makes and removes its database.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from handlers.requests.facts import Candidate, StockKey
from ops.settings.load import Settings
from schemas.documents import InventoryDocument
from stores.code_port import CodeStore
from stores.mongo.campaigns import Campaigns
from stores.mongo.closing import Closing
from stores.mongo.codes import MongoCodeStore, MongoParts
from stores.mongo.collections import Collections, from_document
from stores.mongo.connection import Client, Database, connect, database, is_sharded
from stores.mongo.migration import migrate_database
from stores.mongo.sharding import shard_database
from tests.fakes.builders import NOW
from tests.fakes.dropping import drop
from tests.fakes.memory_store import IMPORT_SHARD, MemoryCodeStore, MemoryDatabase
from tests.fakes.stocking import put_codes

Counts = Counter[tuple[str, str, str]]
"""By campaign, code type and status."""


class StoreBench(Protocol):
    """One database with its stores."""

    def store(self, shard: str, *, publishes_code_values: bool = False) -> CodeStore:
        """A partition's store, as a new owner opens it."""

    async def put(self, key: StockKey, count: int) -> None:
        """Insert the first codes of a campaign and type, as an import leaves them."""

    async def codes(self) -> Counts:
        """Number of codes by campaign, type and status."""

    async def values(self) -> dict[str, str]:
        """Every code's value by its id."""

    async def shards(self) -> list[InventoryDocument]:
        """All shards, the import's included."""

    async def reservations(self) -> dict[str, str]:
        """States of reservations, by id."""

    async def ledger(self) -> set[str]:
        """Ids of decided requests."""

    async def forget(self, request_id: str) -> None:
        """Remove a ledger entry, as its expiry does."""

    async def close(self, campaign_id: str) -> None:
        """Close a campaign."""

    async def reopen(self, campaign_id: str) -> None:
        """Reopen it."""


class MemoryBench:
    """In memory."""

    def __init__(self) -> None:
        self.database = MemoryDatabase()

    def store(self, shard: str, *, publishes_code_values: bool = False) -> CodeStore:
        """See `StoreBench.store`."""
        return MemoryCodeStore(self.database, shard, publishes_code_values=publishes_code_values)

    async def put(self, key: StockKey, count: int) -> None:
        """See `StoreBench.put`."""
        first = len(self.database.codes)
        codes = [Candidate(f"id-{number}", f"SECRET-{number}") for number in range(first, first + count)]
        self.database.add_codes(key, codes, NOW)

    async def codes(self) -> Counts:
        """See `StoreBench.codes`."""
        return Counter((code.campaign_id, code.code_type, str(code.status)) for code in self.database.codes.values())

    async def values(self) -> dict[str, str]:
        """See `StoreBench.values`."""
        return {code.id: code.code for code in self.database.codes.values()}

    async def shards(self) -> list[InventoryDocument]:
        """See `StoreBench.shards`."""
        return list(self.database.inventory.values())

    async def reservations(self) -> dict[str, str]:
        """See `StoreBench.reservations`."""
        return {document.id: document.state for document in self.database.reservations.values()}

    async def ledger(self) -> set[str]:
        """See `StoreBench.ledger`."""
        return set(self.database.requests)

    async def forget(self, request_id: str) -> None:
        """See `StoreBench.forget`."""
        del self.database.requests[request_id]

    async def close(self, campaign_id: str) -> None:
        """See `StoreBench.close`."""
        self.database.set_closed(campaign_id, is_closed=True)

    async def reopen(self, campaign_id: str) -> None:
        """See `StoreBench.reopen`."""
        self.database.set_closed(campaign_id, is_closed=False)


class MongoBench:
    """On MongoDB, with the validators and indexes of a deployment."""

    def __init__(self, client: Client, db: Database) -> None:
        self.collections = Collections(db)
        self.parts = MongoParts(client, self.collections, Campaigns(self.collections), asyncio.Semaphore(4))

    def store(self, shard: str, *, publishes_code_values: bool = False) -> CodeStore:
        """See `StoreBench.store`."""
        return MongoCodeStore(self.parts, shard, publishes_code_values=publishes_code_values)

    async def put(self, key: StockKey, count: int) -> None:
        """See `StoreBench.put`."""
        await put_codes(self.collections.database, key.campaign_id, count, code_type=key.code_type)

    async def codes(self) -> Counts:
        """See `StoreBench.codes`."""
        found = await self.collections.codes.find().to_list(None)
        return Counter((code["campaign_id"], code["code_type"], code["status"]) for code in found)

    async def values(self) -> dict[str, str]:
        """See `StoreBench.values`."""
        return {code["_id"]: code["code"] for code in await self.collections.codes.find().to_list(None)}

    async def shards(self) -> list[InventoryDocument]:
        """See `StoreBench.shards`."""
        found = await self.collections.inventory.find().to_list(None)
        return [from_document(InventoryDocument, shard) for shard in found]

    async def reservations(self) -> dict[str, str]:
        """See `StoreBench.reservations`."""
        return {held["_id"]: held["state"] for held in await self.collections.reservations.find().to_list(None)}

    async def ledger(self) -> set[str]:
        """See `StoreBench.ledger`."""
        return {entry["_id"] for entry in await self.collections.requests.find().to_list(None)}

    async def forget(self, request_id: str) -> None:
        """See `StoreBench.forget`."""
        await self.collections.requests.delete_one({"_id": request_id})

    async def close(self, campaign_id: str) -> None:
        """See `StoreBench.close`."""
        await Closing(self.collections).close(campaign_id, by="a manager", now=NOW)

    async def reopen(self, campaign_id: str) -> None:
        """See `StoreBench.reopen`."""
        await Closing(self.collections).reopen(campaign_id, by="a manager")


@asynccontextmanager
async def mongo_bench(settings: Settings) -> AsyncIterator[MongoBench]:
    """An empty database with validators and indexes, removed afterwards."""
    client = connect(settings.mongo)
    db = database(client, settings.mongo)
    await migrate_database(db, ledger_days=30, check=False)
    if is_sharded(client):
        await shard_database(db, check=False)
    yield MongoBench(client, db)
    await drop(db)
    client.close()


def workers_shards(shards: list[InventoryDocument]) -> dict[str, InventoryDocument]:
    """All shards but the import's, and but those that have only begun: a plan that proves stale leaves one so."""
    return {shard.id: shard for shard in shards if shard.shard != IMPORT_SHARD and shard.version > 0}
