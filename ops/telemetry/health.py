"""Whether this process lives, and whether it can serve: what `/live` and `/ready` answer.

In:       turns of the loops, assignments, parts that are waited for, whether partitions have records to read.
Out:      `Verdict`: well, or what is missing.
Promise:  a process that waits for a part that is away is not killed for it; a loop that hangs is found.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from schemas.observation.partitions import Part

SILENCE_MAX_S: Final = 60.0
"""Seconds a partition's loop may take for one turn while every part answers. A turn is a poll and a batch, or a chunk
of an import."""

IsIdle = Callable[[str, int], bool]
"""Whether it is known of a topic's partition that there is nothing to do."""


def never_idle(_topic: str, _partition: int) -> bool:
    """Where nothing is known."""
    return False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is missing; nothing: all is well."""

    missing: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        """True if nothing is missing."""
        return not self.missing


class Health:
    """The state of one process. `consumes`: its role is given partitions. `clock`: seconds, monotonic."""

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
        self._away: set[Part] = set()

    def live(self) -> Verdict:
        """Not well if a loop hangs: there is work or may be, every part answers, and yet it does not turn."""
        if self._away:
            return Verdict()
        oldest = self._clock() - self._silence_max_s
        silent = [place for place, at in sorted(self._turns.items()) if at < oldest]
        return Verdict(tuple(f"turn of {t}.{p}" for t, p in silent if not self._is_idle(t, p)))

    def ready(self) -> Verdict:
        """Not well before the start is over, before partitions were given out, and while a part is away.

        A process may be given no partition, when there are more of them than partitions. It is ready all the
        same: it takes over when another one ends, and a roll-out must not wait for it.
        """
        missing = [
            *([] if self._started else ["start"]),
            *([] if self._joined or not self._consumes else ["partitions"]),
            *sorted(self._away),
        ]
        return Verdict(tuple(missing))

    def started(self) -> None:
        """Everything is connected; the loops begin."""
        self._started = True

    def stopping(self) -> None:
        """The process is told to end: nothing new should be sent to it."""
        self._started = False

    def assigned(self, partitions: frozenset[tuple[str, int]]) -> None:
        """These are served here from now on."""
        now = self._clock()
        self._joined = True
        self._turns = {partition: self._turns.get(partition, now) for partition in partitions}

    def turned(self, topic: str, partition: int) -> None:
        """A loop went round."""
        self._turns[topic, partition] = self._clock()

    def fenced(self, topic: str, partition: int) -> None:
        """Another process has it now."""
        self._turns.pop((topic, partition), None)

    def waits_for(self, part: Part) -> None:
        """A part does not answer: no loop need turn."""
        self._away.add(part)

    def answered(self, part: Part) -> None:
        """A part is back: from now on loops have their full time again."""
        self._away.discard(part)
        now = self._clock()
        self._turns = dict.fromkeys(self._turns, now)
