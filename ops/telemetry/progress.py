"""How far each partition is, at any moment: lag that is true although a loop stands still.

In:       what the loops and the group member tell: records taken, positions, ends of the log.
Out:      lag in records and in seconds, computed when they are asked for; whether a loop has nothing to do.
Promise:  what is not known is None, never 0. The age of what is in hand is exact; of what waits for its poll it is at
          most a few seconds off. Only partitions that are served here are known.

The end of the log is the last stable offset, since no more can be read than that. It is asked for every few seconds
(`consumers/loop/broker_watch.py`): what fetches tell of it stands still while a batch is in hand.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from schemas.observation.partitions import Ends

FRESH_S: Final = 30.0
"""An end heard of longer ago says nothing about what senders have sent since."""

Place = tuple[str, int]
"""Topic and partition."""


@dataclass(slots=True)
class PartitionProgress:
    """One partition; all times in seconds since 1970."""

    turned_at: float
    moved_at: float
    position: int | None = None
    """The oldest record that is not answered, or where it will be."""
    taken_at: float | None = None
    """Timestamp of the oldest record in hand."""
    newest_at: float = 0.0
    """Timestamp of the newest record that was ever in hand."""
    not_before: float | None = None
    """No unread record is older: when there was nothing to read, or the timestamp of the last one answered."""
    ends: Ends | None = None
    heard_at: float = 0.0

    def lag_records(self, now: float) -> int | None:
        """Offsets between position and end; None if one of them is not known."""
        if self.position is None or self.ends is None or now - self.heard_at > FRESH_S:
            return None
        return max(0, self.ends.last_stable - self.position)

    def lag_s(self, now: float) -> float | None:
        """Age of the oldest record that is not answered.

        What is in hand has its timestamp. What waits to be polled is no older than `not_before`.
        """
        if self.taken_at is not None:
            return max(0.0, now - self.taken_at)
        lag = self.lag_records(now)
        if lag is None or lag == 0:
            return lag
        return None if self.not_before is None else max(0.0, now - self.not_before)

    def take(self, offset: int, oldest_s: float, newest_s: float) -> None:
        """The record at `offset` is the oldest in hand; both are timestamps, of it and of the batch's last one."""
        self.position, self.taken_at, self.newest_at = offset, oldest_s, newest_s

    def reach(self, position: int, now: float) -> None:
        """All before `position` is answered; a start over goes back to the record that was in hand."""
        if self.position is not None and position > self.position:
            self.moved_at = now
            self.not_before, self.taken_at = max(self.newest_at, self.not_before or 0.0), None
        self.position = position
        self._rest(now)

    def hear(self, ends: Ends, now: float) -> None:
        """The broker says where the log ends."""
        self.ends, self.heard_at = ends, now
        self._rest(now)

    def _rest(self, now: float) -> None:
        if self.taken_at is None and self.lag_records(now) == 0:
            self.not_before = now


class Progress:
    """All partitions served by this process. `clock`: seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._partitions: dict[Place, PartitionProgress] = {}

    def now(self) -> float:
        """The time that ages are measured against."""
        return self._clock()

    def __iter__(self) -> Iterator[tuple[Place, PartitionProgress]]:
        return iter(sorted(self._partitions.items()))

    def __contains__(self, place: Place) -> bool:
        return place in self._partitions

    def serve(self, places: frozenset[Place]) -> None:
        """These are served here from now on, and no others."""
        now = self._clock()
        self._partitions = {
            place: self._partitions.get(place) or PartitionProgress(turned_at=now, moved_at=now) for place in places
        }

    def took(self, place: Place, offset: int, oldest_s: float, newest_s: float) -> None:
        """A batch is in hand: the offset of its first record, timestamps of its first and its last one."""
        if found := self._partitions.get(place):
            found.take(offset, oldest_s, newest_s)

    def reached(self, place: Place, position: int) -> None:
        """Nothing is in hand; the next record will be here or behind."""
        if found := self._partitions.get(place):
            found.reach(position, self._clock())

    def heard(self, ends: Mapping[Place, Ends]) -> None:
        """Where logs end."""
        now = self._clock()
        for place, end in ends.items():
            if found := self._partitions.get(place):
                found.hear(end, now)

    def turned(self, place: Place) -> None:
        """A loop went round."""
        if found := self._partitions.get(place):
            found.turned_at = self._clock()

    def lost(self, place: Place) -> None:
        """Another process has it; what was known is no longer true. It may come back."""
        if place in self._partitions:
            now = self._clock()
            self._partitions[place] = PartitionProgress(turned_at=now, moved_at=now)

    def is_idle(self, topic: str, partition: int) -> bool:
        """Whether it is known that there is nothing to do."""
        found = self._partitions.get((topic, partition))
        return found is not None and found.taken_at is None and found.lag_records(self._clock()) == 0
