"""What the database knows about the past of a fan or a code.

In:       the id of a fan or a code.
Out:      documents as models, at most `FOUND_MAX` of one kind; see `handlers/histories.py`.
Promise:  reads only, and no value of a code. There is no index for a fan: see `stores/mongo/scanning.py`.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from handlers.histories import Moves
from schemas.documents import CodeDocument, ImportDocument, LedgerDocument, ReservationDocument
from stores.mongo.collections import Collection, Collections, Document, M, read_document
from stores.mongo.errors import idempotent
from stores.mongo.scanning import Wanted, ranges_of

FOUND_MAX: Final = 10_000
"""Documents of one kind; a fan has a few, unless a sender uses one id for all fans."""
WITHOUT_VALUE: Final = {"code": 0}


class Found(NamedTuple):
    """Documents of one collection."""

    documents: list[Document]
    is_complete: bool


class Histories:
    """Every method raises StoreUnavailable if MongoDB gives no answer in time, and DocumentUnreadable."""

    def __init__(self, collections: Collections, *, found_max: int = FOUND_MAX) -> None:
        self._collections = collections
        self._found_max = found_max

    async def of_fan(self, fan_id: str, campaigns: Sequence[str] | None = None) -> Moves:
        """A fan's reservations and requests, of all campaigns or of these."""
        of_campaigns = {} if campaigns is None else {"campaign_id": {"$in": list(campaigns)}}
        reservations = await self._search(self._collections.reservations, {"fan_id": fan_id, **of_campaigns})
        ids = [document["_id"] for document in reservations.documents]
        entries = await self._search(self._collections.requests, requests_of_fan(fan_id, ids, campaigns))
        return moves(reservations, entries)

    async def of_code(self, code_id: str) -> Moves:
        """The reservations that ever had a code, and the requests that moved it."""
        return moves(
            await self._search(self._collections.reservations, {"code_ids": code_id}),
            await self._search(self._collections.requests, {"outcome.code_ids": code_id}),
        )

    async def code(self, code_id: str) -> CodeDocument | None:
        """A code without its value, which is not even read."""
        with idempotent():
            document = await self._collections.codes.find_one({"_id": code_id}, WITHOUT_VALUE)
        return None if document is None else read_document(CodeDocument, "codes", {**document, "code": ""})

    async def imported(self, import_id: str) -> ImportDocument | None:
        """An import, for example the one that inserted a code."""
        with idempotent():
            document = await self._collections.imports.find_one({"_id": import_id})
        return None if document is None else read_document(ImportDocument, "imports", document)

    async def _search(self, collection: Collection, wanted: Wanted) -> Found:
        found: list[Document] = []
        async for documents in ranges_of(collection, wanted):
            found.extend(documents)
            if len(found) > self._found_max:
                return Found(found[: self._found_max], is_complete=False)
        return Found(found, is_complete=True)


def requests_of_fan(fan_id: str, reservation_ids: list[str], campaigns: Sequence[str] | None = None) -> Wanted:
    """A filter for a fan's requests: those that name the fan, and those about the fan's holds that name nobody."""
    unnamed = {"outcome.fan_id": None, "outcome.reservation_id": {"$in": reservation_ids}}
    of_campaigns: Wanted = {} if campaigns is None else {"outcome.campaign_id": {"$in": list(campaigns)}}
    return {"$or": [{"outcome.fan_id": fan_id}, unnamed], **of_campaigns}


def moves(reservations: Found, entries: Found) -> Moves:
    """The documents as models."""
    return Moves(
        reservations=models(ReservationDocument, "reservations", reservations),
        entries=models(LedgerDocument, "requests", entries),
        is_complete=reservations.is_complete and entries.is_complete,
    )


def models(model: type[M], collection: str, found: Found) -> list[M]:
    """Each document as a model."""
    return [read_document(model, collection, document) for document in found.documents]
