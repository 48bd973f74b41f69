"""An aiokafka consumer in memory, as far as a group member, its loops and the broker watch call it.

Out: `MemoryConsumer`, on one log; `a_consumer_record`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

TP: Final = TopicPartition("t.reserve.requests.v1", 3)


def a_consumer_record(offset: int) -> "ConsumerRecord[bytes, bytes]":
    """As aiokafka returns it."""
    return ConsumerRecord(TP.topic, TP.partition, offset, 1_000, 1, b"k", b"v", None, 1, 1, (("a", b"b"),))


async def at_once() -> None:
    """A broker that answers without delay."""


class MemoryCoordinator:
    """The client's membership task, which a test may end, and an error that it has not raised yet."""

    def __init__(self) -> None:
        self._coordination_task: Future[None] = Future()
        self.error: KafkaError | None = None

    def check_errors(self) -> None:
        """Raise the error once."""
        error, self.error = self.error, None
        if error is not None:
            raise error


class MemoryFetcher:
    """The client's task of fetches, which a test may end."""

    def __init__(self) -> None:
        self.error_future: Future[None] = Future()


@dataclass  # without slots: a test may replace a method
class MemoryConsumer:
    """Every log ends at `end`; a fetch of a partition in `assigned` says `high_watermark`."""

    end: int = 0
    committed_offset: int | None = None
    beginning: int = 0
    high_watermark: int = 0
    assigned: Collection[TopicPartition] = ()
    known: Collection[str] = ()
    """Topics in the client's metadata."""
    existing: Collection[str] = ()
    """Topics that the broker has."""
    answer: Callable[[], Awaitable[None]] = at_once
    """Awaited before each answer of the broker about topics and ends."""
    revoked: bool = False
    paused: list[TopicPartition] = field(default_factory=list)
    subscribed: list[str] = field(default_factory=list)
    commits: list[int] = field(default_factory=list)
    at: int = -1
    _coordinator: MemoryCoordinator = field(default_factory=MemoryCoordinator)
    _fetcher: MemoryFetcher = field(default_factory=MemoryFetcher)

    def subscribe(self, *, topics: list[str], listener: object) -> None:
        self.subscribed = topics

    def assignment(self) -> set[TopicPartition]:
        return set(self.assigned)

    def highwater(self, source: TopicPartition) -> int:
        assert source in self.assigned
        return self.high_watermark

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return {0} if topic in self.known else None

    async def topics(self) -> set[str]:
        await self.answer()
        return set(self.existing)

    async def end_offsets(self, sources: list[TopicPartition]) -> dict[TopicPartition, int]:
        await self.answer()
        return dict.fromkeys(sources, self.end)

    async def beginning_offsets(self, sources: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(sources, self.beginning)

    async def committed(self, source: TopicPartition) -> int | None:
        return self.committed_offset

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        (self.committed_offset,) = offsets.values()
        self.commits.append(self.committed_offset)

    def seek(self, source: TopicPartition, offset: int) -> None:
        self.at = offset

    def pause(self, source: TopicPartition) -> None:
        if self.revoked:
            raise IllegalStateError("not assigned")
        self.paused.append(source)

    async def position(self, source: TopicPartition) -> int:
        return self.at

    async def getmany(self, source: TopicPartition, *, timeout_ms: int, max_records: int) -> dict[Any, list[Any]]:
        """The next records; none after the time-out."""
        if self.revoked:
            raise IllegalStateError("not assigned")
        end = self.at if source in self.paused else min(self.at + max_records, self.end)
        found = [a_consumer_record(offset) for offset in range(self.at, end)]
        self.at = max(end, self.at)
        if not found:
            await asyncio.sleep(timeout_ms / 1000)
        return {source: found} if found else {}
