"""What the loops tell of themselves, for metrics, health and logs. `ops` implements it.

Out: the port `Observer` and the report of one batch. No code goes through here, and a request's id only where one
     request is the subject; what is told of every batch is figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from producers.reply_topics import ReplyObserver
from schemas.documents import ImportDocument
from schemas.errors import AbortReason, CodeServiceError, ConflictCause, RefusalCause, ReservationInconsistent
from schemas.records import DeadLetterReason, Rejected
from schemas.results import Outcome, RefusalReason

Step = Literal["decode", "gather", "plan", "apply", "emit"]
RebalanceStep = Literal["let_go", "whole"]
Part = Literal["mongo", "kafka", "s3"]


@dataclass(frozen=True, slots=True)
class Ends:
    """Where a partition's log ends."""

    last_stable: int
    """No more can be read than up to here: a sender's transaction is open, or nothing follows."""
    high_watermark: int
    """The next record's offset."""


@dataclass(frozen=True, slots=True)
class BatchReport:
    """One batch that is over, by figures."""

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
    """Reply topics that are not allowed."""
    seconds: Mapping[Step, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subject:
    """One request or command, and where it stands."""

    topic: str
    """Full name."""
    partition: int
    offset: int
    request_id: str
    campaign_id: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch that was polled."""

    topic: str
    """Full name."""
    partition: int
    offset: int
    """Of its first record."""
    oldest_ms: int
    """Timestamp of its first record, milliseconds since 1970."""
    newest_ms: int
    """The same of its last record."""


class Observer(ReplyObserver, Protocol):
    """Who is told."""

    def batch_done(self, report: BatchReport) -> None:
        """A batch is answered and its offsets are committed."""

    def rejected(self, rejected: Rejected) -> None:
        """A dead letter is written for a record."""

    def conflict(self, topic: str, partition: int, cause: ConflictCause) -> None:
        """A plan was stale and is made anew."""

    def store_refused(self, topic: str, cause: RefusalCause) -> None:
        """The database refused a write; it is tried again, alone, before that is believed."""

    def aborted(self, topic: str, reason: AbortReason) -> None:
        """A Kafka transaction with a batch's outputs ended without effect."""

    def refused(self, subject: Subject, error: CodeServiceError) -> None:
        """The database refuses a write however often it is tried; what it belongs to is given up."""

    def inconsistent(self, subject: Subject, why: ReservationInconsistent) -> None:
        """A request's reservation disagrees with its codes in one snapshot: nothing can be moved through it."""

    def waits_for(self, part: Part, error: CodeServiceError) -> None:
        """`part` gave no answer; it is tried again after a pause."""

    def answered(self, part: Part) -> None:
        """`part` answers (again)."""

    def assigned(self, partitions: frozenset[tuple[str, int]]) -> None:
        """After a rebalance these (topic, partition) are served here."""

    def revoked(self) -> None:
        """A rebalance begins: nothing is served here until `assigned` says what is."""

    def rebalance_took(self, step: RebalanceStep, seconds: float) -> None:
        """A step of a rebalance is over; `whole` is from its begin to the new assignment, `let_go` included."""

    def took(self, batch: Taken) -> None:
        """A batch is in hand; it stays there until `reached` says more."""

    def reached(self, topic: str, partition: int, position: int) -> None:
        """Everything before `position` is answered, and nothing is in hand."""

    def heard(self, ends: Mapping[tuple[str, int], Ends]) -> None:
        """The broker said where the logs of these partitions end."""

    def turned(self, topic: str, partition: int) -> None:
        """A partition's loop has gone round once more, with or without records."""

    def fenced(self, topic: str, partition: int) -> None:
        """Another process owns the partition; it is stopped here."""

    def expiries_asked(self, first: int, again: int, oldest_overdue_s: float, held_back_s: float) -> None:
        """The expirer asked for so many releases; the oldest hold is overdue by so many seconds.

        `again`: how many holds it asked for that it had asked for before, in vain; `first`: all others.
        `held_back_s`: age of the oldest assign that may be undecided, while holds are overdue; 0 if there is none.
        """

    def import_began(self, document: ImportDocument) -> None:
        """An import is under way here, from its begin or from where another process left it."""

    def import_left(self, document: ImportDocument) -> None:
        """It is not any more: at its end, or to go on elsewhere."""

    def import_wrote(self, rows: int, seconds: float) -> None:
        """An import wrote a chunk of `rows` rows, which took so long, retries included."""

    def chunk_halved(self, document: ImportDocument, rows: int, error: CodeServiceError) -> None:
        """The database was too slow for a chunk of an import: from now on chunks have at most `rows` rows."""

    def chunk_full_again(self, document: ImportDocument, rows: int) -> None:
        """Chunks have `rows` rows again, as the settings say."""

    def import_ended(self, document: ImportDocument) -> None:
        """It is completed or failed, for good."""
