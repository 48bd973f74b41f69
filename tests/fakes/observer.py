"""An observer that only remembers what it is told."""

from dataclasses import dataclass, field

from consumers.observer import BatchReport, Part
from schemas.errors import CodeServiceError


@dataclass(slots=True)
class RememberingObserver:
    """Implements `consumers.observer.Observer`."""

    reports: list[BatchReport] = field(default_factory=list)
    conflicts: list[tuple[str, int]] = field(default_factory=list)
    waits: list[tuple[Part, CodeServiceError]] = field(default_factory=list)
    answers: list[Part] = field(default_factory=list)
    assignments: list[frozenset[tuple[str, int]]] = field(default_factory=list)
    turns: list[tuple[str, int]] = field(default_factory=list)
    fencings: list[tuple[str, int]] = field(default_factory=list)
    refusals: list[tuple[str, int, CodeServiceError]] = field(default_factory=list)

    def batch_done(self, report: BatchReport) -> None:
        """Remember the report."""
        self.reports.append(report)

    def conflict(self, topic: str, partition: int) -> None:
        """Remember where."""
        self.conflicts.append((topic, partition))

    def refused(self, topic: str, partition: int, error: CodeServiceError) -> None:
        """Remember why."""
        self.refusals.append((topic, partition, error))

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

    def turned(self, topic: str, partition: int) -> None:
        """Remember which."""
        self.turns.append((topic, partition))

    def fenced(self, topic: str, partition: int) -> None:
        """Remember which."""
        self.fencings.append((topic, partition))

    def expiries_asked(self, count: int, oldest_overdue_s: float) -> None:
        """No test asks."""

    def import_progressed(self, state: str, rows: int) -> None:
        """No test asks."""
