"""Pauses a partition after too many consecutive dead letters.

In:       which records of a batch were rejected.
Out:      how many records of a batch may be served; `PartitionPaused`.
Promise:  at most `limit` consecutive unreadable records become dead letters; those behind them stay unanswered. The
          pause lasts as long as the process, also across rebalances, unless another process has served on.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from schemas.errors import PartitionPaused
from schemas.records import Asked, IncomingRecord, Rejected
from schemas.requests import Request


@dataclass(slots=True)
class Breaker:
    """Of one partition."""

    limit: int
    """0: it never opens."""
    run: int = 0
    """Consecutive dead letters so far."""
    is_open: bool = False
    _next: int | None = None
    """Offset of the first record that is not served; None if it has not arrived yet."""

    def check(self, first_offset: int) -> None:
        """Raises PartitionPaused if it is open, and these are the records that it was opened for."""
        if not self.is_open:
            return
        if self._next is None:
            self._next = first_offset
        if self._next == first_offset:
            raise PartitionPaused(self.run, first_offset)
        self.run, self.is_open, self._next = 0, False, None

    def admitted(self, read: Sequence[Asked[Request] | Rejected]) -> int:
        """How many records of a batch may be served: up to the one that reaches the limit."""
        if not self.limit:
            return len(read)
        runs = runs_of((isinstance(found, Rejected) for found in read), self.run)
        return next((number for number, run in enumerate(runs, start=1) if run == self.limit), len(read))

    def count(self, records: Sequence[IncomingRecord], rejections: Iterable[Rejected], left: int | None) -> None:
        """After the commit. `left` is the offset of the first record that was not admitted.

        Raises:
            PartitionPaused: the limit is reached.
        """
        if not self.limit:
            return
        rejected = {rejection.record.offset for rejection in rejections}
        runs = list(runs_of((record.offset in rejected for record in records), self.run))
        self.run = runs[-1]
        if max(runs) >= self.limit:
            self.is_open, self._next = True, left
            raise PartitionPaused(max(runs), records[-1].offset + 1)


def runs_of(rejected: Iterable[bool], before: int) -> Iterator[int]:
    """At each record, how many consecutive ones were rejected up to it."""
    runs = accumulate(rejected, lambda run, is_rejected: run + 1 if is_rejected else 0, initial=before)
    next(runs)
    return runs


@dataclass(slots=True)
class Breakers:
    """Of all partitions that a process serves or served."""

    limit: int
    _of: dict[str, Breaker] = field(default_factory=dict)

    def of(self, shard: str) -> Breaker:
        """The one of this partition, as it was left."""
        return self._of.setdefault(shard, Breaker(self.limit))
