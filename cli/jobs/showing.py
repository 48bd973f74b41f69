"""Looks up a campaign, code, reservation or request, and returns it with the contract's field names.

In:       an id, as typed by the user.
Out:      an account that can be written as JSON, or None if it does not exist.
Promise:  an account has a code's value only if the caller sets `reveal`.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from ops.telemetry.masking import MASK
from schemas.base import CodeStatus
from schemas.clock import utc_now
from schemas.documents import CodeDocument, InventoryDocument, ReservationDocument
from stores.mongo.collections import Collections
from stores.mongo.lookups import Lookups
from stores.mongo.questions import reservations_of_fan

Account = dict[str, Any]
NOT_SHOWN: Final = {"id", "campaign_id", "walked", "is_closed"}
"""Of a shard; whether a campaign is closed is shown by `codes campaigns show`."""


async def campaign(lookups: Lookups, campaign_id: str) -> Account | None:
    """Counts by code type, in total and per shard."""
    shards = await lookups.shards(campaign_id)
    if not shards:
        return None
    return {
        "campaign_id": campaign_id,
        "counts": counts(shards),
        "shards": [shard.model_dump(mode="json", exclude=NOT_SHOWN) for shard in shards],
    }


def counts(shards: Iterable[InventoryDocument]) -> list[Account]:
    """One row per code type: codes by status, and their total."""
    sums: dict[str, Counter[str]] = {}
    for shard in shards:
        row = sums.setdefault(shard.code_type, Counter())
        for status in CodeStatus:
            row[status] += getattr(shard, status)
    return [
        {"code_type": kind, **{str(status): row[status] for status in CodeStatus}, "total": row.total()}
        for kind, row in sorted(sums.items())
    ]


async def code(lookups: Lookups, found: CodeDocument | None, *, reveal: bool) -> Account | None:
    """A code's status and holder."""
    if found is None:
        return None
    holder = None if found.status == CodeStatus.AVAILABLE else await lookups.holder(found)
    account = found.model_dump(mode="json", exclude={"id", "returned"})
    return {"code_id": found.id, **account, "code": found.code if reveal else MASK, "holder": holder_fields(holder)}


def holder_fields(holder: ReservationDocument | None) -> Account | None:
    """A summary of the reservation that holds a code."""
    if holder is None:
        return None
    fields = holder.model_dump(mode="json", include={"fan_id", "state", "expires_at", "changed_at"})
    return {"reservation_id": holder.id, **fields}


async def reservation(lookups: Lookups, reservation_id: str) -> Account | None:
    """A reservation in any state, and whether it is overdue."""
    found = await lookups.reservation(reservation_id)
    if found is None:
        return None
    has_expired = found.expires_at is not None and found.expires_at <= utc_now()
    fields = found.model_dump(mode="json", exclude={"id"})
    return {"reservation_id": found.id, **fields, "overdue": found.state == "held" and has_expired}


async def fan(collections: Collections, fan_id: str, campaign_id: str | None, count_max: int) -> Account | None:
    """A fan's reservations; None if there is none."""
    found = await reservations_of_fan(collections, fan_id, campaign_id, count_max)
    return {"fan_id": fan_id, "reservations": [fields_of_reservation(row) for row in found]} if found else None


def fields_of_reservation(found: ReservationDocument) -> Account:
    has_expired = found.expires_at is not None and found.expires_at <= utc_now()
    fields = found.model_dump(mode="json", exclude={"id", "fan_id", "moved_by"})
    return {"reservation_id": found.id, **fields, "overdue": found.state == "held" and has_expired}


async def request(lookups: Lookups, request_id: str) -> Account | None:
    """A request's ledger entry: the result, and the record that it answers."""
    found = await lookups.entry(request_id)
    if found is None:
        return None
    return {**found.outcome.model_dump(mode="json"), "source": found.source}
