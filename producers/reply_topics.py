"""Which reply topics may be written to now, and with how many partitions.

In:       the topics that settings allow, what the broker says of them, and how sending to them went.
Out:      the number of partitions of each topic that may have copies now.
Promise:  a topic that fails again and again gets no copies for a while; then one batch tries again. So it costs at
          most one failed batch in each such while, and never holds up a partition.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from producers.replies import reply_topic
from schemas.observation.fact import Observer
from schemas.observation.requests import ReplyTopicUnusable, ReplyTopicUsable, Unusable
from schemas.records import IncomingRecord

LOOKED_UP_FOR_S: Final = 30.0
"""So old may be what is known of a topic: partitions that are added are used, a topic that is made is found, within
this time."""
FAILURES_MAX: Final = 2
"""In a row; then the topic is refused. One failure may be a broker that restarts."""
REFUSED_FOR_S: Final = 30.0
"""At first; it doubles each time that the topic fails again."""
REFUSED_FOR_S_MAX: Final = 600.0


@dataclass(slots=True)
class Standing:
    """What is known of one topic."""

    partitions: int = 0
    looked_up_at_s: float = float("-inf")
    failures: int = 0
    """In a row."""
    refused_for_s: float = 0.0
    """0: it is not refused."""
    refused_at_s: float = 0.0
    is_tried: bool = False
    """The while is over, and one batch tries to send there."""
    unusable: bool = False
    """As it was last said to the observer."""


@dataclass(slots=True)
class ReplyTopics:
    """Shared by all partitions of a process."""

    allowed: Sequence[str]
    look_up: Callable[[str], Awaitable[int | None]]
    """A topic's number of partitions; 0 if there is no such topic, None if the broker does not say."""
    observer: Observer
    clock: Callable[[], float] = monotonic
    _standings: dict[str, Standing] = field(default_factory=dict)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def partitions_of(self, causes: Iterable[IncomingRecord]) -> Mapping[str, int]:
        """The reply topics that these records name and may have, with their numbers of partitions."""
        if not self.allowed:
            return {}
        wanted = {name for name in map(reply_topic, causes) if name in self.allowed}
        return {name: count for name in sorted(filter(None, wanted)) if (count := await self._partitions(name))}

    def failed(self, topics: Iterable[str], why: Unusable = "failing") -> None:
        """Sending to these topics failed: look them up anew, and refuse those that failed before.

        A topic that is `suspected` is refused at once: it took several failures to come to that.
        """
        for name in topics:
            standing = self._standing(name)
            standing.looked_up_at_s = float("-inf")
            standing.failures += 1
            if standing.failures >= FAILURES_MAX or why == "suspected":
                self._refuse(name, standing, why)

    def delivered(self, topics: Iterable[str]) -> None:
        """These topics have what was sent to them."""
        for name in topics:
            standing = self._standing(name)
            standing.failures, standing.refused_for_s, standing.is_tried = 0, 0.0, False
            self._say_usable(name, standing)

    def _refuse(self, name: str, standing: Standing, why: Unusable) -> None:
        """Other partitions' batches that were under way fail too: only a failed try makes it last longer."""
        if standing.refused_for_s and not standing.is_tried:
            return
        standing.refused_for_s = min(max(standing.refused_for_s * 2, REFUSED_FOR_S), REFUSED_FOR_S_MAX)
        standing.refused_at_s, standing.is_tried = self.clock(), False
        self._say_unusable(name, standing, why)

    async def _partitions(self, name: str) -> int:
        standing = self._standing(name)
        if self._is_refused(standing):
            return 0
        async with self._looking:
            if self.clock() - standing.looked_up_at_s >= LOOKED_UP_FOR_S:
                await self._look_up(name, standing)
        return standing.partitions

    def _is_refused(self, standing: Standing) -> bool:
        """When the while is over, the one who asks may try; the others wait for how that goes."""
        if not standing.refused_for_s:
            return False
        if self.clock() - standing.refused_at_s < standing.refused_for_s:
            return True
        standing.refused_at_s, standing.is_tried = self.clock(), True
        return False

    async def _look_up(self, name: str, standing: Standing) -> None:
        found = await self.look_up(name)
        standing.looked_up_at_s = self.clock()
        if found is None:
            return
        standing.partitions = found
        if not found:
            self._say_unusable(name, standing, "missing")
        elif not standing.refused_for_s:
            self._say_usable(name, standing)

    def _say_unusable(self, name: str, standing: Standing, why: Unusable) -> None:
        if not standing.unusable:
            self.observer.observe(ReplyTopicUnusable(name, why))
        standing.unusable = True

    def _say_usable(self, name: str, standing: Standing) -> None:
        if standing.unusable:
            self.observer.observe(ReplyTopicUsable(name))
        standing.unusable = False

    def _standing(self, name: str) -> Standing:
        return self._standings.setdefault(name, Standing())
