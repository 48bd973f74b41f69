"""How fast an import goes, and how long it will take: the same for the page, `codes top` and `codes imports`.

In:       its progress events; the present instant.
Out:      rows a second, and the time left; None while they are not known.
Promise:  a time left is never made of a single event, and grows while no event arrives. Keeps `SAMPLES_MAX` events.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

WINDOW_S: Final = 60.0
"""Events older than this, counted from the latest one, do not count."""
SPAN_S_MIN: Final = 1.0
"""Between the first event and now; a shorter time says nothing about a rate."""
EVENT_EVERY_S: Final = 3.0
"""An importer's events are at most this far apart while it writes; a longer silence counts as time without rows."""
SAMPLES_MAX: Final = 120


class Sample(NamedTuple):
    """How far an import was at an instant."""

    at_s: float
    rows: int
    bytes_read: int


@dataclass(slots=True)
class Pace:
    """Of one import."""

    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=SAMPLES_MAX))

    def add(self, sample: Sample) -> None:
        """Take an event."""
        self.samples.append(sample)
        while self.samples[0].at_s < sample.at_s - WINDOW_S:
            self.samples.popleft()

    def rows_per_s(self, now_s: float) -> float | None:
        """Rows a second; None while it is not known."""
        seconds = self._seconds(now_s)
        if seconds is None:
            return None
        return round((self.samples[-1].rows - self.samples[0].rows) / seconds, 1)

    def left_s(self, now_s: float, bytes_total: int | None) -> float | None:
        """Seconds until the end at the present pace; None without a pace or a size."""
        seconds = self._seconds(now_s)
        if seconds is None or not bytes_total:
            return None
        first, last = self.samples[0], self.samples[-1]
        done = last.bytes_read - first.bytes_read
        return round(max(bytes_total - last.bytes_read, 0) * seconds / done, 1) if done > 0 else None

    def _seconds(self, now_s: float) -> float | None:
        """The time that the samples took, with the silence after them."""
        if len(self.samples) <= 1:
            return None
        last = self.samples[-1].at_s
        seconds = max(last, now_s - EVENT_EVERY_S) - self.samples[0].at_s
        return seconds if seconds >= SPAN_S_MIN else None


def average(rows: int, seconds: float | None) -> float | None:
    """Rows a second of an import that has ended; None if it read no row."""
    return round(rows / seconds, 1) if rows and seconds else None
