"""Which reply topics may be written to now, and with how many partitions.

In:       the topics that settings allow, what the broker reports of them, and how sending to them went.
Out:      the number of partitions of each topic that may have copies now.
Promise:  a topic that fails again and again gets no copies for a while; then one batch tries again. So it costs at
          most one failed batch in each such while, and never holds up a partition: see `PartitionReplies` for a topic
          that fails for some senders only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from producers.replies import reply_topic
from producers.reply_refusal import Refusal
from schemas.observation.fact import Observer
from schemas.observation.requests import ReplyTopicUnusable, ReplyTopicUsable, Unusable
from schemas.records import IncomingRecord

LOOKED_UP_FOR_S: Final = 30.0
"""So old may be what is known of a topic: partitions that are added are used, a topic that is made is found, within
this time."""


@dataclass(slots=True)
class Standing:
    """What is known of one topic."""

    partitions: int = 0
    looked_up_at_s: float = float("-inf")
    refusal: Refusal = field(default_factory=Refusal)
    """By all partitions of the process."""
    refused_somewhere_until_s: float = float("-inf")
    """By one of them at least."""
    unusable: bool = False
    """As it was last observed."""


@dataclass(slots=True)
class ReplyTopics:
    """Shared by all partitions of a process."""

    allowed: Sequence[str]
    look_up: Callable[[str], Awaitable[int | None]]
    """A topic's number of partitions; 0 if there is no such topic, None if the broker gives no answer."""
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
            if standing.refusal.failed(self.clock(), at_once=why == "suspected"):
                self._observe_unusable(name, standing, why)

    def refused_by_one(self, name: str, why: Unusable, *, until_s: float) -> None:
        """A partition leaves out its copies for this topic until then, whatever the other partitions do."""
        standing = self._standing(name)
        standing.refused_somewhere_until_s = max(standing.refused_somewhere_until_s, until_s)
        self._observe_unusable(name, standing, why)

    def delivered(self, topics: Iterable[str]) -> None:
        """These topics have what was sent to them."""
        for name in topics:
            standing = self._standing(name)
            standing.refusal = Refusal()
            self._observe_usable(name, standing)

    async def _partitions(self, name: str) -> int:
        standing = self._standing(name)
        if not standing.refusal.may_try(self.clock()):
            return 0
        standing.refusal.tried(self.clock())
        async with self._looking:
            if self.clock() - standing.looked_up_at_s >= LOOKED_UP_FOR_S:
                await self._look_up(name, standing)
        return standing.partitions

    async def _look_up(self, name: str, standing: Standing) -> None:
        found = await self.look_up(name)
        standing.looked_up_at_s = self.clock()
        if found is None:
            return
        standing.partitions = found
        if not found:
            self._observe_unusable(name, standing, "missing")
        elif not standing.refusal.for_s:
            self._observe_usable(name, standing)

    def _observe_unusable(self, name: str, standing: Standing, why: Unusable) -> None:
        if not standing.unusable:
            self.observer.observe(ReplyTopicUnusable(name, why))
        standing.unusable = True

    def _observe_usable(self, name: str, standing: Standing) -> None:
        if standing.unusable and self.clock() >= standing.refused_somewhere_until_s:
            self.observer.observe(ReplyTopicUsable(name))
            standing.unusable = False

    def _standing(self, name: str) -> Standing:
        return self._standings.setdefault(name, Standing())


@dataclass(slots=True)
class PartitionReplies:
    """Lives as long as an input partition is served here.

    A topic may fail for the records of some senders only (too large for it, of a partition without a leader). Copies
    of other partitions get through meanwhile and end the shared refusal, so each partition counts its own failures.
    """

    shared: ReplyTopics
    _refusals: dict[str, Refusal] = field(default_factory=dict)

    async def partitions_of(self, causes: Iterable[IncomingRecord]) -> Mapping[str, int]:
        """See `ReplyTopics.partitions_of`; without those that fail for this partition."""
        if not self._refusals:
            return await self.shared.partitions_of(causes)
        now_s = self.shared.clock()
        refused = {name for name, refusal in self._refusals.items() if not refusal.may_try(now_s)}
        found = await self.shared.partitions_of(cause for cause in causes if reply_topic(cause) not in refused)
        for name in self._refusals.keys() & found:
            self._refusals[name].tried(now_s)
        return found

    def failed(self, topics: Iterable[str], why: Unusable = "failing") -> None:
        """See `ReplyTopics.failed`."""
        names, now_s = list(topics), self.shared.clock()
        self.shared.failed(names, why)
        for name in names:
            refusal = self._refusals.setdefault(name, Refusal())
            if refusal.failed(now_s, at_once=why == "suspected"):
                self.shared.refused_by_one(name, why, until_s=refusal.until_s)

    def delivered(self, topics: Iterable[str]) -> None:
        """See `ReplyTopics.delivered`."""
        names = list(topics)
        for name in names:
            self._refusals.pop(name, None)
        self.shared.delivered(names)
