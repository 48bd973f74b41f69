"""Reads for people and for the audit: a document by its id, or everything in one snapshot. Writes nothing.

In:       ids as a person types them.
Out:      documents as models, None where there is no such document; or the raw content of all collections.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pymongo
from motor.motor_asyncio import AsyncIOMotorClientSession

from handlers.code_ids import code_ids
from schemas.documents import CodeDocument, InventoryDocument, LedgerDocument, ReservationDocument
from schemas.errors import CodeServiceError, FactsStale
from stores.mongo.collections import Collection, Collections, Document, M, read_document, snapshot
from stores.mongo.errors import idempotent, in_transaction
from stores.mongo.salts import Salts

BATCH: Final = 10_000
"""Documents fetched in one round trip when everything is read."""
EVERYTHING_TIMEOUT_S: Final = 600
"""Seconds for the look at everything, instead of `mongo.timeout_ms`."""
HOLDING: Final = ["held", "assigned"]


class TooMuchToRead(CodeServiceError):
    """More than can be read at once. Raise the limit, or audit a smaller deployment."""


@dataclass(frozen=True, slots=True)
class Contents:
    """All collections, documents as they are stored."""

    codes: Sequence[Document]
    reservations: Sequence[Document]
    requests: Sequence[Document]
    inventory: Sequence[Document]
    imports: Sequence[Document]
    owners: Sequence[Document]
    rejects: Sequence[Document]
    cancellations: Sequence[Document]


class Lookups:
    """Each question is one or two reads.

    Every method raises StoreUnavailable if MongoDB gives no answer in `mongo.timeout_ms`.
    """

    def __init__(self, collections: Collections) -> None:
        self._collections = collections

    @property
    def collections(self) -> Collections:
        """What is looked up in; for the questions of `stores.mongo.questions`."""
        return self._collections

    async def shards(self, campaign_id: str) -> list[InventoryDocument]:
        """A campaign's shards, in the order of their names."""
        with idempotent():
            found = await self._collections.inventory.find({"campaign_id": campaign_id}).sort("_id", 1).to_list(None)
        return [read_document(InventoryDocument, "inventory", document) for document in found]

    async def code(self, code_id: str) -> CodeDocument | None:
        """A code by its id."""
        return await find_document(self._collections.codes, {"_id": code_id}, CodeDocument)

    async def code_by_value(self, campaign_id: str, value: str) -> CodeDocument | None:
        """A code by its value."""
        salt = await Salts(self._collections).find(campaign_id)
        if salt is None:
            return None
        [code_id] = code_ids(campaign_id, salt, [value])
        wanted = {"_id": code_id, "campaign_id": campaign_id, "code": value}
        return await find_document(self._collections.codes, wanted, CodeDocument)

    async def holder(self, code: CodeDocument) -> ReservationDocument | None:
        """The reservation that holds or assigned a code; both were moved by the same batch."""
        wanted = {"moved_by": code.moved_by, "code_ids": code.id, "state": {"$in": HOLDING}}
        return await find_document(self._collections.reservations, wanted, ReservationDocument)

    async def reservation(self, reservation_id: str) -> ReservationDocument | None:
        """A reservation, in whatever state."""
        return await find_document(self._collections.reservations, {"_id": reservation_id}, ReservationDocument)

    async def entry(self, request_id: str) -> LedgerDocument | None:
        """What was decided about a request."""
        return await find_document(self._collections.requests, {"_id": request_id}, LedgerDocument)

    async def contents(self, *, codes_max: int) -> Contents:
        """Everything in one snapshot: in one transaction, which is a snapshot on every engine, and is not committed.

        Raises:
            TooMuchToRead: there are more than `codes_max` codes, or the server ended the transaction before all was
                read (a `mongod` does so after 60 s).
        """
        try:
            with in_transaction(), pymongo.timeout(EVERYTHING_TIMEOUT_S):
                there = await self._collections.codes.estimated_document_count()
                if there > codes_max:
                    raise TooMuchToRead(f"the database holds {there} codes, at most {codes_max} are read")
                async with snapshot(self._collections.database.client) as session:
                    return await self._everything(session)
        except FactsStale:
            raise TooMuchToRead("the server ended the transaction before all was read") from None

    async def _everything(self, session: AsyncIOMotorClientSession) -> Contents:
        """One after the other: a session serves one operation at a time."""
        all_ = self._collections
        fields = {"campaign_id": 1, "code": 1, "code_type": 1, "status": 1, "imported_by": 1}
        return Contents(
            codes=await everything(all_.codes, session, fields),
            reservations=await everything(all_.reservations, session),
            requests=await everything(all_.requests, session),
            inventory=await everything(all_.inventory, session),
            imports=await everything(all_.imports, session),
            owners=await everything(all_.owners, session),
            rejects=await everything(all_.rejects, session),
            cancellations=await everything(all_.cancellations, session),
        )


async def find_document(collection: Collection, wanted: Document, model: type[M]) -> M | None:
    """The first document that matches, as a model."""
    with idempotent():
        document = await collection.find_one(wanted)
    return None if document is None else read_document(model, collection.name, document)


async def everything(
    collection: Collection, session: AsyncIOMotorClientSession, fields: Mapping[str, int] | None = None
) -> list[Document]:
    """All documents of a collection."""
    return await collection.find({}, fields, batch_size=BATCH, session=session).to_list(None)
