"""Trend of the lag over the last minute.

In:       the lag, and the time of each sample.
Out:      by group and topic: unread records, age of the oldest, and a word for the trend.
Promise:  keeps the samples of one minute, at most `SAMPLES_MAX`. An unknown value is None, never 0.
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
"""A smaller relative change counts as steady."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class TopicLag:
    """Lag of a group on a topic, over all partitions."""

    group: str
    topic: str
    records: int | None
    age_s: float | None
    trend: str


class Trends:
    def __init__(self) -> None:
        self._samples: dict[Key, deque[tuple[float, int]]] = {}

    def add(self, lag: LagList, now_s: float) -> list[TopicLag]:
        """Add a sample. Returns the lag and trend of each group and topic, most unread records first."""
        parts = sorted(lag.items, key=key_of)
        found = [self._topic(key, list(group), now_s) for key, group in groupby(parts, key=key_of)]
        return sorted(found, key=lambda lag: (-(lag.records or 0), lag.topic, lag.group))

    def _topic(self, key: Key, parts: Sequence[PartitionLag], now_s: float) -> TopicLag:
        records, ages = [part.records for part in parts], [part.age_s for part in parts]
        known_ages = [age for age in ages if age is not None]
        total = None if None in records else sum(count or 0 for count in records)
        samples = self._samples.setdefault(key, deque(maxlen=SAMPLES_MAX))
        if total is not None:
            samples.append((now_s, total))
        while samples and samples[0][0] < now_s - OVER_S:
            samples.popleft()
        age = max(known_ages) if len(known_ages) == len(ages) else None
        return TopicLag(*key, total, age, word_of([count for _, count in samples]))


def key_of(part: PartitionLag) -> Key:
    return part.group, part.topic


def word_of(samples: Sequence[int]) -> str:
    """The trend from the first sample to the last; same words as on the page."""
    if not samples or samples[-1] == 0:
        return "caught up" if any(samples) else "nothing waits" if samples else "not known"
    first, last = samples[0], samples[-1]
    if len(samples) == 1:
        return "not known yet"
    if abs(last - first) <= STEADY_PART * max(first, last):
        return "steady"
    return "rising" if last > first else "falling"
