"""What the loops tell of themselves, for metrics, health and logs. `ops` implements it.

Out: the port `Observer` and the report of one batch. No code, fan or request id goes through here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from schemas.errors import CodeServiceError
from schemas.records import DeadLetterReason
from schemas.results import Outcome, RefusalReason

Step = Literal["decode", "gather", "plan", "apply", "emit"]
Part = Literal["mongo", "kafka", "s3"]


@dataclass(frozen=True, slots=True)
class BatchReport:
    """One batch that is over, by figures."""

    topic: str
    """Full name."""
    partition: int
    outcomes: Mapping[Outcome, int]
    refusals: Mapping[RefusalReason, int]
    rejections: Mapping[DeadLetterReason, int]
    repeats: int
    """Requests that the ledger had already."""
    replies_refused: int
    """Reply topics that are not allowed."""
    seconds: Mapping[Step, float] = field(default_factory=dict)


class Observer(Protocol):
    """Who is told."""

    def batch_done(self, report: BatchReport) -> None:
        """A batch is answered and its offsets are committed."""

    def conflict(self, topic: str, partition: int) -> None:
        """A plan was stale and is made anew."""

    def refused(self, topic: str, partition: int, error: CodeServiceError) -> None:
        """The database refuses a write however often it is tried; what it belongs to is given up."""

    def waits_for(self, part: Part, error: CodeServiceError) -> None:
        """`part` gave no answer; it is tried again after a pause."""

    def answered(self, part: Part) -> None:
        """`part` answers (again)."""

    def assigned(self, partitions: frozenset[tuple[str, int]]) -> None:
        """After a rebalance these (topic, partition) are served here."""

    def revoked(self) -> None:
        """A rebalance begins: nothing is served here until `assigned` says what is."""

    def turned(self, topic: str, partition: int) -> None:
        """A partition's loop has gone round once more, with or without records."""

    def fenced(self, topic: str, partition: int) -> None:
        """Another process owns the partition; it is stopped here."""

    def expiries_asked(self, count: int, oldest_overdue_s: float) -> None:
        """The expirer asked for `count` releases; the oldest hold is overdue by so many seconds."""

    def import_progressed(self, state: str, rows: int) -> None:
        """An import wrote `rows` more rows, or ended in `state`."""
