"""An observer that only remembers what it is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from consumers.loop.observer import BatchReport, Ends, Part, RebalanceStep, Subject, Taken
from producers.reply_topics import Unusable
from schemas.documents import ImportDocument
from schemas.errors import AbortReason, CodeServiceError, ConflictCause, RefusalCause, ReservationInconsistent
from schemas.records import Rejected


@dataclass(slots=True)
class RememberingObserver:
    """Implements `consumers.loop.observer.Observer`."""

    reports: list[BatchReport] = field(default_factory=list)
    conflicts: list[tuple[str, int]] = field(default_factory=list)
    store_refusals: list[tuple[str, RefusalCause]] = field(default_factory=list)
    aborts: list[tuple[str, AbortReason]] = field(default_factory=list)
    batches: list[Taken] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    ends: list[Mapping[tuple[str, int], Ends]] = field(default_factory=list)
    imports_running: int = 0
    waits: list[tuple[Part, CodeServiceError]] = field(default_factory=list)
    answers: list[Part] = field(default_factory=list)
    assignments: list[frozenset[tuple[str, int]]] = field(default_factory=list)
    rebalance_steps: list[RebalanceStep] = field(default_factory=list)
    turns: list[tuple[str, int]] = field(default_factory=list)
    fencings: list[tuple[str, int]] = field(default_factory=list)
    expiries: list[tuple[int, int, float, float]] = field(default_factory=list)
    refusals: list[tuple[Subject, CodeServiceError]] = field(default_factory=list)
    rejections: list[Rejected] = field(default_factory=list)
    halvings: list[int] = field(default_factory=list)
    full_again: list[int] = field(default_factory=list)
    disagreements: list[tuple[Subject, ReservationInconsistent]] = field(default_factory=list)
    reply_topics: list[tuple[str, Unusable | None]] = field(default_factory=list)
    """Each change: the topic, and why it gets no copies; None: it gets them again."""

    def batch_done(self, report: BatchReport) -> None:
        """Remember the report."""
        self.reports.append(report)

    def rejected(self, rejected: Rejected) -> None:
        """Remember it."""
        self.rejections.append(rejected)

    def conflict(self, topic: str, partition: int, cause: ConflictCause) -> None:
        """Remember where."""
        self.conflicts.append((topic, partition))

    def store_refused(self, topic: str, cause: RefusalCause) -> None:
        """Remember where, and why."""
        self.store_refusals.append((topic, cause))

    def aborted(self, topic: str, reason: AbortReason) -> None:
        """Remember why."""
        self.aborts.append((topic, reason))

    def refused(self, subject: Subject, error: CodeServiceError) -> None:
        """Remember what, and why."""
        self.refusals.append((subject, error))

    def inconsistent(self, subject: Subject, why: ReservationInconsistent) -> None:
        """Remember what, and why."""
        self.disagreements.append((subject, why))

    def reply_topic_unusable(self, topic: str, why: Unusable) -> None:
        """Remember which, and why."""
        self.reply_topics.append((topic, why))

    def reply_topic_usable(self, topic: str) -> None:
        """Remember which."""
        self.reply_topics.append((topic, None))

    def waits_for(self, part: Part, error: CodeServiceError) -> None:
        """Remember for what."""
        self.waits.append((part, error))

    def answered(self, part: Part) -> None:
        """Remember who."""
        self.answers.append(part)

    def assigned(self, partitions: frozenset[tuple[str, int]]) -> None:
        """Remember which."""
        self.assignments.append(partitions)

    def revoked(self) -> None:
        """Remember that nothing is served."""
        self.assignments.append(frozenset())

    def rebalance_took(self, step: RebalanceStep, seconds: float) -> None:
        """Remember which."""
        self.rebalance_steps.append(step)

    def took(self, batch: Taken) -> None:
        """Remember it."""
        self.batches.append(batch)

    def reached(self, topic: str, partition: int, position: int) -> None:
        """Remember where."""
        self.positions.append(position)

    def heard(self, ends: Mapping[tuple[str, int], Ends]) -> None:
        """Remember what."""
        self.ends.append(ends)

    def turned(self, topic: str, partition: int) -> None:
        """Remember which."""
        self.turns.append((topic, partition))

    def fenced(self, topic: str, partition: int) -> None:
        """Remember which."""
        self.fencings.append((topic, partition))

    def expiries_asked(self, first: int, again: int, oldest_overdue_s: float, held_back_s: float) -> None:
        """Remember the figures."""
        self.expiries.append((first, again, oldest_overdue_s, held_back_s))

    def import_began(self, document: ImportDocument) -> None:
        """Count it."""
        self.imports_running += 1

    def import_left(self, document: ImportDocument) -> None:
        """Count it."""
        self.imports_running -= 1

    def import_wrote(self, rows: int, seconds: float) -> None:
        """No test asks."""

    def chunk_halved(self, document: ImportDocument, rows: int, error: CodeServiceError) -> None:
        """Remember the size."""
        self.halvings.append(rows)

    def chunk_full_again(self, document: ImportDocument, rows: int) -> None:
        """Remember the size."""
        self.full_again.append(rows)

    def import_ended(self, document: ImportDocument) -> None:
        """No test asks."""
