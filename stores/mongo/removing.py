"""Removes a closed campaign from the database, in bounded batches.

In:       a campaign's id, why and by whom.
Out:      how many documents were removed, by collection.
Promise:  once a removal has begun, the campaign cannot be reopened. Killed at any point and run again, it ends the
          same: each step removes what is left. Meanwhile holds that are left can be assigned and released.
          Reservations go first, so that no request finds codes that are half gone; shards go last, because they say
          what there was.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Final

import pymongo
from motor.motor_asyncio import AsyncIOMotorClientSession

from handlers.code_ids import id_range
from schemas.documents import RemovalRecord
from stores.mongo.audit_records import AuditRecords
from stores.mongo.collections import Collection, Collections, Document, to_document
from stores.mongo.errors import idempotent
from stores.mongo.everything import PAGE_TIMEOUT_S
from stores.patience import patiently

BATCH: Final = 2_000
"""Documents removed at once."""
CAMPAIGN_OF: Final = {"requests": "outcome.campaign_id"}
"""Where a document names its campaign, if not in `campaign_id`."""
REMOVED: Final = ("reservations", "codes", "requests", "rejects", "imports")
"""In this order; then the shards."""
HELD: Final = {"state": "held"}


class Removing:
    """Every method raises StoreUnavailable if MongoDB gives no answer for a while; safe to repeat."""

    def __init__(self, collections: Collections, campaign_id: str) -> None:
        self._collections = collections
        self._campaign_id = campaign_id
        self._records = AuditRecords(collections)

    async def holds(self) -> int:
        """Reservations that are held."""
        return await patiently(self._count, self._collections.reservations, {**self._of("reservations"), **HELD})

    async def running_imports(self) -> int:
        """Imports that have not ended."""
        wanted = {**self._of("imports"), "state": "running"}
        return await patiently(self._count, self._collections.imports, wanted)

    async def counts(self) -> dict[str, int]:
        """Documents that a removal would remove, by collection. Looks through reservations and the ledger."""
        rejects = await self._of_rejects()
        wanted = {name: rejects if name == "rejects" else self._of(name) for name in (*REMOVED, "inventory")}
        return {
            name: await patiently(self._count, self._collection(name), filter_) for name, filter_ in wanted.items()
        }

    async def begin(self, record: RemovalRecord, *, closed_at: datetime) -> bool:
        """Record the removal, if the same closing is in force, and no removal has begun; whether it is recorded."""
        guard = {"_id": self._campaign_id, "closed_at": closed_at, "removal": None}
        update = {"$set": {"removal": to_document(record)}}
        return await patiently(self._update, self._collections.campaigns, guard, update)

    async def finish(self, record: RemovalRecord) -> None:
        """Record its end."""
        update = {"$set": {"removal": to_document(record)}}
        await patiently(self._update, self._collections.campaigns, {"_id": self._campaign_id}, update)

    async def documents(self, audit_record: str | None) -> AsyncIterator[tuple[str, int]]:
        """Remove everything but the shards, counted in an audit record; gives each batch's collection and size."""
        for name in REMOVED:
            wanted = await self._of_rejects() if name == "rejects" else self._of(name)
            async for count in self._remove(name, wanted, audit_record):
                yield name, count

    async def shards(self, audit_record: str | None) -> AsyncIterator[tuple[str, int]]:
        """Remove the shards; the same."""
        async for count in self._remove("inventory", self._of("inventory"), audit_record):
            yield "inventory", count

    async def _remove(self, name: str, wanted: Document, audit_record: str | None) -> AsyncIterator[int]:
        last: Document = {}
        while ids := await patiently(self._ids, self._collection(name), {**wanted, **last}):
            bounds = wanted.get("_id", {})
            last = {"_id": {**{end: bound for end, bound in bounds.items() if end == "$lt"}, "$gt": ids[-1]}}
            yield await patiently(self._delete, name, ids, audit_record)

    async def _ids(self, collection: Collection, wanted: Document) -> list[Any]:
        with idempotent(), pymongo.timeout(PAGE_TIMEOUT_S):
            found = await collection.find(wanted, {"_id": 1}).sort("_id", 1).limit(BATCH).to_list(None)
        return [document["_id"] for document in found]

    async def _delete(self, name: str, ids: list[Any], audit_record: str | None) -> int:
        async def delete(session: AsyncIOMotorClientSession | None = None) -> int:
            done = await self._collection(name).delete_many({"_id": {"$in": ids}}, session=session)
            return done.deleted_count

        if audit_record is not None:
            return await self._records.change(audit_record, name, delete)
        with idempotent():
            return await delete()

    async def _count(self, collection: Collection, wanted: Mapping[str, Any]) -> int:
        with idempotent(), pymongo.timeout(PAGE_TIMEOUT_S):
            return await collection.count_documents(wanted)

    async def _update(self, collection: Collection, wanted: Document, update: Document) -> bool:
        with idempotent():
            return (await collection.update_one(wanted, update)).matched_count == 1

    async def _of_rejects(self) -> Document:
        """Those of the campaign's imports: they do not name the campaign."""
        imports = await patiently(self._every_id, self._collections.imports, self._of("imports"))
        return {"import_id": {"$in": imports}}

    async def _every_id(self, collection: Collection, wanted: Document) -> list[Any]:
        with idempotent(), pymongo.timeout(PAGE_TIMEOUT_S):
            return [document["_id"] async for document in collection.find(wanted, {"_id": 1})]

    def _of(self, name: str) -> Document:
        of_campaign = {CAMPAIGN_OF.get(name, "campaign_id"): self._campaign_id}
        return {**of_campaign, "_id": id_range(self._campaign_id)} if name == "codes" else of_campaign

    def _collection(self, name: str) -> Collection:
        return self._collections.database[name]
