"""What an audit may conclude from what it has read: how far each topic reaches back, and what stood still.

In:       what retention has left, when it was read, what was asked for.
Out:      `Terms`, and the values that the questions to the tables need.
Promise:  an answer is missed only if its topic still reaches back to the time of what it answers; two accounts are
          compared only if neither moved while they were read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from schemas.base import rfc3339
from schemas.records import instant_of
from schemas.settings import ProcessingGuarantee
from schemas.topics import ASSIGNED, DEAD_LETTERS, IMPORTS, INVENTORY, RESULTS

ALWAYS_MS: Final = 1 << 62
"""Later than everything."""
NEVER_MS: Final = -1
CLOCKS_APART_MS: Final = 60_000
"""Between brokers, workers and this process; a transaction may also be that long under way."""
OVERDUE_MS: Final = 600_000
"""A hold that ended so long ago should have been released: the expirer asks again every minute by default."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The same for all questions of an audit."""

    reach: Mapping[str, int] = field(default_factory=dict)
    """By topic without prefix: before this it may have lost records; 0 or absent: it has lost none."""
    emptied: frozenset[str] = frozenset()
    """Topics of which a partition has lost all its records."""
    since_ms: int = 0
    until_ms: int = ALWAYS_MS
    """Requests that are judged, by their records' time."""
    is_quiet: bool = True
    """Nothing was asked for while all was read."""
    waiting_from_ms: int | None = None
    """The oldest request that was not served: what it caused may be in the database, and told nowhere yet."""
    read_from_ms: int | None = None
    """When the reading began; None: the clock says nothing about what was read."""
    is_snapshot: bool = True
    """The collections were read at one time."""
    guarantee: ProcessingGuarantee = "exactly_once"

    @property
    def is_whole(self) -> bool:
        """Nothing is gone and nothing moved: sums must agree exactly."""
        return self.is_quiet and not any(self.reach.values()) and not self.since_ms and self.until_ms == ALWAYS_MS

    @property
    def before_ms(self) -> int:
        """What was moved by then had been moved before anything was read."""
        return ALWAYS_MS if self.read_from_ms is None else self.read_from_ms - CLOCKS_APART_MS

    def left_from(self, topic: str) -> int:
        """What was caused from then on must have its record there."""
        reach = self.reach.get(topic, 0)
        return reach + CLOCKS_APART_MS if reach else 0

    def judged_from(self, topic: str) -> int:
        """The same, and asked for."""
        return max(self.left_from(topic), self.since_ms)

    def values(self) -> dict[str, int]:
        """For the questions."""
        moving_ms = ALWAYS_MS if self.is_snapshot else self.before_ms
        told_ms = NEVER_MS if self.read_from_ms is None else self.before_ms
        if self.waiting_from_ms is not None:
            told_ms = min(told_ms, self.waiting_from_ms - CLOCKS_APART_MS)
        return {
            "until": self.until_ms,
            "answered_from": self.judged_from(RESULTS.name),
            "lettered_from": self.judged_from(DEAD_LETTERS.name),
            "ended_from": self.judged_from(IMPORTS.name),
            "assigned_from": self.judged_from(ASSIGNED.name),
            "counted_from": self.judged_from(INVENTORY.name),
            "sent_until": ALWAYS_MS if self.is_quiet else self.before_ms,
            "settled": ALWAYS_MS if self.is_quiet else moving_ms,
            "told_settled": ALWAYS_MS if self.is_quiet else told_ms,
            "overdue_before": NEVER_MS if self.read_from_ms is None else self.read_from_ms - OVERDUE_MS,
            "quiet": self.is_quiet,
            "whole": self.is_whole,
            "once": self.guarantee == "exactly_once",
        }


def at(instant_ms: int) -> str:
    """As in the contract."""
    return rfc3339(instant_of(instant_ms))
