"""What the lag does: one figure is no news, its way is.

In:       the lag as it is told, and when.
Out:      by group and topic: unread records, the age of the oldest, and a word for the last minute.
Promise:  the samples of a minute, and `SAMPLES_MAX` of them at most. What is not known is None, never 0.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from web.models import LagList, PartitionLag

OVER_S: Final = 60.0
SAMPLES_MAX: Final = 120
STEADY_PART: Final = 0.05
"""A change of less is none."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class TopicLag:
    """One topic as one group sees it, its partitions together."""

    group: str
    topic: str
    records: int | None
    age_s: float | None
    trend: str


class Trends:
    """Remembers a minute."""

    def __init__(self) -> None:
        self._samples: dict[Key, deque[tuple[float, int]]] = {}

    def add(self, lag: LagList, now_s: float) -> list[TopicLag]:
        """Note what is told, and say what has become of it: what waits longest in number first."""
        parts = sorted(lag.items, key=key_of)
        found = [self._topic(key, list(group), now_s) for key, group in groupby(parts, key=key_of)]
        return sorted(found, key=lambda one: (-(one.records or 0), one.topic, one.group))

    def _topic(self, key: Key, parts: Sequence[PartitionLag], now_s: float) -> TopicLag:
        records, ages = [one.records for one in parts], [one.age_s for one in parts]
        known_ages = [age for age in ages if age is not None]
        total = None if None in records else sum(one or 0 for one in records)
        samples = self._samples.setdefault(key, deque(maxlen=SAMPLES_MAX))
        if total is not None:
            samples.append((now_s, total))
        while samples and samples[0][0] < now_s - OVER_S:
            samples.popleft()
        age = max(known_ages) if len(known_ages) == len(ages) else None
        return TopicLag(*key, total, age, word_of([count for _, count in samples]))


def key_of(part: PartitionLag) -> Key:
    """Group and topic."""
    return part.group, part.topic


def word_of(samples: Sequence[int]) -> str:
    """The way from the first sample to the last, in the page's words."""
    if not samples or samples[-1] == 0:
        return "caught up" if any(samples) else "nothing waits" if samples else "not known"
    first, last = samples[0], samples[-1]
    if len(samples) == 1:
        return "not known yet"
    if abs(last - first) <= STEADY_PART * max(first, last):
        return "steady"
    return "rising" if last > first else "falling"
