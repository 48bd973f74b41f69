"""What happened to a fan, to a code and to a request, as commands and the HTTP API give it.

Out: `FanHistory`, `CodeHistory`, `HistoryEvent`, `RequestHistory`. None of them has a field for a code's value.
"""

from typing import Literal

from schemas.base import CodeStatus, CodeType, Id, Instant, Model, Operation
from schemas.documents import ReservationState
from schemas.events import ImportState
from schemas.results import Outcome

Happening = Literal[
    "imported",
    "reserved",
    "assigned",
    "released",
    "expired",
    "refused",
    "sent",
    "answered",
    "published",
    "dead_letter",
]
"""The last four are records of topics."""


class HistoryEvent(Model):
    """One thing that happened. Fields that do not apply, or are not known any more, are null."""

    at: Instant
    what: Happening
    campaign_id: str | None = None
    fan_id: str | None = None
    operation: Operation | None = None
    request_id: str | None = None
    reservation_id: str | None = None
    import_id: str | None = None
    code_ids: tuple[str, ...] = ()
    quantity: int | None = None
    reason: str | None = None
    expires_at: Instant | None = None
    known_from: str
    """`ledger`, `reservation`, `import`, or a record's place, `<topic>.<partition>@<offset>`."""


class ReservationSummary(Model):
    """A reservation in its last state."""

    reservation_id: Id
    campaign_id: Id
    code_type: CodeType
    code_ids: tuple[str, ...]
    state: ReservationState
    expires_at: Instant | None
    changed_at: Instant
    overdue: bool
    """Still held, although it has expired."""


class FanHistory(Model):
    """A fan's reservations, the last changed first, and all that happened, the earliest first."""

    fan_id: Id
    reservations: tuple[ReservationSummary, ...]
    events: tuple[HistoryEvent, ...]
    is_complete: bool
    """False: there is more than could be read."""


class Holder(Model):
    """The reservation that holds a code, or through which it was assigned."""

    reservation_id: Id
    fan_id: Id
    state: ReservationState
    expires_at: Instant | None
    changed_at: Instant


class CodeHistory(Model):
    """A code's status and holder, and all that happened to it, the earliest first."""

    code_id: str
    campaign_id: Id
    code_type: CodeType
    status: CodeStatus
    imported_by: Id
    changed_at: Instant
    holder: Holder | None
    events: tuple[HistoryEvent, ...]
    is_complete: bool
    """False: there is more than could be read."""


class RequestHistory(Model):
    """What became of a request, or of the command of an import. Fields that do not apply are null."""

    request_id: Id
    operation: Operation | Literal["import"] | None = None
    """Null if only its dead letter is known."""
    outcome: Outcome | ImportState | None = None
    """Of an import: its state."""
    campaign_id: Id | None = None
    fan_id: Id | None = None
    code_type: CodeType | None = None
    quantity: int | None = None
    """Codes moved, or wanted; of an import: codes inserted."""
    code_ids: tuple[str, ...] = ()
    reservation_id: Id | None = None
    expires_at: Instant | None = None
    reason: str | None = None
    """Of a refusal, of an import that failed, or of the dead letter."""
    decided_at: Instant | None = None
    """Of an import: when its state changed last."""
    source: str | None = None
    """The record that was decided, `<topic>.<partition>@<offset>`."""
    import_id: Id | None = None
    """The import of this command; it has the same id."""
    dead_letter: str | None = None
    """`PARTITION@OFFSET` of its dead letter, for `codes dead-letters show`; of those of the last day only."""
