"""What became of some requests: of one operation, of one interval, or of all.

In:       each request that was sent, and each answer.
Out:      counts and durations.
"""

from collections import Counter
from dataclasses import dataclass, field

from cli.rehearsal.times import Times


@dataclass(slots=True)
class Tally:
    """Counts of requests; without an answer, they are only sent."""

    sent: int = 0
    in_time: int = 0
    times: Times = field(default_factory=Times)
    refused: Counter[str] = field(default_factory=Counter)
    """By reason."""

    @property
    def answered(self) -> int:
        """A refusal is an answer too."""
        return self.times.count

    @property
    def within_percent(self) -> float:
        """The share that was answered in time; of no request, all."""
        return 100 * self.in_time / self.sent if self.sent else 100.0

    def add(self, seconds: float, within_s: float, reason: str | None) -> None:
        """An answer."""
        self.times.add(seconds)
        self.in_time += seconds <= within_s
        if reason is not None:
            self.refused[reason] += 1
