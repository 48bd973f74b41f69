"""Facts of batches and requests: answered, refused, in conflict, dead letters, expiries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from schemas.errors import AbortReason, CodeServiceError, ConflictCause, RefusalCause, ReservationInconsistent
from schemas.observation.fact import Fact
from schemas.records import DeadLetterReason, Rejected
from schemas.results import Outcome, RefusalReason

Step = Literal["decode", "gather", "plan", "apply", "emit"]
Unusable = Literal["missing", "failing", "suspected"]
"""Why a topic gets no copies: there is none (or no right to see it); sending to it failed; sending failed with copies
and not without, and nothing else says why."""


@dataclass(frozen=True, slots=True)
class BatchReport(Fact):
    """A batch is answered and its offsets are committed."""

    topic: str
    """Full name."""
    partition: int
    first_offset: int
    last_offset: int
    outcomes: Mapping[Outcome, int]
    refusals: Mapping[RefusalReason, int]
    rejections: Mapping[DeadLetterReason, int]
    repeats: int
    """Requests that the ledger had already."""
    replies_refused: int
    """Results without the copy that was requested."""
    seconds: Mapping[Step, float] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """Records in the batch: each was decided or rejected."""
        return sum(self.outcomes.values()) + sum(self.rejections.values())


@dataclass(frozen=True, slots=True)
class DeadLetterWritten(Fact):
    """A dead letter is written for a record."""

    rejected: Rejected


@dataclass(frozen=True, slots=True)
class PlanConflicted(Fact):
    """A plan was stale and is made again."""

    topic: str
    partition: int
    cause: ConflictCause


@dataclass(frozen=True, slots=True)
class WriteRefused(Fact):
    """The database refused a write; it is tried again, alone, before that is believed."""

    topic: str
    cause: RefusalCause


@dataclass(frozen=True, slots=True)
class TransactionAborted(Fact):
    """A Kafka transaction with a batch's outputs ended without effect."""

    topic: str
    reason: AbortReason


@dataclass(frozen=True, slots=True)
class Subject:
    """One request or command, and where it is."""

    topic: str
    """Full name."""
    partition: int
    offset: int
    request_id: str
    campaign_id: str


@dataclass(frozen=True, slots=True)
class RequestUnwritable(Fact):
    """The database refuses a write however often it is tried; its request or import is given up."""

    subject: Subject
    error: CodeServiceError


@dataclass(frozen=True, slots=True)
class ReservationDisagrees(Fact):
    """A request's reservation disagrees with its codes in one snapshot: nothing can be moved through it."""

    subject: Subject
    why: ReservationInconsistent


@dataclass(frozen=True, slots=True)
class ReplyTopicUnusable(Fact):
    """Each result that was requested there says `reply-refused` instead."""

    topic: str
    why: Unusable


@dataclass(frozen=True, slots=True)
class ReplyTopicUsable(Fact):
    """A reply topic gets copies again."""

    topic: str


@dataclass(frozen=True, slots=True)
class ExpiriesRequested(Fact):
    """The expirer looked for overdue holds, and requested releases."""

    first: int
    """Holds whose release was requested for the first time."""
    again: int
    """Holds whose release was requested before, without effect."""
    oldest_overdue_s: float
    held_back_s: float
    """Age of the oldest assign that may be undecided, while holds are overdue; 0 if there is none."""
