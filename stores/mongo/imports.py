"""Imports in MongoDB: their documents, their codes and their rejected rows; what one partition reads and writes.

In:       chunks of rows, prepared in a thread.
Out:      the import after each chunk; or an error that says whether to try again.
Promise:  a chunk is one transaction: its new codes, the shards' counts, the rejected rows and the checkpoint, guarded
          by the run and the place it was planned from. So a killed import goes on at the exact row, and a run that
          another one took over from writes nothing more. A chunk costs a handful of round trips, and the largest read
          of them runs while the chunk before it is written.
"""

import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from motor.motor_asyncio import AsyncIOMotorClientSession

from handlers.imports.chunks import Chunk
from handlers.imports.progress import advanced, rejects_of, shard_changes, tally_of
from handlers.shards import ShardChange, shard_id
from schemas.base import CODE_TYPES, CodeStatus, to_milliseconds
from schemas.documents import ImportDocument, InventoryDocument, RejectsDocument
from stores.import_port import Prepared, Written
from stores.mongo.codes import MongoParts, check_complete, shard_write
from stores.mongo.collections import Document, find_by_id, from_document, to_document
from stores.mongo.errors import idempotent, in_transaction, writing
from stores.mongo.ownership import Ownership
from stores.mongo.slow_chunks import in_time
from stores.mongo.transactions import run_transaction

ID_BYTES: Final = 16
DRAW_BYTES: Final = 4
DRAW_MASK: Final = 2**31 - 1
REJECTS_BATCH: Final = 4
"""Chunks' worth of rejected rows held at once while the report is written."""


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """What one transaction writes."""

    before: ImportDocument
    after: ImportDocument
    codes: Sequence[Document]
    shards: Sequence[ShardChange]
    rejects: RejectsDocument | None


@dataclass(frozen=True, slots=True)
class LastChunk:
    """What the chunk before this one wrote, which may not be seen yet by a look-up."""

    campaign_id: str
    codes: Mapping[str, str]
    """All its codes, with the import they came by."""
    shards: Sequence[InventoryDocument]

    def those_of(self, codes: Iterable[str]) -> Mapping[str, str]:
        """The codes that both chunks have."""
        return {code: self.codes[code] for code in self.codes.keys() & codes}


