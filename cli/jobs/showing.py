"""Looks up a campaign, code, reservation or request, and returns it with the contract's field names.

In:       an id, as typed by the user.
Out:      an account that can be written as JSON, or None if it does not exist.
Promise:  an account has a code's value only if the caller sets `reveal`.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Final, TypeVar

from cli.jobs.topic_history import Subject
from handlers.histories import by_time, code_history, fan_history, request_history
from ops.telemetry.masking import MASK
from schemas.base import CodeStatus
from schemas.clock import utc_now
from schemas.documents import CodeDocument, InventoryDocument, ReservationDocument
from schemas.histories import CodeHistory, FanHistory, HistoryEvent
from stores.mongo.histories import Histories
from stores.mongo.lookups import Lookups

Account = dict[str, Any]
NOT_SHOWN: Final = {"id", "campaign_id", "walked", "is_closed"}
"""Of a shard; whether a campaign is closed is shown by `codes campaigns show`."""
Records = Callable[[Subject], AsyncIterator[HistoryEvent]]
"""Reads what the topics have about a fan or a code."""
H = TypeVar("H", FanHistory, CodeHistory)


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


async def code(
    lookups: Lookups, found: CodeDocument | None, records: Records | None, *, reveal: bool, history: bool
) -> Account | None:
    """A code's status and holder; with `history` also what happened to it. `records` reads the topics too."""
    if found is None:
        return None
    holder = None if found.status == CodeStatus.AVAILABLE else await lookups.holder(found)
    account = found.model_dump(mode="json", exclude={"id", "returned"})
    shown = {"code_id": found.id, **account, "code": found.code if reveal else MASK, "holder": holder_fields(holder)}
    if not history:
        return shown
    histories = Histories(lookups.collections)
    moves = await histories.of_code(found.id)
    past = code_history(found, await histories.imported(found.imported_by), holder, moves)
    past = past if records is None else await with_records(past, records(Subject.of_code(found.id, moves)))
    return {**shown, **past.model_dump(mode="json", include={"events", "is_complete"})}


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


async def fan(
    lookups: Lookups, fan_id: str, campaign_id: str | None, records: Records | None, count_max: int
) -> Account | None:
    """A fan's reservations, and all that happened; None if nothing is known. `records` reads the topics too."""
    moves = await Histories(lookups.collections).of_fan(fan_id, None if campaign_id is None else [campaign_id])
    past = fan_history(fan_id, moves, now=utc_now())
    if records is not None:
        nothing = FanHistory(fan_id=fan_id, reservations=(), events=(), is_complete=True)
        past = await with_records(past or nothing, records(Subject.of_fan(fan_id, moves, campaign_id)))
    if past is None or not (past.events or past.reservations):
        return None
    return latest(past, count_max).model_dump(mode="json")


def latest(past: FanHistory, count_max: int) -> FanHistory:
    """The maximum number of reservations, and of events."""
    cut = {"reservations": past.reservations[:count_max], "events": past.events[-count_max:]}
    is_whole = len(past.reservations) <= count_max and len(past.events) <= count_max
    return past.model_copy(update={**cut, "is_complete": past.is_complete and is_whole})


async def with_records(past: H, records: AsyncIterator[HistoryEvent]) -> H:
    """A history with what the topics have beside it."""
    return past.model_copy(update={"events": by_time([*past.events, *[event async for event in records]])})


async def request(lookups: Lookups, request_id: str) -> Account | None:
    """A request's ledger entry: the result, and the record that it answers."""
    found = request_history(request_id, await lookups.entry(request_id))
    return None if found is None else found.model_dump(mode="json", exclude={"import_id", "dead_letter"})
