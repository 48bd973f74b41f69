"""Documents as histories: what happened to a fan, a code or a request. Pure.

In:       ledger entries, reservations, a code and its import, as they were read.
Out:      `FanHistory`, `CodeHistory`, `RequestHistory`.
Promise:  a move is there once: from the ledger, or from its reservation where the ledger has forgotten it. A history
          has no value of a code.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from schemas.base import EXPIRER_PREFIX
from schemas.documents import CodeDocument, ImportDocument, LedgerDocument, ReservationDocument, ReservationState
from schemas.histories import (
    CodeHistory,
    FanHistory,
    Happening,
    HistoryEvent,
    Holder,
    RequestHistory,
    ReservationSummary,
)

HAPPENED: Final[Mapping[ReservationState, Happening]] = {
    "held": "reserved",
    "assigned": "assigned",
    "released": "released",
    "expired": "expired",
}
TAKEN: Final = frozenset({"held", "assigned"})


@dataclass(frozen=True, slots=True)
class Moves:
    """What was found about a fan or a code."""

    reservations: Sequence[ReservationDocument]
    entries: Sequence[LedgerDocument]
    is_complete: bool = True


def fan_history(fan_id: str, found: Moves, *, now: datetime) -> FanHistory | None:
    """A fan's history; None if nothing is known of the fan."""
    if not found.reservations and not found.entries:
        return None
    latest = sorted(found.reservations, key=lambda reservation: reservation.changed_at, reverse=True)
    return FanHistory(
        fan_id=fan_id,
        reservations=tuple(summary(reservation, now=now) for reservation in latest),
        events=events_of(found),
        is_complete=found.is_complete,
    )


def code_history(
    code: CodeDocument, imported: ImportDocument | None, holder: ReservationDocument | None, found: Moves
) -> CodeHistory:
    """A code's history. The events are about this code, so they do not list the others of a request."""
    events = [event.model_copy(update={"code_ids": ()}) for event in events_of(found)]
    return CodeHistory(
        code_id=code.id,
        campaign_id=code.campaign_id,
        code_type=code.code_type,
        status=code.status,
        imported_by=code.imported_by,
        changed_at=code.changed_at,
        holder=None if holder is None else holder_of(holder),
        events=by_time([*([] if imported is None else [import_event(imported)]), *events]),
        is_complete=found.is_complete,
    )


def request_history(
    request_id: str, entry: LedgerDocument | None, imported: ImportDocument | None = None
) -> RequestHistory | None:
    """What became of a request; None if neither the ledger nor the imports know it."""
    if entry is not None:
        return RequestHistory(**entry.outcome.model_dump(), source=entry.source)
    if imported is None:
        return None
    return RequestHistory(
        request_id=request_id,
        operation="import",
        outcome=imported.state,
        quantity=imported.inserted,
        decided_at=imported.changed_at,
        import_id=imported.id,
        **imported.model_dump(include={"campaign_id", "code_type", "reason"}),
    )


def summary(found: ReservationDocument, *, now: datetime) -> ReservationSummary:
    """A reservation for people."""
    has_expired = found.expires_at is not None and found.expires_at <= now
    return ReservationSummary(
        reservation_id=found.id,
        overdue=found.state == "held" and has_expired,
        **found.model_dump(exclude={"id", "fan_id", "moved_by"}),
    )


def holder_of(found: ReservationDocument) -> Holder:
    """A reservation as a code's holder."""
    return Holder(
        reservation_id=found.id, **found.model_dump(include={"fan_id", "state", "expires_at", "changed_at"})
    )


def import_event(found: ImportDocument) -> HistoryEvent:
    """Which row of an import was written when is not stored; the import's start is."""
    return HistoryEvent(
        at=found.started_at,
        what="imported",
        campaign_id=found.campaign_id,
        import_id=found.id,
        known_from="import",
    )


def events_of(found: Moves) -> tuple[HistoryEvent, ...]:
    """All moves and refusals, by time."""
    states = {reservation.id: reservation.state for reservation in found.reservations}
    decided = [decision(entry, states) for entry in found.entries]
    explained = {(event.reservation_id, event.what) for event in decided}
    left = [last_move(reservation) for reservation in found.reservations]
    return by_time([*decided, *(event for event in left if (event.reservation_id, event.what) not in explained)])


def decision(entry: LedgerDocument, states: Mapping[str, ReservationState]) -> HistoryEvent:
    """A ledger entry as an event."""
    outcome = entry.outcome
    fields = outcome.model_dump(include={*HistoryEvent.model_fields} & {*type(outcome).model_fields})
    return HistoryEvent(at=entry.decided_at, what=happening(entry, states), known_from="ledger", **fields)


def happening(entry: LedgerDocument, states: Mapping[str, ReservationState]) -> Happening:
    """The outcome; of a release, whether it ended a hold that had expired."""
    outcome = entry.outcome
    if outcome.outcome != "released":
        return outcome.outcome
    is_expiry = entry.id.startswith(EXPIRER_PREFIX) or states.get(outcome.reservation_id or "") == "expired"
    return "expired" if is_expiry else "released"


def last_move(found: ReservationDocument) -> HistoryEvent:
    """A reservation's last move: all that is left of it once the ledger has forgotten its requests."""
    return HistoryEvent(
        at=found.changed_at,
        what=HAPPENED[found.state],
        reservation_id=found.id,
        quantity=len(found.code_ids),
        known_from="reservation",
        **found.model_dump(include={"campaign_id", "fan_id", "code_ids"}),
        expires_at=found.expires_at if found.state == "held" else None,
    )


def by_time(events: Iterable[HistoryEvent]) -> tuple[HistoryEvent, ...]:
    """The earliest first; of one instant, in the order in which they were found."""
    return tuple(sorted(events, key=lambda event: event.at))


def latest_holder(reservations: Iterable[ReservationDocument]) -> ReservationDocument | None:
    """Of all reservations of a code, the one that has it."""
    taken = [reservation for reservation in reservations if reservation.state in TAKEN]
    return max(taken, key=lambda reservation: reservation.changed_at, default=None)
