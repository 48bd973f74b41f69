"""How a campaign's counts moved: rates, the time until it is empty, and its history.

In:       inventory events of the last day, with the instants they name.
Out:      `Motion`: codes that left the stock a second, and counts at earlier instants.
Promise:  bounded: at most `FINE.steps_max` and `COARSE.steps_max` steps a campaign and type. Points are counted back
          from the present counts, so a missing event makes a point late and never the last point wrong.

A shard's first event here has no predecessor to compare with: unless it is the shard's very first (version 1), it
moves nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from handlers.inventory.counts import Counts
from schemas.base import CodeType
from schemas.events import InventoryChanged

RATE_DIGITS: Final = 3
MINUTE_S: Final = 60
FIVE_MINUTES_S: Final = 300
WINDOWS_S: Final = (MINUTE_S, FIVE_MINUTES_S)
"""The windows that rates look back over."""
LONGEST_WINDOW_S: Final = max(WINDOWS_S)


class Resolution(NamedTuple):
    """How finely, and for how long."""

    step_s: int
    steps_max: int


FINE: Final = Resolution(step_s=10, steps_max=360)
"""An hour."""
COARSE: Final = Resolution(step_s=60, steps_max=1_440)
"""A day."""


class Point(NamedTuple):
    """Counts at an instant."""

    at_s: int
    """Seconds since 1970."""
    counts: Counts


@dataclass(slots=True)
class Steps:
    """Changes at a resolution, by the step's number since 1970; a step without a change takes no memory."""

    resolution: Resolution
    changes: dict[int, Counts] = field(default_factory=dict)
    latest: int = 0

    def add(self, at_s: float, change: Counts) -> None:
        """Add a change; changes older than the limit are dropped."""
        step = int(at_s // self.resolution.step_s)
        if step > self.latest:
            self.latest = step
            self.changes = {number: kept for number, kept in self.changes.items() if number > self._oldest}
        if step > self._oldest:
            self.changes[step] = self.changes.get(step, Counts()).plus(change)

    def numbers_since(self, first: int) -> range:
        """Steps from `first` on that may have a change."""
        return range(max(first, self._oldest + 1), self.latest + 1)

    def left_in(self, step: int) -> int:
        """Codes that left the stock in a step, less those that came back."""
        change = self.changes.get(step)
        return 0 if change is None else change.reserved + change.assigned

    @property
    def _oldest(self) -> int:
        return self.latest - self.resolution.steps_max

    def keeps(self, step: int) -> bool:
        """Whether every change of this step and of later ones is still here."""
        return step > self._oldest


@dataclass(slots=True)
class WindowSum:
    """Codes that left the stock in a step and all after it: an addition a change, a subtraction a step that ends."""

    first: int = 0
    total: int = 0

    def add(self, step: int, left: int) -> None:
        """Add a change; a change before the window does not count."""
        if step >= self.first:
            self.total += left

    def since(self, first: int, steps: Steps) -> int:
        """The sum from `first` on. It is added up again only after a jump of the clock, back or by far."""
        if first < self.first or not steps.keeps(self.first):
            self.total = sum(map(steps.left_in, steps.numbers_since(first)))
        else:
            self.total -= sum(map(steps.left_in, range(self.first, min(first, steps.latest + 1))))
        self.first = first
        return self.total


@dataclass(slots=True)
class Movement:
    """The changes of a code type."""

    fine: Steps = field(default_factory=lambda: Steps(FINE))
    coarse: Steps = field(default_factory=lambda: Steps(COARSE))
    sums: dict[int, WindowSum] = field(default_factory=lambda: {window_s: WindowSum() for window_s in WINDOWS_S})
    last: dict[str, tuple[int, Counts]] = field(default_factory=dict)
    """Version and counts of each shard's last event."""

    def add(self, at_s: float, change: Counts) -> None:
        """Add a change; a step that was dropped is in no sum."""
        self.coarse.add(at_s, change)
        self.fine.add(at_s, change)
        step = int(at_s // FINE.step_s)
        if self.fine.keeps(step):
            for window_sum in self.sums.values():
                window_sum.add(step, change.reserved + change.assigned)

    def left_since(self, first: int, window_s: int) -> int:
        """Codes that left the stock in a step and all after it."""
        return self.sums[window_s].since(first, self.fine)


@dataclass(slots=True)
class Motion:
    """The changes of a campaign, by code type."""

    types: dict[CodeType, Movement] = field(default_factory=dict)
    moved_at_s: float = 0.0

    def add(self, event: InventoryChanged, now: datetime) -> None:
        """Add an event. An instant in the future, from a clock that is fast, counts as now."""
        movement = self.types.get(event.code_type)
        if movement is None:
            movement = self.types[event.code_type] = Movement()
        counts = Counts(event.available, event.reserved, event.assigned)
        version, before = movement.last.get(event.shard, (0, Counts()))
        if event.version <= version:
            return
        movement.last[event.shard] = (event.version, counts)
        if version or event.version == 1:
            at_s = min(event.changed_at, now).timestamp()
            self.moved_at_s = max(self.moved_at_s, at_s)
            movement.add(at_s, counts.minus(before))

    def rate(self, now: datetime, window_s: int, code_type: CodeType | None = None) -> float:
        """Codes a second that left the stock for a reservation or for good, less those that came back.

        `window_s` is one of `WINDOWS_S`.
        """
        first = int((now.timestamp() - window_s) // FINE.step_s) + 1
        movements = self.types.items()
        left = sum(movement.left_since(first, window_s) for name, movement in movements if code_type in {None, name})
        return round(max(left, 0) / window_s, RATE_DIGITS)

    def history(
        self, counts: Counts, now: datetime, resolution: Resolution, code_type: CodeType | None = None
    ) -> list[Point]:
        """Counts at the end of each step with a change, and now; earliest first. `counts` are those of now."""
        by_step: dict[int, Counts] = {}
        for step, change in self._changes(resolution, code_type):
            by_step[step] = by_step.get(step, Counts()).plus(change)
        return list(reversed(list(counted_back(by_step, counts, int(now.timestamp()), resolution))))

    def _changes(self, resolution: Resolution, code_type: CodeType | None) -> Iterator[tuple[int, Counts]]:
        for name, movement in self.types.items():
            if code_type in {None, name}:
                yield from (movement.fine if resolution is FINE else movement.coarse).changes.items()


def counted_back(
    by_step: Mapping[int, Counts], counts: Counts, now_s: int, resolution: Resolution
) -> Iterable[Point]:
    """From now to the begin of the earliest step, within the resolution's reach."""
    yield Point(now_s, counts)
    first = now_s // resolution.step_s - resolution.steps_max
    for step in sorted((number for number in by_step if number > first), reverse=True):
        end_s = (step + 1) * resolution.step_s
        if end_s < now_s:
            yield Point(end_s, counts)
        counts = counts.minus(by_step[step])
        yield Point(step * resolution.step_s, counts)


def empty_in_s(available: int, rate: float) -> float | None:
    """Seconds until nothing is left at this rate; None if nothing leaves."""
    return round(max(available, 0) / rate, 1) if rate > 0 else None
