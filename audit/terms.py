"""What an audit may conclude from what it has read: how far each topic reaches back, and what stood still.

In:       what retention has left, when it was read, the window asked for.
Out:      `Terms`, and the parameters of the queries.
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
"""Between brokers, workers and this process; a transaction may also take that long."""
OVERDUE_MS: Final = 600_000
"""A hold that ended so long ago should have been released: the expirer asks again every minute by default."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The same for all checks of an audit."""

    retained_since_ms: Mapping[str, int] = field(default_factory=dict)
    """By topic without prefix: before this it may have lost records; 0 or absent: it has lost none."""
    expired_topics: frozenset[str] = frozenset()
    """Topics of which a partition has lost all its records."""
    blocked_by_open_transaction: frozenset[str] = frozenset()
    """Topics of which an open transaction hides records that may belong to served requests."""
    since_ms: int = 0
    until_ms: int = ALWAYS_MS
    """Requests that are judged, by their records' time."""
    is_quiet: bool = True
    """No request waited or came while everything was read."""
    waiting_from_ms: int | None = None
    """The oldest request that was not served: its effects may be in the database, and published nowhere yet."""
    read_from_ms: int | None = None
    """When the reading began; None: the clock says nothing about what was read."""
    is_snapshot: bool = True
    """The collections were read at one time."""
    guarantee: ProcessingGuarantee = "exactly_once"
    removed_campaigns: int = 0
    """Archived or purged: topics may have records of them, and the database has nothing to compare those with."""

    @property
    def is_whole(self) -> bool:
        """Nothing is gone or hidden and nothing moved: sums must agree exactly."""
        is_complete = not any(self.retained_since_ms.values()) and not self.blocked_by_open_transaction
        return self.is_quiet and is_complete and not self.since_ms and self.until_ms == ALWAYS_MS

    @property
    def before_ms(self) -> int:
        """What was moved by then had been moved before anything was read."""
        return ALWAYS_MS if self.read_from_ms is None else self.read_from_ms - CLOCKS_APART_MS

    @property
    def settled_ms(self) -> int:
        """What was moved by then did not move while the database was read."""
        return ALWAYS_MS if self.is_quiet or self.is_snapshot else self.before_ms

    @property
    def published_ms(self) -> int:
        """What was moved by then must have been published before the topics were read."""
        if self.is_quiet:
            return ALWAYS_MS
        published_ms = NEVER_MS if self.read_from_ms is None else self.before_ms
        if self.waiting_from_ms is None:
            return published_ms
        return min(published_ms, self.waiting_from_ms - CLOCKS_APART_MS)

    def left_from(self, topic: str) -> int:
        """The effects of what happened from then on must be readable on the topic."""
        if topic in self.blocked_by_open_transaction:
            return ALWAYS_MS
        since_ms = self.retained_since_ms.get(topic, 0)
        return since_ms + CLOCKS_APART_MS if since_ms else 0

    def judged_from(self, topic: str) -> int:
        """The same, within the window."""
        return max(self.left_from(topic), self.since_ms)

    def parameters(self) -> dict[str, int]:
        """Of the queries."""
        return {
            "since": self.since_ms,
            "until": self.until_ms,
            "answered_from": self.judged_from(RESULTS.name),
            "lettered_from": self.judged_from(DEAD_LETTERS.name),
            "ended_from": self.judged_from(IMPORTS.name),
            "assigned_from": self.judged_from(ASSIGNED.name),
            "counted_from": self.judged_from(INVENTORY.name),
            "sent_until": ALWAYS_MS if self.is_quiet else self.before_ms,
            "settled": self.settled_ms,
            "published": self.published_ms,
            "overdue_before": NEVER_MS if self.read_from_ms is None else self.read_from_ms - OVERDUE_MS,
            "quiet": self.is_quiet,
            "whole": self.is_whole,
            "once": self.guarantee == "exactly_once",
        }


def at(instant_ms: int) -> str:
    """In the contract's form."""
    return rfc3339(instant_of(instant_ms))
