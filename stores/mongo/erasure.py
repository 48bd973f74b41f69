"""A fan's id replaced with random ids, in every document that has it.

In:       the fan's id; the audit record in which the documents are counted.
Out:      how many documents have the id; how many were changed.
Promise:  only the id changes, so no code moves and no count drifts. A batch and its count are one transaction: a
          killed erasure that is repeated ends with the same counts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import Final

from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo import UpdateOne

from schemas.base import ERASED_PREFIX
from schemas.errors import CodeServiceError
from stores.mongo.audit_records import AuditRecords
from stores.mongo.collections import Collections
from stores.mongo.scanning import ranges_of

RANDOM_BYTES: Final = 16
BATCH: Final = 500
"""Documents of one transaction: as many as a worker's batch."""
PASSES_MAX: Final = 5
"""Searches, until one finds nothing: a request may have been decided meanwhile."""
FIELDS: Final[Mapping[str, str]] = {"reservations": "fan_id", "requests": "outcome.fan_id"}
"""Where the id is, by collection."""
NEEDED: Final[Mapping[str, Mapping[str, int]]] = {
    "reservations": {"state": 1, "code_ids": 1},
    "requests": {"outcome.reservation_id": 1},
}


class StillNamed(CodeServiceError):
    """Requests of this fan are still being decided. Stop sending them, and run the command again."""


@dataclass(slots=True)
class Found:
    """What an erasure would change."""

    reservations: int = 0
    requests: int = 0
    held: int = 0
    """Reservations that are held: they can no longer be assigned."""
    assigned_codes: int = 0
    ids_with_fan: int = 0
    """Documents whose own id, or whose reservation's, has the fan's id in it: senders chose it so."""


def new_fan_id() -> str:
    """A random id, which nothing connects with the fan's."""
    return ERASED_PREFIX + token_hex(RANDOM_BYTES)


class Erasure:
    """Every method raises StoreUnavailable if MongoDB gives no answer in time; safe to repeat."""

    def __init__(self, collections: Collections, fan_id: str) -> None:
        self._collections = collections
        self._records = AuditRecords(collections)
        self._fan_id = fan_id

    async def found(self) -> Found:
        """Count, and change nothing."""
        found = Found()
        for name, field in FIELDS.items():
            collection = self._collections.database[name]
            async for documents in ranges_of(collection, {field: self._fan_id}, NEEDED[name]):
                for document in documents:
                    setattr(found, name, getattr(found, name) + 1)
                    found.held += document.get("state") == "held"
                    found.assigned_codes += len(document["code_ids"]) if document.get("state") == "assigned" else 0
                    found.ids_with_fan += self._is_in_ids(document)
        return found

    def _is_in_ids(self, document: Mapping[str, object]) -> bool:
        outcome = document.get("outcome")
        of_request = outcome.get("reservation_id") if isinstance(outcome, Mapping) else None
        return self._fan_id in f"{document['_id']} {of_request}"

    async def erase(self, record_id: str, pseudonym: str | None) -> None:
        """Replace the id everywhere: with the pseudonym, or with another random id in each document.

        Raises:
            StillNamed: the last of `PASSES_MAX` searches has found documents too.
        """
        for _ in range(PASSES_MAX):
            if not await self._pass(record_id, pseudonym):
                return
        raise StillNamed(f"after {PASSES_MAX} searches there are still new documents of this fan")

    async def _pass(self, record_id: str, pseudonym: str | None) -> int:
        changed = 0
        for name, field in FIELDS.items():
            async for documents in ranges_of(self._collections.database[name], {field: self._fan_id}, {"_id": 1}):
                for ids in batches([document["_id"] for document in documents]):
                    changed += await self._write(record_id, name, ids, pseudonym)
        return changed

    async def _write(self, record_id: str, name: str, ids: list[str], pseudonym: str | None) -> int:
        collection, field = self._collections.database[name], FIELDS[name]

        async def change(session: AsyncIOMotorClientSession) -> int:
            writes = [
                UpdateOne({"_id": name_, field: self._fan_id}, {"$set": {field: pseudonym or new_fan_id()}})
                for name_ in ids
            ]
            return (await collection.bulk_write(writes, ordered=False, session=session)).matched_count

        return await self._records.change(record_id, name, change)


def batches(ids: list[str]) -> Iterator[list[str]]:
    """In pieces of one transaction."""
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
