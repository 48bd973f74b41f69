"""One thing looked up, and told in the contract's words.

In:       an id as a person types it.
Out:      a JSON-able account of it, or None if there is no such thing.
Promise:  a code's value is in no account unless it was asked for.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ops.telemetry.masking import MASK
from schemas.base import CodeStatus
from schemas.documents import CodeDocument, InventoryDocument, ReservationDocument
from stores.mongo.lookups import Lookups

Account = dict[str, Any]


async def campaign(lookups: Lookups, campaign_id: str) -> Account | None:
    """Counts by code type, summed over the shards, and the shards."""
    shards = await lookups.shards(campaign_id)
    if not shards:
        return None
    return {
        "campaign_id": campaign_id,
        "counts": counts(shards),
        "shards": [shard.model_dump(mode="json", exclude={"id", "campaign_id"}) for shard in shards],
    }


def counts(shards: Iterable[InventoryDocument]) -> list[Account]:
    """One row a code type: codes by status, and all of them."""
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
    """A code's status, and who holds or got it."""
    if found is None:
        return None
    holder = None if found.status == CodeStatus.AVAILABLE else await lookups.holder(found)
    account = found.model_dump(mode="json", exclude={"id", "draw"})
    return {"code_id": found.id, **account, "code": found.code if reveal else MASK, "holder": holding(holder)}


def holding(holder: ReservationDocument | None) -> Account | None:
    """The reservation behind a code, shortly."""
    if holder is None:
        return None
    told = holder.model_dump(mode="json", include={"fan_id", "state", "expires_at", "changed_at"})
    return {"reservation_id": holder.id, **told}


async def reservation(lookups: Lookups, reservation_id: str) -> Account | None:
    """A reservation in whatever state, and whether its time is over."""
    found = await lookups.reservation(reservation_id)
    if found is None:
        return None
    is_over = found.expires_at is not None and found.expires_at <= datetime.now(UTC)
    told = found.model_dump(mode="json", exclude={"id"})
    return {"reservation_id": found.id, **told, "overdue": found.state == "held" and is_over}


async def request(lookups: Lookups, request_id: str) -> Account | None:
    """What the ledger remembers: the result, and which record it answers."""
    found = await lookups.entry(request_id)
    if found is None:
        return None
    return {**found.outcome.model_dump(mode="json"), "source": found.source}