class MongoImportStore:
    """One partition's way to the database; implements `stores.import_port.ImportStore`."""

    def __init__(self, parts: MongoParts, shard: str) -> None:
        """`shard` is the partition's name without the topic prefix."""
        self._parts = parts
        self._collections = parts.collections
        self._shard = shard
        self._ownership = Ownership(parts.client, parts.collections, shard)
        self._last: LastChunk | None = None

    async def take_over(self) -> None:
        """See `ImportStore.take_over`."""
        self._last = None
        await self._ownership.take_over()

    async def find(self, import_id: str) -> ImportDocument | None:
        """See `ImportStore.find`."""
        with idempotent():
            found = await self._collections.imports.find_one({"_id": import_id})
        return None if found is None else from_document(ImportDocument, found)

    async def create(self, document: ImportDocument) -> None:
        """See `ImportStore.create`."""
        with writing():
            await self._collections.imports.insert_one(to_document(document))

    async def replace(self, before: ImportDocument, after: ImportDocument) -> None:
        """See `ImportStore.replace`."""
        with writing():
            await self._move(before, after, None)

    def prepare(self, chunk: Chunk, document: ImportDocument, *, moved_by: str, at: datetime) -> Prepared:
        """See `ImportStore.prepare`."""
        noise = memoryview(os.urandom((ID_BYTES + DRAW_BYTES) * len(chunk.codes)))
        alike = {
            "campaign_id": document.campaign_id,
            "status": str(CodeStatus.AVAILABLE),
            "moved_by": moved_by,
            "imported_by": document.id,
            "changed_at": to_milliseconds(at),
        }
        documents: dict[str, Document] = {}
        for number, (code, code_type) in enumerate(chunk.codes.items()):
            drawn = noise[number * (ID_BYTES + DRAW_BYTES) :]
            documents[code] = {
                "_id": drawn[:ID_BYTES].hex(),
                "code": code,
                "code_type": code_type,
                "draw": int.from_bytes(drawn[ID_BYTES : ID_BYTES + DRAW_BYTES], "big") & DRAW_MASK,
                **alike,
            }
        return Prepared(chunk, documents)

    async def look_up(self, prepared: Prepared, campaign_id: str) -> Prepared:
        """See `ImportStore.look_up`."""
        with idempotent():
            return replace(prepared, existing=await self._existing(campaign_id, prepared.documents))

    async def write_chunk(self, prepared: Prepared, before: ImportDocument, *, at: datetime) -> Written:
        """See `ImportStore.write_chunk`."""
        last, self._last = self._last, None
        if last is None or last.campaign_id != before.campaign_id:
            last = LastChunk(before.campaign_id, {}, await self.shards(before.campaign_id))
        existing = {**prepared.existing, **last.those_of(prepared.documents)}
        plan = self._plan(prepared, before, existing, last.shards, to_milliseconds(at))
        with in_transaction(), in_time():
            session = await self._ownership.session()
            async with self._parts.turns:
                await run_transaction(session, lambda: self._write(plan, session))
        self._last = last_chunk(plan, prepared, existing, last)
        return Written(plan.after, [change.after for change in plan.shards])

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
                yield from_document(RejectsDocument, document)

    async def forget_rejects(self, import_id: str) -> None:
        """See `ImportStore.forget_rejects`."""
        with idempotent():
            await self._collections.rejects.delete_many({"import_id": import_id})

    async def _existing(self, campaign_id: str, codes: Iterable[str]) -> Mapping[str, str]:
        """Those codes that the campaign has, with the import they came by."""
        wanted = list(codes)
        if not wanted:
            return {}
        found = await self._collections.codes.find(
            {"campaign_id": campaign_id, "code": {"$in": wanted}}, {"_id": 0, "code": 1, "imported_by": 1}
        ).to_list(None)
        return {document["code"]: document["imported_by"] for document in found}

    async def _own_shards(self, campaign_id: str) -> list[InventoryDocument]:
        ids = [shard_id(campaign_id, code_type, self._shard) for code_type in CODE_TYPES]
        found = await find_by_id(self._collections.inventory, ids)
        return [from_document(InventoryDocument, document) for document in found]

    def _plan(
        self,
        prepared: Prepared,
        before: ImportDocument,
        existing: Mapping[str, str],
        own: Sequence[InventoryDocument],
        now: datetime,
    ) -> ChunkPlan:
        chunk = prepared.chunk
        codes = [document for code, document in prepared.documents.items() if code not in existing]
        return ChunkPlan(
            before=before,
            after=advanced(before, chunk, tally_of(chunk, existing, before.id), now=now),
            codes=codes,
            shards=shard_changes(
                before, (document["code_type"] for document in codes), own, shard=self._shard, now=now
            ),
            rejects=rejects_of(chunk, before.id),
        )

    async def _write(self, plan: ChunkPlan, session: AsyncIOMotorClientSession) -> None:
        """Guards first, so that a stale plan fails before the large write. After that one only the commit comes.

        With a small cache, WiredTiger may let the next operation wait for room that only the commit gives: measured
        on secantusd-rs, where an update after the insert hung until its time-out, again and again.
        """
        with writing(), in_time():  # not the commit, which may have happened whatever it reports
            await self._write_guarded(plan, session)

    async def _write_guarded(self, plan: ChunkPlan, session: AsyncIOMotorClientSession) -> None:
        await self._move(plan.before, plan.after, session)
        if plan.shards:
            done = await self._collections.inventory.bulk_write(
                [shard_write(change) for change in plan.shards], ordered=False, session=session
            )
            check_complete("inventory", done.matched_count + done.inserted_count, len(plan.shards))
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


def last_chunk(plan: ChunkPlan, prepared: Prepared, existing: Mapping[str, str], before: LastChunk) -> LastChunk:
    """What the next chunk must know of the one that was just written."""
    shards = {shard.id: shard for shard in before.shards} | {change.after.id: change.after for change in plan.shards}
    codes = {**dict.fromkeys(prepared.documents, plan.after.id), **existing}
    return LastChunk(plan.after.campaign_id, codes, list(shards.values()))
