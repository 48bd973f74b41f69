"""Questions that people ask and no role does: a fan's reservations, and which codes a campaign has.

In:       ids and codes as people type them or as a file has them.
Out:      documents as models; codes.
Promise:  reads only. Each method raises StoreUnavailable if MongoDB gives no answer in time.
"""

from collections.abc import Iterable
from typing import Any, Final

import pymongo

from handlers.code_ids import code_ids
from schemas.documents import ReservationDocument
from stores.mongo.collections import Collections, find_by_id, read_document
from stores.mongo.errors import idempotent
from stores.mongo.salts import Salts

SEARCH_TIMEOUT_S: Final = 60
"""Instead of `mongo.timeout_ms`: no role looks for a fan, so there is no index for it."""


async def reservations_of_fan(
    collections: Collections, fan_id: str, campaign_id: str | None, count_max: int
) -> list[ReservationDocument]:
    """A fan's reservations in any state, the last changed first. Reads every reservation."""
    wanted: dict[str, Any] = {"fan_id": fan_id} | ({} if campaign_id is None else {"campaign_id": campaign_id})
    with idempotent(), pymongo.timeout(SEARCH_TIMEOUT_S):
        found = await collections.reservations.find(wanted).sort("changed_at", -1).limit(count_max).to_list(None)
    return [read_document(ReservationDocument, "reservations", document) for document in found]


async def codes_present(collections: Collections, campaign_id: str, codes: Iterable[str]) -> set[str]:
    """Those of these codes that the campaign has."""
    salt = await Salts(collections).find(campaign_id)
    if salt is None:
        return set()
    ids = code_ids(campaign_id, salt, codes)
    with idempotent():
        found = await find_by_id(collections.codes, ids, {"_id": 0, "code": 1})
    return {document["code"] for document in found}
