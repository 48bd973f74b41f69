"""How a campaign's counts moved: rates, the time until it is empty, and its history.

In:       inventory events of the last day, with the instants they name.
Out:      `Motion`: codes that left the stock a second, and counts at earlier instants.
Promise:  bounded: at most `FINE.steps_max` and `COARSE.steps_max` steps a campaign and type. Points are counted back
          from what is true now, so a missing event makes one point late and never the last one wrong.

A shard's first event here has no predecessor to compare with: unless it is the shard's very first (version 1), it
moves nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from handlers.inventory.counts import Counts, summed
from schemas.base import CodeType
from schemas.events import InventoryChanged

RATE_DIGITS: Final = 3
LONGEST_WINDOW_S: Final = 300


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
    """Changes of one resolution by the step's number since 1970; a step without a change takes no room."""

    resolution: Resolution
    changes: dict[int, Counts] = field(default_factory=dict)
    latest: int = 0

    def add(self, at_s: float, change: Counts) -> None:
        """A change; what is older than the limit is forgotten."""
        step = int(at_s // self.resolution.step_s)
        if step > self.latest:
            self.latest = step
            self.changes = {number: one for number, one in self.changes.items() if number > self._oldest}
        if step > self._oldest:
            self.changes[step] = self.changes.get(step, Counts()).plus(change)

    def since(self, first: int) -> Iterator[Counts]:
        """Changes of a step and those after it: looked up, since an hour has many more steps than a rate needs."""
        return (self.changes[step] for step in range(first, self.latest + 1) if step in self.changes)

    @property
    def _oldest(self) -> int:
        return self.latest - self.resolution.steps_max


@dataclass(slots=True)
class Movement:
    """One type's changes."""

    fine: Steps = field(default_factory=lambda: Steps(FINE))
    coarse: Steps = field(default_factory=lambda: Steps(COARSE))
    last: dict[str, tuple[int, Counts]] = field(default_factory=dict)
    """Version and counts of each shard's last event."""


@dataclass(slots=True)
class Motion:
    """One campaign's changes, by type."""

    types: dict[CodeType, Movement] = field(default_factory=dict)
    moved_at_s: float = 0.0

    def add(self, event: InventoryChanged, now: datetime) -> None:
        """One more event. An instant in the future, of a clock that is fast, counts as now."""
        one = self.types.setdefault(event.code_type, Movement())
        counts = Counts(event.available, event.reserved, event.assigned)
        version, before = one.last.get(event.shard, (0, Counts()))
        if event.version <= version:
            return
        one.last[event.shard] = (event.version, counts)
        if version or event.version == 1:
            at_s = min(event.changed_at, now).timestamp()
            self.moved_at_s = max(self.moved_at_s, at_s)
            for steps in (one.fine, one.coarse):
                steps.add(at_s, counts.minus(before))

    def rate(self, now: datetime, window_s: int, code_type: CodeType | None = None) -> float:
        """Codes that left the stock for a reservation or for good, less those that came back, a second."""
        first = int((now.timestamp() - window_s) // FINE.step_s) + 1
        types = [one for name, one in self.types.items() if code_type in {None, name}]
        moved = summed(change for one in types for change in one.fine.since(first))
        return round(max(moved.reserved + moved.assigned, 0) / window_s, RATE_DIGITS)

    def history(
        self, counts: Counts, now: datetime, resolution: Resolution, code_type: CodeType | None = None
    ) -> list[Point]:
        """Counts at the end of each step with a change, and now; earliest first. `counts` are those of now."""
        by_step: dict[int, Counts] = {}
        for step, change in self._changes(resolution, code_type):
            by_step[step] = by_step.get(step, Counts()).plus(change)
        return list(reversed(list(counted_back(by_step, counts, int(now.timestamp()), resolution))))

    def _changes(self, resolution: Resolution, code_type: CodeType | None) -> Iterator[tuple[int, Counts]]:
        for name, one in self.types.items():
            if code_type in {None, name}:
                yield from (one.fine if resolution is FINE else one.coarse).changes.items()


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
