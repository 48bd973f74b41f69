"""A partition's loop on a log in memory, with work that fails as a test arranges it.

Out: `RecordedWork`, `run_loop`, `open_memory_emitter`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import TopicPartition

from consumers.loop.partition import LoopLimits, PartitionLoop
from producers.emitters import Emitter
from schemas.records import IncomingRecord
from tests.fakes.consumer import TP, MemoryConsumer
from tests.fakes.kafka import MemoryKafka, Source
from tests.fakes.observer import ObservedFacts
from tests.fakes.time import run

LIMITS: Final = LoopLimits(batch_size_max=2, fenced_wait_s=10, backoff_max_s=5, stop_budget_s=5)


class RecordedWork:
    """Raises the given errors first, then commits what it serves; implements `PartitionWork`."""

    def __init__(self, consumer: MemoryConsumer, *errors: BaseException) -> None:
        self.consumer = consumer
        self.errors = list(errors)
        self.served: list[list[int]] = []
        self.at_s: list[float] = []
        self.done: Callable[[], None] = lambda: None
        self.taken_over_at: list[int] = []

    async def take_over(self) -> None:
        self.taken_over_at.append(self.consumer.at)

    async def serve(self, records: Sequence[IncomingRecord], emitter: Emitter, stopping: asyncio.Event) -> None:
        self.at_s.append(asyncio.get_running_loop().time())
        if self.errors:
            raise self.errors.pop(0)
        self.served.append([record.offset for record in records])
        self.consumer.committed_offset = records[-1].offset + 1
        if self.consumer.committed_offset == self.consumer.end:
            self.done()


def run_loop(
    consumer: MemoryConsumer, work: RecordedWork, observer: ObservedFacts, *, seconds: float = 86_400
) -> int:
    """Run until all is served, or for so long; returns how many emitters were opened."""
    opened = 0

    @asynccontextmanager
    async def open_emitter(source: TopicPartition) -> AsyncIterator[Emitter]:
        nonlocal opened
        opened += 1
        async with open_memory_emitter(source) as emitter:
            yield emitter

    async def until_served() -> None:
        loop = PartitionLoop(TP, consumer, work, open_emitter, LIMITS, observer)
        work.done = loop.stop
        asyncio.get_running_loop().call_later(seconds, loop.stop)
        await loop.run()

    run(until_served())
    return opened


@asynccontextmanager
async def open_memory_emitter(source: TopicPartition) -> AsyncIterator[Emitter]:
    """An emitter on a broker in memory."""
    yield MemoryKafka().open_emitter(Source(source.topic, source.partition))
