"""Progress and lag of each partition, correct at any moment, also while a loop is blocked.

In:       records taken and positions, from the loops; end offsets, from the broker watch.
Out:      lag in records and in seconds, computed on demand; whether a partition has nothing to read.
Promise:  an unknown value is None, never 0. The age of a batch in progress is exact; that of a record that waits to
          be polled is at most a few seconds off. Only partitions served here are known.

The end of the log is the last stable offset: no later record can be read. It is fetched every few seconds
(`consumers/loop/broker_watch.py`), because the value in fetch responses does not move during a batch.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from schemas.observation.partitions import Ends

FRESH_S: Final = 30.0
"""An older end offset is unknown: senders may have written since."""

Place = tuple[str, int]
"""Topic and partition."""


@dataclass(slots=True)
class PartitionProgress:
    """One partition; all times in seconds since 1970."""

    turned_at: float
    moved_at: float
    position: int | None = None
    """Offset of the oldest unanswered record, or of the next one to come."""
    taken_at: float | None = None
    """Timestamp of the oldest record of the batch in progress; None: no batch is in progress."""
    newest_at: float = 0.0
    """Timestamp of the newest record of any batch so far."""
    not_before: float | None = None
    """Lower bound for timestamps of unread records: the last time without lag, or the last answered timestamp."""
    ends: Ends | None = None
    ends_at: float = 0.0
    is_paused: bool = False
    """It is served no further; until another assignment."""

    def lag_records(self, now: float) -> int | None:
        """Offsets between position and end; None if either is unknown."""
        if self.position is None or self.ends is None or now - self.ends_at > FRESH_S:
            return None
        return max(0, self.ends.last_stable - self.position)

    def lag_s(self, now: float) -> float | None:
        """Age of the oldest unanswered record.

        A batch in progress has its timestamp. A record that waits to be polled is no older than `not_before`.
        """
        if self.taken_at is not None:
            return max(0.0, now - self.taken_at)
        lag = self.lag_records(now)
        if lag is None or lag == 0:
            return lag
        return None if self.not_before is None else max(0.0, now - self.not_before)

    def take(self, offset: int, oldest_s: float, newest_s: float) -> None:
        """A batch is in progress: the offset of its first record, the timestamps of its first and last record."""
        self.position, self.taken_at, self.newest_at = offset, oldest_s, newest_s

    def reach(self, position: int, now: float) -> None:
        """All records before `position` are answered. After a restart of the loop, it may be lower than before."""
        if self.position is not None and position > self.position:
            self.moved_at = now
            self.not_before, self.taken_at = max(self.newest_at, self.not_before or 0.0), None
        self.position = position
        self._note_idle(now)

    def update_ends(self, ends: Ends, now: float) -> None:
        """Take the end offsets that the broker reported."""
        self.ends, self.ends_at = ends, now
        self._note_idle(now)

    def _note_idle(self, now: float) -> None:
        if self.taken_at is None and self.lag_records(now) == 0:
            self.not_before = now


class Progress:
    """All partitions served by this process. `clock`: seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._partitions: dict[Place, PartitionProgress] = {}

    def now(self) -> float:
        """The clock's time, for ages."""
        return self._clock()

    def __iter__(self) -> Iterator[tuple[Place, PartitionProgress]]:
        return iter(sorted(self._partitions.items()))

    def __contains__(self, place: Place) -> bool:
        return place in self._partitions

    def serve(self, places: frozenset[Place]) -> None:
        """Track exactly these partitions from now on."""
        now = self._clock()
        self._partitions = {
            place: self._partitions.get(place) or PartitionProgress(turned_at=now, moved_at=now) for place in places
        }

    def took(self, place: Place, offset: int, oldest_s: float, newest_s: float) -> None:
        """A batch is in progress; see `PartitionProgress.take`."""
        if found := self._partitions.get(place):
            found.take(offset, oldest_s, newest_s)

    def reached(self, place: Place, position: int) -> None:
        """No batch is in progress; the next record is at `position` or later."""
        if found := self._partitions.get(place):
            found.reach(position, self._clock())

    def ends_read(self, ends: Mapping[Place, Ends]) -> None:
        """Take the end offsets that the broker reported."""
        now = self._clock()
        for place, end in ends.items():
            if found := self._partitions.get(place):
                found.update_ends(end, now)

    def turned(self, place: Place) -> None:
        """A loop finished a poll and its batch."""
        if found := self._partitions.get(place):
            found.turned_at = self._clock()

    def halted(self, place: Place) -> None:
        """The partition is paused."""
        if found := self._partitions.get(place):
            found.is_paused = True

    def lost(self, place: Place) -> None:
        """Another process owns the partition; forget what was known. It may come back."""
        if place in self._partitions:
            now = self._clock()
            self._partitions[place] = PartitionProgress(turned_at=now, moved_at=now)

    def is_idle(self, topic: str, partition: int) -> bool:
        """Whether it is known that there is nothing to do."""
        found = self._partitions.get((topic, partition))
        return found is not None and found.taken_at is None and found.lag_records(self._clock()) == 0
