"""Imports for the command line: find, list, cancel. The importer does not use it.

In:       ids as a user types them.
Out:      documents as models, newest first where there are several.
Promise:  it writes cancellation requests and nothing else; only the importer changes an import.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from schemas.base import to_milliseconds
from schemas.documents import ImportDocument
from schemas.events import ImportState
from stores.mongo.collections import Collections, read_document
from stores.mongo.errors import idempotent


class ImportDesk:
    """Each method is a single read or write, unless it says otherwise.

    Every method raises StoreUnavailable if MongoDB gives no answer in `mongo.timeout_ms`.
    """

    def __init__(self, collections: Collections) -> None:
        self._imports = collections.imports
        self._cancellations = collections.cancellations

    async def find(self, import_id: str) -> ImportDocument | None:
        """The state of an import; None if it has not started."""
        with idempotent():
            found = await self._imports.find_one({"_id": import_id})
        return None if found is None else read_document(ImportDocument, "imports", found)

    async def latest(
        self, *, campaign_id: str | None, state: ImportState | None, count_max: int
    ) -> list[ImportDocument]:
        """Imports, optionally of one campaign or in one state; the latest start first."""
        given = {"campaign_id": campaign_id, "state": state}
        wanted = {field: value for field, value in given.items() if value is not None}
        with idempotent():
            found = await self._imports.find(wanted).sort("started_at", -1).limit(count_max).to_list(None)
        return [read_document(ImportDocument, "imports", document) for document in found]

    async def cancel(self, import_id: str, *, now: datetime) -> None:
        """Request that an import stops, whether or not it has started. An ended import does not change."""
        with idempotent():
            asked = {"$set": {"asked_at": to_milliseconds(now)}}
            await self._cancellations.update_one({"_id": import_id}, asked, upsert=True)

    async def cancellations(self, import_ids: Iterable[str]) -> Mapping[str, datetime]:
        """The imports with a cancellation request, and when it was made."""
        with idempotent():
            found = await self._cancellations.find({"_id": {"$in": list(import_ids)}}).to_list(None)
        return {document["_id"]: document["asked_at"] for document in found}

    async def retries(self, root: str) -> Mapping[str, ImportState | None]:
        """The used ids `<root>:<number>`, with the import's state; None: cancelled before the start. Two reads."""
        numbered = {"_id": {"$regex": f"^{re.escape(root)}:[0-9]+$"}}
        with idempotent():
            begun = await self._imports.find(numbered, {"state": 1}).to_list(None)
            cancelled = await self._cancellations.find(numbered, {"_id": 1}).to_list(None)
        return {request["_id"]: None for request in cancelled} | {found["_id"]: found["state"] for found in begun}
