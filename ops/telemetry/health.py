"""Liveness and readiness of this process: what `/live` and `/ready` answer.

In:       turns of the loops, assignments, unavailable parts, whether partitions have records to read.
Out:      `Verdict`: well, or what is missing.
Promise:  a process is not restarted because a part is unavailable; a loop that hangs is found.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from schemas.clock import utc_now
from schemas.observation.partitions import Part

SILENCE_MAX_S: Final = 60.0
"""Seconds a partition's loop may take for one turn while every part answers. A turn is a poll and a batch, or a chunk
of an import."""

TIMEOUTS_PER_TURN: Final = 3
"""A turn reads, then writes in one transaction; each may take the whole time-out without being late."""

IsIdle = Callable[[str, int], bool]
"""Whether a partition, by topic and number, is known to have nothing to read."""


def never_idle(_topic: str, _partition: int) -> bool:
    """For processes that do not track progress."""
    return False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The names of what is missing; empty if all is well."""

    missing: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        """True if nothing is missing."""
        return not self.missing


class Health:
    """One process. `consumes`: its role is assigned partitions. `clock`: monotonic seconds."""

    def __init__(
        self,
        *,
        consumes: bool,
        is_idle: IsIdle = never_idle,
        silence_max_s: float = SILENCE_MAX_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._consumes = consumes
        self._is_idle = is_idle
        self._silence_max_s = silence_max_s
        self._clock = clock
        self._started = False
        self._joined = False
        self._turns: dict[tuple[str, int], float] = {}
        self._unavailable: dict[Part, datetime] = {}
        self._paused: set[tuple[str, int]] = set()

    def live(self) -> Verdict:
        """Not well if a loop hangs: it may have work and every part answers, but it makes no turn."""
        if self._unavailable:
            return Verdict()
        oldest = self._clock() - self._silence_max_s
        silent = [place for place, at in sorted(self._turns.items()) if at < oldest]
        return Verdict(tuple(f"turn of {t}.{p}" for t, p in silent if not self._is_idle(t, p)))

    def ready(self) -> Verdict:
        """Not well before the start and the first assignment, or while a part is unavailable or a partition paused.

        A process without partitions is ready too: there may be more processes than partitions. It takes over when
        another process ends, and a roll-out must not wait for it.
        """
        missing = [
            *([] if self._started else ["start"]),
            *([] if self._joined or not self._consumes else ["partitions"]),
            *sorted(self._unavailable),
            *(f"paused {topic}.{partition}" for topic, partition in sorted(self._paused)),
        ]
        return Verdict(tuple(missing))

    def started(self) -> None:
        """Everything is connected; the loops run."""
        self._started = True

    def stopping(self) -> None:
        """The process shuts down: it must get no new traffic."""
        self._started = False

    def assigned(self, partitions: frozenset[tuple[str, int]]) -> None:
        """These partitions are served here from now on."""
        now = self._clock()
        self._joined = True
        self._turns = {partition: self._turns.get(partition, now) for partition in partitions}
        self._paused.clear()

    def turned(self, topic: str, partition: int) -> None:
        """A loop finished a poll and its batch."""
        self._turns[topic, partition] = self._clock()

    def fenced(self, topic: str, partition: int) -> None:
        """Another process owns the partition."""
        self._turns.pop((topic, partition), None)

    def paused(self, topic: str, partition: int) -> None:
        """The partition is served no further; its loop says so again after another assignment."""
        self._paused.add((topic, partition))

    def unavailable(self) -> Mapping[Part, datetime]:
        """The parts that this process waits for, and since when."""
        return dict(self._unavailable)

    def waits_for(self, part: Part) -> None:
        """A part is unavailable: no loop has to turn."""
        self._unavailable.setdefault(part, utc_now())

    def answered(self, part: Part) -> None:
        """A part answers again: every loop has its full time from now."""
        self._unavailable.pop(part, None)
        now = self._clock()
        self._turns = dict.fromkeys(self._turns, now)


def silence_max_s(mongo_timeout_ms: int) -> float:
    """Seconds without a turn after which a loop hangs; a long time-out of MongoDB makes long turns normal."""
    return max(SILENCE_MAX_S, TIMEOUTS_PER_TURN * mongo_timeout_ms / 1000)
