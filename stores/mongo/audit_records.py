"""What people did: one record for each erasure, and for each action on the page.

In:       who did what to whom, and how much of it.
Out:      the record, which is never changed once its work is complete.
Promise:  a killed work finds its record again, and counts on in it. A batch and its count are one transaction: a
          work that is killed and repeated ends with the same counts.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from random import uniform
from typing import Final

from motor.motor_asyncio import AsyncIOMotorClientSession

from schemas.base import to_milliseconds
from schemas.documents import AuditRecordDocument
from schemas.errors import FactsStale
from stores.mongo.collections import Collections, read_document, to_document
from stores.mongo.errors import idempotent, in_transaction, writing
from stores.mongo.transactions import run_transaction

ATTEMPTS_MAX: Final = 20
"""Tries of a batch; a worker that moves one of its documents at the same moment makes it start again."""
PAUSE_S_MAX: Final = 0.5

Change = Callable[[AsyncIOMotorClientSession], Awaitable[int]]
"""Changes a batch in a transaction's session, and returns how many documents it changed."""


class AuditRecords:
    """Every method raises StoreUnavailable if MongoDB gives no answer in time; safe to repeat."""

    def __init__(self, collections: Collections) -> None:
        self._records = collections.audit_records
        self._client = collections.database.client

    async def find(self, record_id: str) -> AuditRecordDocument | None:
        """A record by its id."""
        with idempotent():
            found = await self._records.find_one({"_id": record_id})
        return None if found is None else read_document(AuditRecordDocument, "audit_records", found)

    async def unfinished(self, action: str, subject: str) -> AuditRecordDocument | None:
        """The record of a work that was killed."""
        wanted = {"action": action, "subject": subject, "pending": {"$type": "string"}}
        with idempotent():
            found = await self._records.find_one(wanted)
        return None if found is None else read_document(AuditRecordDocument, "audit_records", found)

    async def write(self, record: AuditRecordDocument) -> None:
        """A new record."""
        with writing():
            await self._records.insert_one(to_document(record))

    async def begin(self, record: AuditRecordDocument) -> None:
        """A new record, unless there is one with this id: the first one stays, whoever continues the work."""
        fields = to_document(record)
        wanted = {"_id": fields.pop("_id")}
        with idempotent():
            await self._records.update_one(wanted, {"$setOnInsert": fields}, upsert=True)

    async def change(self, record_id: str, name: str, change: Change) -> int:
        """Change a batch of a collection, and count it in the record; returns how many documents were changed.

        Raises:
            FactsStale: others changed the same documents at each of `ATTEMPTS_MAX` tries. Nothing was changed.
        """
        for _ in range(ATTEMPTS_MAX - 1):
            with suppress(FactsStale):
                return await self._change(record_id, name, change)
            await asyncio.sleep(uniform(0, PAUSE_S_MAX))  # noqa: S311  # spreads retries, hides nothing
        return await self._change(record_id, name, change)

    async def _change(self, record_id: str, name: str, change: Change) -> int:
        changed = 0

        async def statements() -> None:
            nonlocal changed
            with writing():
                changed = await change(session)
                await self.count(record_id, name, changed, session)

        with in_transaction():
            async with await self._client.start_session() as session:
                await run_transaction(session, statements)
        return changed

    async def count(self, record_id: str, name: str, number: int, session: AsyncIOMotorClientSession) -> None:
        """Count in the transaction of what is counted."""
        await self._records.update_one({"_id": record_id}, {"$inc": {f"counts.{name}": number}}, session=session)

    async def conclude(self, record_id: str, outcome: str, counts: Mapping[str, int]) -> None:
        """What came of an action."""
        with idempotent():
            changes = {"$set": {"outcome": outcome, "counts": dict(counts)}}
            await self._records.update_one({"_id": record_id}, changes)

    async def finish(self, record_id: str, at: datetime) -> None:
        """The work is complete: what only its repetition needed goes."""
        with idempotent():
            await self._records.update_one(
                {"_id": record_id}, {"$set": {"pending": None, "ended_at": to_milliseconds(at)}}
            )
