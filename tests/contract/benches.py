"""The backends that a code store's contract is tested on: the same few questions to each.

Out: `StoreBench`, `MemoryBench`, `MongoBench`; `mongo_bench` makes and removes its database.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import pymongo

from handlers.requests.facts import Candidate, StockKey
from ops.settings.load import Settings
from schemas.documents import InventoryDocument
from stores.code_port import CodeStore
from stores.mongo.campaigns import Campaigns
from stores.mongo.codes import MongoCodeStore, MongoParts
from stores.mongo.collections import Collections, from_document
from stores.mongo.connection import Client, Database, connect, database
from stores.mongo.migration import migrate_database
from tests.conftest import DROP_TIMEOUT_S
from tests.fakes.builders import NOW
from tests.fakes.memory_store import IMPORT_SHARD, MemoryCodeStore, MemoryDatabase
from tests.fakes.stocking import put_codes

Counts = Counter[tuple[str, str, str]]
"""By campaign, code type and status."""


class StoreBench(Protocol):
    """One database, and what is in it."""

    def store(self, shard: str, *, tells_values: bool = False) -> CodeStore:
        """A partition's store, as a new owner opens it."""

    async def put(self, key: StockKey, count: int) -> None:
        """Codes of a kind that had none before, as an import leaves them."""

    async def codes(self) -> Counts:
        """Codes by status."""

    async def values(self) -> dict[str, str]:
        """Every code's value by its id."""

    async def shards(self) -> list[InventoryDocument]:
        """All totals, the import's included."""

    async def reservations(self) -> dict[str, str]:
        """States by id."""

    async def ledger(self) -> set[str]:
        """Request ids that are decided."""

    async def forget(self, request_id: str) -> None:
        """The ledger's time for it is over."""


class MemoryBench:
    """In memory."""

    def __init__(self) -> None:
        self.database = MemoryDatabase()

    def store(self, shard: str, *, tells_values: bool = False) -> CodeStore:
        """See `StoreBench.store`."""
        return MemoryCodeStore(self.database, shard, tells_values=tells_values)

    async def put(self, key: StockKey, count: int) -> None:
        """See `StoreBench.put`."""
        first = len(self.database.codes)
        codes = [Candidate(f"id-{number}", f"SECRET-{number}") for number in range(first, first + count)]
        self.database.add_codes(key, codes, NOW)

    async def codes(self) -> Counts:
        """See `StoreBench.codes`."""
        return Counter((one.campaign_id, one.code_type, str(one.status)) for one in self.database.codes.values())

    async def values(self) -> dict[str, str]:
        """See `StoreBench.values`."""
        return {one.id: one.code for one in self.database.codes.values()}

    async def shards(self) -> list[InventoryDocument]:
        """See `StoreBench.shards`."""
        return list(self.database.inventory.values())

    async def reservations(self) -> dict[str, str]:
        """See `StoreBench.reservations`."""
        return {one.id: one.state for one in self.database.reservations.values()}

    async def ledger(self) -> set[str]:
        """See `StoreBench.ledger`."""
        return set(self.database.requests)

    async def forget(self, request_id: str) -> None:
        """See `StoreBench.forget`."""
        del self.database.requests[request_id]


class MongoBench:
    """On MongoDB, with the validators and indexes of a deployment."""

    def __init__(self, client: Client, db: Database) -> None:
        self.collections = Collections(db)
        self.parts = MongoParts(client, self.collections, Campaigns(self.collections), asyncio.Semaphore(4))

    def store(self, shard: str, *, tells_values: bool = False) -> CodeStore:
        """See `StoreBench.store`."""
        return MongoCodeStore(self.parts, shard, tells_values=tells_values)

    async def put(self, key: StockKey, count: int) -> None:
        """See `StoreBench.put`."""
        await put_codes(self.collections.database, key.campaign_id, count, code_type=key.code_type)

    async def codes(self) -> Counts:
        """See `StoreBench.codes`."""
        found = await self.collections.codes.find().to_list(None)
        return Counter((one["campaign_id"], one["code_type"], one["status"]) for one in found)

    async def values(self) -> dict[str, str]:
        """See `StoreBench.values`."""
        return {one["_id"]: one["code"] for one in await self.collections.codes.find().to_list(None)}

    async def shards(self) -> list[InventoryDocument]:
        """See `StoreBench.shards`."""
        found = await self.collections.inventory.find().to_list(None)
        return [from_document(InventoryDocument, one) for one in found]

    async def reservations(self) -> dict[str, str]:
        """See `StoreBench.reservations`."""
        return {one["_id"]: one["state"] for one in await self.collections.reservations.find().to_list(None)}

    async def ledger(self) -> set[str]:
        """See `StoreBench.ledger`."""
        return {one["_id"] for one in await self.collections.requests.find().to_list(None)}

    async def forget(self, request_id: str) -> None:
        """See `StoreBench.forget`."""
        await self.collections.requests.delete_one({"_id": request_id})


@asynccontextmanager
async def mongo_bench(settings: Settings) -> AsyncIterator[MongoBench]:
    """An empty database with validators and indexes, removed afterwards."""
    client = connect(settings.mongo)
    db = database(client, settings.mongo)
    await migrate_database(db, ledger_days=30, check=False)
    yield MongoBench(client, db)
    with pymongo.timeout(DROP_TIMEOUT_S):
        await client.drop_database(db.name)
    client.close()


def workers_shards(shards: list[InventoryDocument]) -> dict[str, InventoryDocument]:
    """The totals of all but the import."""
    return {one.id: one for one in shards if one.shard != IMPORT_SHARD}
