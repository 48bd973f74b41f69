"""Imports in MongoDB: their documents, their codes and their rejected rows; what one partition reads and writes.

In:       plans of chunks.
Out:      facts; then nothing, or an error that says whether to try again.
Promise:  a chunk is one transaction: its new codes, the shards' counts, the rejected rows and the checkpoint, guarded
          by the run and the place it was planned from. So a killed import goes on at the exact row, and a run that
          another one took over from writes nothing more. A chunk costs a handful of round trips.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, TypeVar

from motor.motor_asyncio import AsyncIOMotorClientSession
from pydantic import ValidationError

from handlers.code_ids import campaign_prefix
from handlers.imports.plan import ChunkPlan, Draft
from handlers.shards import shard_id
from schemas.base import CODE_TYPES, Model
from schemas.documents import ImportDocument, InventoryDocument, RejectsDocument
from schemas.errors import StoreRefused
from schemas.problems import problems
from stores.mongo.closing import is_closed_campaign
from stores.mongo.codes import MongoParts
from stores.mongo.collections import Document, find_by_id, from_document, to_document
from stores.mongo.errors import idempotent, in_transaction, writing
from stores.mongo.last_codes import new_mark
from stores.mongo.ownership import Ownership
from stores.mongo.salts import Salts
from stores.mongo.shards import begin_shards, check_complete, write_shards
from stores.mongo.slow_chunks import in_time
from stores.mongo.transactions import run_transaction

REJECTS_BATCH: Final = 4
"""Chunks' worth of rejected rows held at once while the report is written."""

M = TypeVar("M", bound=Model)


class MongoImportStore:
    """One partition's way to the database; implements `stores.import_port.ImportStore`."""

    def __init__(self, parts: MongoParts, shard: str) -> None:
        """`shard` is the partition's name without the topic prefix."""
        self._parts = parts
        self._collections = parts.collections
        self._shard = shard
        self._ownership = Ownership(parts.client, parts.collections, shard)
        self._salts = Salts(parts.collections)

    async def take_over(self) -> None:
        """See `ImportStore.take_over`."""
        await self._ownership.take_over()

    async def find(self, import_id: str) -> ImportDocument | None:
        """See `ImportStore.find`."""
        with idempotent():
            found = await self._collections.imports.find_one({"_id": import_id})
        return None if found is None else readable(ImportDocument, found)

    async def create(self, document: ImportDocument) -> None:
        """See `ImportStore.create`."""
        with writing():
            await self._collections.imports.insert_one(to_document(document))

    async def replace(self, before: ImportDocument, after: ImportDocument) -> None:
        """See `ImportStore.replace`."""
        with writing():
            await self._move(before, after, None)

    async def salt(self, campaign_id: str) -> bytes:
        """See `ImportStore.salt`."""
        return await self._salts.of(campaign_id)

    async def is_closed(self, campaign_id: str) -> bool:
        """See `ImportStore.is_closed`."""
        with idempotent():
            return await is_closed_campaign(self._collections, campaign_id)

    async def mark(self, campaign_id: str) -> str | None:
        """See `ImportStore.mark`."""
        walked = {"campaign_id": campaign_id, "walked": {"$gt": 0}}
        with idempotent():
            found = await self._collections.inventory.find_one(walked, {"_id": 1})
        return None if found is None else new_mark(campaign_prefix(campaign_id))

    async def look_up(self, drafts: Mapping[str, Draft], campaign_id: str) -> Mapping[str, str]:
        """See `ImportStore.look_up`."""
        values = {draft["_id"]: code for code, draft in drafts.items()}
        fields = {"campaign_id": 1, "code": 1, "imported_by": 1}
        with idempotent(), in_time():
            found = await find_by_id(self._collections.codes, values, fields)
        for document in found:
            if (document.get("campaign_id"), document.get("code")) != (campaign_id, values[document["_id"]]):
                raise StoreRefused("codes: another code has the id of one of these", "collision")
        return {document["code"]: document.get("imported_by", "") for document in found}

    async def apply(self, plan: ChunkPlan) -> None:
        """See `ImportStore.apply`."""
        with in_transaction():
            session = await self._ownership.session()
            async with self._parts.turns:
                await begin_shards(self._collections, plan.shards, session)
                with in_time():
                    await run_transaction(session, lambda: self._write(plan, session))

    async def is_cancelled(self, import_id: str) -> bool:
        """See `ImportStore.is_cancelled`."""
        with idempotent():
            return await self._collections.cancellations.find_one({"_id": import_id}) is not None

    async def shards(self, campaign_id: str) -> Sequence[InventoryDocument]:
        """See `ImportStore.shards`."""
        with idempotent():
            return await self._own_shards(campaign_id)

    async def rejects(self, import_id: str) -> AsyncIterator[RejectsDocument]:
        """See `ImportStore.rejects`."""
        with idempotent():
            found = self._collections.rejects.find({"import_id": import_id}, batch_size=REJECTS_BATCH)
            async for document in found.sort("line", 1):
                yield readable(RejectsDocument, document)

    async def forget_rejects(self, import_id: str) -> None:
        """See `ImportStore.forget_rejects`."""
        with idempotent():
            await self._collections.rejects.delete_many({"import_id": import_id})

    async def _own_shards(self, campaign_id: str) -> list[InventoryDocument]:
        ids = [shard_id(campaign_id, code_type, self._shard) for code_type in CODE_TYPES]
        found = await find_by_id(self._collections.inventory, ids)
        return [readable(InventoryDocument, document) for document in found]

    async def _write(self, plan: ChunkPlan, session: AsyncIOMotorClientSession) -> None:
        """Guards first, so that a stale plan fails before the large write. After that one only the commit comes.

        With a small cache, WiredTiger may let the next operation wait for room that only the commit gives: measured
        on secantusd-rs, where an update after the insert hung until its time-out, again and again.
        """
        with writing(), in_time():  # not the commit, which may have happened whatever it reports
            await self._write_guarded(plan, session)

    async def _write_guarded(self, plan: ChunkPlan, session: AsyncIOMotorClientSession) -> None:
        await self._move(plan.before, plan.after, session)
        await write_shards(self._collections, plan.shards, session)
        if plan.rejects is not None:
            await self._collections.rejects.insert_one(to_document(plan.rejects), session=session)
        if plan.codes:
            await self._collections.codes.insert_many(plan.codes, ordered=False, session=session)

    async def _move(
        self, before: ImportDocument, after: ImportDocument, session: AsyncIOMotorClientSession | None
    ) -> None:
        document = to_document(after)
        guard = {"_id": document.pop("_id"), "run": before.run, "position": before.position, "state": "running"}
        done = await self._collections.imports.update_one(guard, {"$set": document}, session=session)
        check_complete("imports", done.matched_count, 1)


def readable(model: type[M], document: Document) -> M:
    """A document as its model.

    Raises:
        StoreRefused: it was changed by hand, and cannot be read. The text names the fields, and no value.
    """
    try:
        return from_document(model, document)
    except ValidationError as why:
        raise StoreRefused(f"{model.__name__}: {problems(why)}", "invalid") from None
