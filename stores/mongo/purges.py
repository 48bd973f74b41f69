"""Who purged which campaign: the record that outlives the codes.

In:       a purge's beginning, its batches, its end.
Out:      a document of `purges`.
"""

from collections.abc import Mapping
from datetime import datetime

from schemas.base import to_milliseconds
from schemas.documents import PurgeDocument, RemovedCounts
from stores.mongo.collections import Collections, read_document, to_document
from stores.mongo.errors import idempotent


class Purges:
    """Every method raises StoreUnavailable if MongoDB gives no answer in time."""

    def __init__(self, collections: Collections) -> None:
        self._purges = collections.purges

    async def find(self, campaign_id: str) -> PurgeDocument | None:
        """A campaign's purge."""
        with idempotent():
            found = await self._purges.find_one({"_id": campaign_id})
        return None if found is None else read_document(PurgeDocument, "purges", found)

    async def begin(self, document: PurgeDocument) -> None:
        """Record its beginning; the first record stays, whoever goes on."""
        fields = to_document(document)
        wanted = {"_id": fields.pop("_id")}
        with idempotent():
            await self._purges.update_one(wanted, {"$setOnInsert": fields}, upsert=True)

    async def progress(self, campaign_id: str, removed: Mapping[str, int], at: datetime | None = None) -> None:
        """Record what is removed so far, and perhaps the end."""
        counts = to_document(RemovedCounts.model_validate(removed))
        fields = {"removed": counts, "removed_at": None if at is None else to_milliseconds(at)}
        with idempotent():
            await self._purges.update_one({"_id": campaign_id}, {"$set": fields})
