"""Every code of a campaign with its holder, in pages: for an export.

In:       a campaign's id.
Out:      `CodeRow`s: codes that fans hold or got, by reservation; then all codes in the order of their ids.
Promise:  memory does not grow with the campaign. A page that does not come in time is asked for again, from where the
          last one ended. It is no snapshot: only of a campaign in which nothing moves is every code in it once.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple

import pymongo

from handlers.code_ids import id_range
from schemas.documents import ReservationDocument
from stores.mongo.collections import Collections, Document, find_by_id, read_document
from stores.mongo.errors import idempotent
from stores.mongo.everything import PAGE_TIMEOUT_S
from stores.patience import patiently

CODES_PAGE: Final = 5_000
RESERVATIONS_PAGE: Final = 500
"""With at most 100 codes each."""
CODE_FIELDS: Final = {"code": 1, "code_type": 1, "status": 1, "imported_by": 1, "changed_at": 1}
RESERVATION_FIELDS: Final = {name: 1 for name in ReservationDocument.model_fields if name != "id"}
HOLDING: Final = ["held", "assigned"]


class CodeRow(NamedTuple):
    """One code as an export has it."""

    code_id: str
    code: str
    code_type: str
    status: str
    changed_at: datetime | None
    imported_by: str
    fan_id: str | None = None
    request_id: str | None = None
    """Of the request that made the reservation."""
    expires_at: datetime | None = None


class CodeRows:
    """Every method raises StoreUnavailable if MongoDB gives no answer for a while: see `stores/patience.py`."""

    def __init__(self, collections: Collections) -> None:
        self._codes = collections.codes
        self._reservations = collections.reservations

    async def taken(self, campaign_id: str) -> AsyncIterator[list[CodeRow]]:
        """Codes that a reservation holds or was given. Looks through all reservations: none is found by campaign.

        Raises:
            DocumentUnreadable: a reservation was edited by hand.
        """
        wanted, last = {"campaign_id": campaign_id, "state": {"$in": HOLDING}}, ""
        while page := await patiently(self._page_of_reservations, {**wanted, "_id": {"$gt": last}}):
            last = page[-1].id
            holder_of = {code_id: holder for holder in page for code_id in holder.code_ids}
            found = await patiently(self._by_id, list(holder_of))
            yield [row_of(code, holder_of[code["_id"]]) for code in found]

    async def every(self, campaign_id: str) -> AsyncIterator[list[CodeRow]]:
        """All codes, without their holders."""
        bounds = id_range(campaign_id)
        after: Mapping[str, str] = bounds
        while page := await patiently(self._page_of_codes, {"_id": after, "campaign_id": campaign_id}):
            after = {"$gt": page[-1]["_id"], "$lt": bounds["$lt"]}
            yield [row_of(code) for code in page]

    async def _page_of_reservations(self, wanted: Document) -> list[ReservationDocument]:
        with idempotent(), pymongo.timeout(PAGE_TIMEOUT_S):
            found = self._reservations.find(wanted, RESERVATION_FIELDS).sort("_id", 1).limit(RESERVATIONS_PAGE)
            page = await found.to_list(None)
        return [read_document(ReservationDocument, "reservations", document) for document in page]

    async def _page_of_codes(self, wanted: Document) -> list[Document]:
        with idempotent(), pymongo.timeout(PAGE_TIMEOUT_S):
            return await self._codes.find(wanted, CODE_FIELDS).sort("_id", 1).limit(CODES_PAGE).to_list(None)

    async def _by_id(self, code_ids: list[str]) -> list[Document]:
        with idempotent(), pymongo.timeout(PAGE_TIMEOUT_S):
            return await find_by_id(self._codes, code_ids, CODE_FIELDS)


def row_of(code: Document, holder: ReservationDocument | None = None) -> CodeRow:
    """A code's row; what the document lacks was removed by hand, and is empty."""
    row = CodeRow(
        code_id=code["_id"],
        code=code.get("code", ""),
        code_type=code.get("code_type", ""),
        status=code.get("status", ""),
        changed_at=code.get("changed_at"),
        imported_by=code.get("imported_by", ""),
    )
    if holder is None:
        return row
    return row._replace(fan_id=holder.fan_id, request_id=holder.id, expires_at=holder.expires_at)
