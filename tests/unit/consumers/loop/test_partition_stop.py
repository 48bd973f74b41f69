"""A stop of a partition's loop without a batch in hand: it waits for no client, database or producer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import TopicPartition

from consumers.loop.partition import PartitionLoop
from producers.emitters import Emitter
from tests.fakes.consumer import TP, MemoryConsumer
from tests.fakes.kafka import MemoryKafka, Source
from tests.fakes.observer import ObservedFacts
from tests.fakes.partition_loop import LIMITS, RecordedWork, open_memory_emitter
from tests.fakes.time import run


@pytest.mark.parametrize("call", ["committed", "beginning_offsets", "commit", "position", "getmany"])
def test_a_stop_does_not_wait_for_the_client(call: str) -> None:
    """In a rebalance the client answers only after the new assignment, which waits for the loop to end."""
    consumer = MemoryConsumer(committed_offset=None)

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    setattr(consumer, call, never)

    async def scene() -> float:
        loop = PartitionLoop(TP, consumer, RecordedWork(consumer), open_memory_emitter, LIMITS, ObservedFacts())
        task = asyncio.create_task(loop.run())
        await asyncio.sleep(60)
        assert not task.done()
        start = asyncio.get_running_loop().time()
        loop.stop()
        await asyncio.wait_for(task, 60)
        return asyncio.get_running_loop().time() - start

    assert run(scene()) < 0.1


def test_a_stop_does_not_wait_for_the_database() -> None:
    """Without a batch in hand, a slow MongoDB must not hold the whole group in its rebalance."""
    consumer = MemoryConsumer(committed_offset=0)
    work = RecordedWork(consumer)

    async def never() -> None:
        await asyncio.Event().wait()

    work.take_over = never  # type: ignore[method-assign]  # a database that gives no answer

    async def scene() -> None:
        loop = PartitionLoop(TP, consumer, work, open_memory_emitter, LIMITS, ObservedFacts())
        task = asyncio.create_task(loop.run())
        await asyncio.sleep(1)
        loop.stop()
        await asyncio.wait_for(task, 0.1)

    run(scene())


def test_a_stop_does_not_wait_for_a_producer_to_start() -> None:
    """Its start may wait for the broker to end a former owner's transaction."""
    closed: list[bool] = []

    @asynccontextmanager
    async def never_opens(source: TopicPartition) -> AsyncIterator[Emitter]:
        try:
            await asyncio.Event().wait()
            yield MemoryKafka().open_emitter(Source(source.topic, source.partition))
        finally:
            closed.append(True)

    async def scene() -> None:
        consumer = MemoryConsumer(committed_offset=0)
        loop = PartitionLoop(TP, consumer, RecordedWork(consumer), never_opens, LIMITS, ObservedFacts())
        task = asyncio.create_task(loop.run())
        await asyncio.sleep(1)
        loop.stop()
        await asyncio.wait_for(task, 0.1)

    run(scene())
    assert [True] == closed
