"""Reservations compared with the codes that they name, in one snapshot.

In:       reservation ids; or campaigns, to compare all of theirs page by page.
Out:      reservations that disagree with their codes, with the reason; codes that no reservation names. No code value
          is read.
Promise:  reservations and codes are read in one snapshot, so a move in progress never looks like a disagreement.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from typing import Final

from handlers.requests.consistency import HOLDING, CodeState, disagreement
from handlers.requests.state import STATUS_OF
from schemas.base import CodeStatus
from schemas.documents import ReservationDocument
from stores.mongo.collections import Collections, Document, Readings, read_each, snapshot
from stores.mongo.errors import idempotent, in_transaction
from stores.mongo.everything import pages

PAGE: Final = 500
"""Documents per round trip."""
STATUSES: Final = frozenset(map(str, CodeStatus))
TAKEN: Final = ["reserved", "assigned"]


class Consistency:
    """Every method raises StoreUnavailable if MongoDB gives no answer in time."""

    def __init__(self, collections: Collections) -> None:
        self._collections = collections

    async def disagreements(self, reservation_ids: Collection[str]) -> Mapping[str, str]:
        """See `CodeStore.inconsistent`."""
        if not reservation_ids:
            return {}
        with in_transaction():
            async with snapshot(self._collections.database.client) as session:
                wanted = {"_id": {"$in": list(reservation_ids)}}
                found = await self._collections.reservations.find(wanted, session=session).to_list(None)
                read = read_each(ReservationDocument, "reservations", found)
                reservations = list(read.models.values())
                their_codes = {"_id": {"$in": code_ids_of(reservations)}}
                fields = {"status": 1, "moved_by": 1}
                codes = await self._collections.codes.find(their_codes, fields, session=session).to_list(None)
        return {**read.unreadable, **disagreements(reservations, states_of(codes))}

    async def reservations(self, campaigns: Collection[str]) -> AsyncIterator[Readings[ReservationDocument]]:
        """All that have codes, or are in a state that nobody knows, in pages; of all campaigns if none is named."""
        wanted = of(campaigns) | {"state": {"$nin": [state for state in STATUS_OF if state not in HOLDING]}}
        async for page in pages(self._collections.reservations, wanted, size=PAGE):
            yield read_each(ReservationDocument, "reservations", page)

    async def suspects(self, page: Collection[ReservationDocument]) -> list[str]:
        """Reservations of a page that may disagree: page and codes were not read in one snapshot."""
        with idempotent():
            wanted = {"_id": {"$in": code_ids_of(page)}}
            codes = await self._collections.codes.find(wanted, {"status": 1, "moved_by": 1}).to_list(None)
        return list(disagreements(page, states_of(codes)))

    async def taken_codes(self, campaigns: Collection[str]) -> AsyncIterator[list[str]]:
        """Ids of all reserved and assigned codes, in pages; of all campaigns if none is named."""
        async for page in pages(
            self._collections.codes, of(campaigns) | {"status": {"$in": TAKEN}}, {"_id": 1}, size=PAGE
        ):
            yield [document["_id"] for document in page]

    async def unnamed(self, code_ids: Collection[str]) -> list[tuple[str, str, str]]:
        """Taken codes that no reservation names, in one snapshot: id, campaign, status."""
        fields = {"campaign_id": 1, "status": 1, "moved_by": 1}
        with in_transaction():
            async with snapshot(self._collections.database.client) as session:
                wanted = {"_id": {"$in": list(code_ids)}, "status": {"$in": TAKEN}}
                codes = await self._collections.codes.find(wanted, fields, session=session).to_list(None)
                holders = {
                    "moved_by": {"$in": list({document.get("moved_by") for document in codes})},
                    "state": {"$in": list(HOLDING)},
                    "code_ids": {"$in": [document["_id"] for document in codes]},
                }
                found = await self._collections.reservations.find(holders, session=session).to_list(None)
        named = {code_id for document in found for code_id in document["code_ids"]}
        left = (document for document in codes if document["_id"] not in named)
        return [(document["_id"], str(document.get("campaign_id")), document["status"]) for document in left]


def of(campaigns: Collection[str]) -> Document:
    """A filter for these campaigns, or for all."""
    return {"campaign_id": {"$in": list(campaigns)}} if campaigns else {}


def code_ids_of(reservations: Iterable[ReservationDocument]) -> list[str]:
    """All codes that the reservations name, without repeats."""
    return list({code_id for reservation in reservations for code_id in reservation.code_ids})


def states_of(codes: Iterable[Document]) -> dict[str, CodeState]:
    """Code documents as the comparison wants them."""
    return {document["_id"]: CodeState(known_status(document), str(document.get("moved_by"))) for document in codes}


def known_status(document: Document) -> str:
    """A code's status. A dead letter names it, and must not repeat whatever else somebody wrote there."""
    status = document.get("status")
    return status if isinstance(status, str) and status in STATUSES else "of no known status"


def disagreements(reservations: Iterable[ReservationDocument], codes: Mapping[str, CodeState]) -> dict[str, str]:
    """The reason of each disagreement; consistent reservations are left out."""
    found = {reservation.id: disagreement(reservation, codes) for reservation in reservations}
    return {reservation_id: why for reservation_id, why in found.items() if why is not None}
