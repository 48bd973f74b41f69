"""What people did that cannot be undone: one record for each erasure or removal.

In:       who did what to whom, and how much of it.
Out:      the record, which is never changed once its work is complete.
Promise:  a killed work finds its record again, and counts on in it.
"""

from collections.abc import Mapping
from datetime import datetime

from motor.motor_asyncio import AsyncIOMotorClientSession

from schemas.base import to_milliseconds
from schemas.documents import AuditRecordDocument
from stores.mongo.collections import Collections, read_document, to_document
from stores.mongo.errors import idempotent, writing


class AuditRecords:
    """Every method raises StoreUnavailable if MongoDB gives no answer in time; safe to repeat."""

    def __init__(self, collections: Collections) -> None:
        self._records = collections.audit_records

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

    async def count(self, record_id: str, name: str, number: int, session: AsyncIOMotorClientSession) -> None:
        """Count in the transaction of what is counted."""
        await self._records.update_one({"_id": record_id}, {"$inc": {f"counts.{name}": number}}, session=session)

    async def progress(self, record_id: str, counts: Mapping[str, int]) -> None:
        """All that is done so far."""
        with idempotent():
            await self._records.update_one({"_id": record_id}, {"$set": {"counts": dict(counts)}})

    async def finish(self, record_id: str, at: datetime) -> None:
        """The work is complete: what only its repetition needed goes."""
        with idempotent():
            await self._records.update_one(
                {"_id": record_id}, {"$set": {"pending": None, "ended_at": to_milliseconds(at)}}
            )
