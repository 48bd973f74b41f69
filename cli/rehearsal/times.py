"""Many durations in little memory.

In:       seconds, one after the other.
Out:      their number, percentiles and maximum.
Promise:  a percentile is at most 2 per cent too high, never too low; the maximum is exact. Memory does not grow with
          the number of durations.
"""

from collections import Counter
from dataclasses import dataclass, field
from math import ceil, exp, log
from typing import Final

RESOLUTION: Final = log(1.02)
SHORTEST_S: Final = 0.001
"""Shorter ones count as this; records have timestamps in milliseconds."""
EXACT: Final = 1e-9
"""99.9 per cent of 1,000 are 999, whatever floats make of it."""


@dataclass(slots=True)
class Times:
    """Durations by classes whose bounds grow by 2 per cent."""

    count: int = 0
    max_s: float = 0.0
    _classes: Counter[int] = field(default_factory=Counter)

    def add(self, seconds: float) -> None:
        """One more."""
        self.count += 1
        self.max_s = max(self.max_s, seconds)
        self._classes[ceil(log(max(seconds, SHORTEST_S) / SHORTEST_S) / RESOLUTION)] += 1

    def within(self, share: float, of: int | None = None) -> float | None:
        """The time in which this share of all were over, or of a larger number `of`. None if fewer were."""
        wanted = ceil((self.count if of is None else of) * share - EXACT)
        if not 0 < wanted <= self.count:
            return None
        found = 0
        for number in sorted(self._classes):
            found += self._classes[number]
            if found >= wanted:
                return min(self.max_s, SHORTEST_S * exp(number * RESOLUTION))
        return self.max_s
