"""A partition's walk through a campaign's codes, in the order of their ids: what it has seen, and what is next.

In:       what all partitions have walked so far; the codes that were found in a window.
Out:      windows to read, largest gap first; the parts that need not be read again. No I/O.
Promise:  only a hint. A part counts as walked once every code that was available in it is somebody's. Codes that come
          behind it later are marked (`returned`), or found by a look at everything: see `stock.py`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import randrange
from typing import Final, NamedTuple

from handlers.code_ids import PLACES

PARTS_MAX: Final = 64
"""Parts that a shard document holds. A smaller part that is forgotten is read once more."""


class Part(NamedTuple):
    """Places from `low` to `high`, which is not included."""

    low: int
    high: int

    @property
    def width(self) -> int:
        """Places in it."""
        return self.high - self.low


WHOLE: Final = Part(0, PLACES)


@dataclass(frozen=True, slots=True)
class Walked:
    """What partitions have walked, as their shard documents say."""

    parts: Sequence[Part] = ()
    heads: frozenset[int] = frozenset()
    """Where they are: the ends of their last parts."""


@dataclass(slots=True)
class Reading:
    """A part that is being read."""

    low: int
    at: int
    """Read so far."""
    fresh: dict[str, int] = field(default_factory=dict)
    """Places of the codes found in it that nobody has yet."""

    def walked(self, taken: Collection[str] = ()) -> Part:
        """The part in front of the first code that is left once these are taken."""
        left = (place for code_id, place in self.fresh.items() if code_id not in taken)
        return Part(self.low, min(left, default=self.at))


class Walk:
    """Of one partition through the codes of one kind. It begins at `home`, another place for each partition."""

    def __init__(self, home: int, done: Iterable[Part] = ()) -> None:
        self._home = home
        self._done = list(done)
        self._readings: list[Reading] = []
        self._jumps = False

    def window(self, width: int, of_all: Walked) -> Part | None:
        """The next places to read; None: everything is walked."""
        gaps = gaps_between([*of_all.parts, *self._done, *(Part(part.low, part.at) for part in self._readings)])
        if not gaps:
            return None
        gap = self._goes_on(gaps) or self._begins(gaps, width, of_all)
        return Part(gap.low, min(gap.high, gap.low + width))

    def read(self, until: int, fresh: Mapping[str, int]) -> None:
        """The window was read up to a place, and these codes were found, with their places."""
        reading = self._readings[-1]
        reading.at = until
        reading.fresh.update(fresh)

    def used(self, code_ids: Iterable[str]) -> None:
        """These are somebody's now."""
        for code_id in code_ids:
            for reading in self._readings:
                reading.fresh.pop(code_id, None)

    def forget(self) -> None:
        """What was found proved stale: begin elsewhere, to be out of the other partition's way."""
        self._done = self.parts()
        self._readings = []
        self._jumps = True

    def parts(self, taken: Collection[str] = ()) -> list[Part]:
        """What is walked once these codes are taken; the last one is where the walk is."""
        *before, last = [*self._done, *(reading.walked(taken) for reading in self._readings)] or [Part(0, 0)]
        whole = sorted(merged(before), key=lambda part: part.width)[-(PARTS_MAX - 1) :]
        return [part for part in (*whole, last) if part.width]

    def _goes_on(self, gaps: Iterable[Part]) -> Part | None:
        """The gap in which the walk is."""
        if not self._readings:
            return None
        return next((gap for gap in gaps if gap.low == self._readings[-1].at), None)

    def _begins(self, gaps: Sequence[Part], width: int, of_all: Walked) -> Part:
        """The largest gap; not where another partition is, unless so little is left that it is read at once."""
        gap = max(gaps, key=lambda found: found.width)
        low = gap.low
        if gap == WHOLE:
            low = self._home
        elif gap.width > width and (self._jumps or low in of_all.heads):
            low += randrange(gap.width * 3 // 4)  # noqa: S311  # spreads partitions, hides nothing
        self._jumps = False
        self._done = merged([*self._done, *(reading.walked() for reading in self._readings if not reading.fresh)])
        self._readings = [*(reading for reading in self._readings if reading.fresh), Reading(low, low)]
        return Part(low, gap.high)


def merged(parts: Iterable[Part]) -> list[Part]:
    """The same places, in order, in as few parts as possible."""
    joined: list[Part] = []
    for part in sorted(parts):
        if joined and part.low <= joined[-1].high:
            joined[-1] = Part(joined[-1].low, max(joined[-1].high, part.high))
        else:
            joined.append(part)
    return joined


def gaps_between(parts: Iterable[Part]) -> list[Part]:
    """The places that are in no part."""
    gaps, low = [], 0
    for part in merged(parts):
        if part.low > low:
            gaps.append(Part(low, part.low))
        low = max(low, part.high)
    return [*gaps, Part(low, PLACES)] if low < PLACES else gaps


def parts_of(numbers: Sequence[int]) -> list[Part]:
    """A shard document's numbers as parts; whatever is none (edited by hand) is left out."""
    pairs = zip(numbers[::2], numbers[1::2], strict=False)
    return [Part(low, high) for low, high in pairs if 0 <= low < high <= PLACES]


def numbers_of(parts: Iterable[Part]) -> list[int]:
    """Parts as a shard document has them."""
    return [number for part in parts for number in part]
