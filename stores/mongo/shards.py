"""Shard documents: how one begins, and how its counts are written.

In:       `ShardChange`s.
Out:      nothing; FactsStale if a shard or its campaign is no longer as planned.
Promise:  a shard says whether its campaign is closed, and every write of it is guarded by that. A new shard agrees
          with its campaign's document, whoever closes or reopens the campaign at that moment: see `closing.py`.
"""

from collections.abc import Iterable

from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo import UpdateOne

from handlers.shards import ShardChange
from schemas.documents import InventoryDocument
from schemas.errors import FactsStale
from stores.mongo.collections import Collections, Document, to_document
from stores.mongo.errors import writing
from stores.mongo.transactions import run_transaction

IS_CLOSED: Document = {"$ne": None}
"""Filter on `closed_at` of a campaign's document."""


def check_complete(collection: str, matched: int, expected: int) -> None:
    """Raises FactsStale if a guarded write found less than it was planned for."""
    if matched != expected:
        raise FactsStale(f"{collection}: {matched} of {expected} were as planned")


def new_shards(changes: Iterable[ShardChange]) -> list[ShardChange]:
    """Those of shards that the database may not have yet."""
    return [change for change in changes if change.version_before == 0]


async def begin_shards(
    collections: Collections, changes: Iterable[ShardChange], session: AsyncIOMotorClientSession
) -> None:
    """Insert each new shard, at version 0 and without counts, in a transaction of its own.

    It writes to the campaign's document too, so all partitions that begin a shard of a campaign at the same moment
    conflict. A transaction of two small writes is over at once; a whole batch would keep the others waiting.

    Raises:
        FactsStale: the campaign was closed or reopened, or another partition begins a shard; gather again.
        StoreRefused, StoreUnavailable: see `stores/mongo/errors.py`.
        PyMongoError: as the commit raises it.
    """
    for change in new_shards(changes):
        await _begin(collections, change.after, session)


async def _begin(collections: Collections, after: InventoryDocument, session: AsyncIOMotorClientSession) -> None:
    empty = after.model_copy(update={"version": 0, "available": 0, "reserved": 0, "assigned": 0, "walked": ()})

    async def statements() -> None:
        with writing():  # not the commit, which may have happened whatever it reports
            await _check_campaign(collections, after, session)
            await collections.inventory.insert_one(to_document(empty), session=session)

    try:
        await run_transaction(session, statements)
    except FactsStale as why:
        if why.cause != "duplicate":
            raise
        # Begun before: the guard of its next write decides.


async def _check_campaign(
    collections: Collections, shard: InventoryDocument, session: AsyncIOMotorClientSession
) -> None:
    """Write to the campaign's document, as it was when the shard was planned.

    A read would not do: a transaction reads its snapshot, and could commit after a closing that it has not seen.
    A campaign whose document is lost cannot be closed, and its codes are given out until it is restored.
    """
    guard = {"_id": shard.campaign_id, "closed_at": IS_CLOSED if shard.is_closed else None}
    done = await collections.campaigns.update_one(guard, {"$inc": {"shards": 1}}, session=session)
    if done.matched_count == 0:
        known = await collections.campaigns.find_one({"_id": shard.campaign_id}, {"_id": 1}, session=session)
        if known is not None:
            raise FactsStale("campaigns: closed or reopened meanwhile")


async def write_shards(
    collections: Collections, changes: Iterable[ShardChange], session: AsyncIOMotorClientSession | None = None
) -> None:
    """Write the counts of shards that have begun.

    Raises:
        FactsStale: one was written by another process, or its campaign was closed or reopened.
        PyMongoError: as the write raises it.
    """
    writes = [shard_write(change) for change in changes]
    if writes:
        outcome = await collections.inventory.bulk_write(writes, ordered=False, session=session)
        check_complete("inventory", outcome.matched_count, len(writes))


def shard_write(change: ShardChange) -> UpdateOne:
    """The write of one shard, guarded by the version and the mark that it was planned from."""
    document = to_document(change.after)
    guard = {
        "_id": document.pop("_id"),
        "version": change.version_before,
        "is_closed": True if change.after.is_closed else {"$ne": True},  # older documents have no mark
    }
    return UpdateOne(guard, {"$set": document})
