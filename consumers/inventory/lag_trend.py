"""Which way the lag of each group and topic goes, judged by the process that reads it.

In:       every partition's lag, each time it is read.
Out:      `TopicLag` by group and topic: unread records, a word for the trend, and for how long nothing was read of a
          partition that has unread records.
Promise:  an unknown value is None, never 0. Keeps `SAMPLES_MAX` readings. The same for everybody who asks, however
          long they have been watching.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from consumers.inventory.lag import Lag

SAMPLES_MAX: Final = 60
"""Five minutes, as the lag is read every five seconds."""
WORD_SAMPLES: Final = 13
"""A minute."""
STALLED_S: Final = 10.0
"""Two readings without a committed offset; less is a slow batch."""
STEADY_PART: Final = 0.05
"""A smaller relative change counts as steady."""


@dataclass(frozen=True, slots=True)
class TopicLag:
    """Lag of a group on a topic, over all partitions."""

    group: str
    topic: str
    """Full name."""
    records: int | None
    age_s: float | None
    trend: str
    stalled_s: float | None
    """Seconds since the group committed an offset of a partition with unread records; None: less than `STALLED_S`."""
    samples: tuple[int | None, ...]
    """Unread records at the last readings, earliest first."""


@dataclass(slots=True)
class LagTrends:
    """What was read so far."""

    _samples: dict[tuple[str, str], deque[int | None]] = field(default_factory=dict)
    _moved: dict[tuple[str, str, int], tuple[int | None, float]] = field(default_factory=dict)
    """By group, topic and partition with unread records: the committed offset, and since when it is that."""

    def add(self, lags: Sequence[Lag], now_s: float) -> list[TopicLag]:
        """Take a reading; most unread records first."""
        parts = sorted(lags, key=key_of)
        found = [self._topic(key, list(group), now_s) for key, group in groupby(parts, key=key_of)]
        return sorted(found, key=lambda lag: (-(lag.records or 0), lag.topic, lag.group))

    def _topic(self, key: tuple[str, str], parts: Sequence[Lag], now_s: float) -> TopicLag:
        records, ages = [part.records for part in parts], [part.age_s for part in parts]
        known_ages = [age for age in ages if age is not None]
        total = None if None in records else sum(count or 0 for count in records)
        samples = self._samples.setdefault(key, deque(maxlen=SAMPLES_MAX))
        samples.append(total)
        still_s = max(self._still_s(part, now_s) for part in parts)
        stalled_s = round(still_s, 1) if still_s >= STALLED_S else None
        word = word_of(list(samples)[-WORD_SAMPLES:]) if stalled_s is None else "stalled"
        age_s = max(known_ages) if len(known_ages) == len(ages) else None
        return TopicLag(*key, total, age_s, word, stalled_s, tuple(samples))

    def _still_s(self, part: Lag, now_s: float) -> float:
        """For how long nothing was committed of this partition, although it has unread records."""
        place = part.group, part.topic, part.partition
        if not part.records:
            self._moved.pop(place, None)
            return 0.0
        committed, since_s = self._moved.get(place, (part.committed, now_s))
        if committed != part.committed:
            since_s = now_s
        self._moved[place] = (part.committed, since_s)
        return now_s - since_s


def key_of(lag: Lag) -> tuple[str, str]:
    return lag.group, lag.topic


def word_of(samples: Sequence[int | None]) -> str:
    """The trend from the first known sample to the last."""
    known = [count for count in samples if count is not None]
    if not known:
        return "not known"
    if known[-1] == 0:
        return "caught up" if any(known) else "nothing waits"
    if len(known) == 1:
        return "not known yet"
    first, last = known[0], known[-1]
    if abs(last - first) <= STEADY_PART * max(first, last):
        return "steady"
    return "rising" if last > first else "falling"
