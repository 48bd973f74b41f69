"""The view's reader: who waits for the alerts is answered once, and forgotten when it is cancelled."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.inventory.view_reader import POLL_ASKED_MS, POLL_MS, ViewReader
from tests.fakes.filled_view import CHANGELOG, FilledView
from tests.fakes.observer import ObservedFacts

ALERTS = TopicPartition("codes.stock-alerts.v1", 0)


class Consumer:
    """Plays the broker's part: where the alerts end, and how far they are read."""

    def __init__(self) -> None:
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()
        self.at = 0
        self.polled_ms: list[int] = []

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Three alerts; answered when the test lets it."""
        self.asked.set()
        await self.may_answer.wait()
        return dict.fromkeys(partitions, 3)

    async def position(self, _partition: TopicPartition) -> int:
        """The next alert to read; answered when the test lets it."""
        self.asked.set()
        await self.may_answer.wait()
        return self.at

    async def getmany(self, *, timeout_ms: int, max_records: int) -> dict[Any, Any]:  # aiokafka's
        """Nothing, and how long it was waited for."""
        self.polled_ms.append(timeout_ms)
        return {}


@pytest.fixture
def reader() -> ViewReader:
    filled = FilledView()
    return ViewReader(filled.view, filled.topics, CHANGELOG, ObservedFacts())


async def test_a_waiter_is_answered_when_all_alerts_are_read(reader: ViewReader) -> None:
    """Those that were there when it asked; meanwhile the view polls quickly."""
    broker = Consumer()
    broker.may_answer.set()
    consumer = cast("AIOKafkaConsumer", broker)
    waiting = asyncio.create_task(reader.until_alerts_read())
    await asyncio.sleep(0)
    for broker.at in (0, 2, 3):
        assert not waiting.done()
        await reader._turn(consumer)
        await reader._answer(consumer, [ALERTS])
    await waiting
    await reader._turn(consumer)

    assert [POLL_ASKED_MS] * 3 + [POLL_MS] == broker.polled_ms


async def test_a_waiter_that_is_cancelled_while_the_broker_is_asked_is_forgotten(reader: ViewReader) -> None:
    """Else the view would poll quickly for ever, on behalf of nobody."""
    broker = Consumer()
    consumer = cast("AIOKafkaConsumer", broker)
    waiting = asyncio.create_task(reader.until_alerts_read())
    await asyncio.sleep(0)
    answering = asyncio.create_task(reader._answer(consumer, [ALERTS]))
    await broker.asked.wait()
    waiting.cancel()
    await asyncio.wait({waiting})
    broker.may_answer.set()
    await answering
    await reader._answer(consumer, [ALERTS])
    await reader._turn(consumer)

    assert [POLL_MS] == broker.polled_ms


async def test_a_waiter_that_is_cancelled_while_the_position_is_asked_ends_nothing(reader: ViewReader) -> None:
    """It cannot be answered any more; the others are."""
    broker = Consumer()
    broker.may_answer.set()
    consumer = cast("AIOKafkaConsumer", broker)
    waiting, other = (asyncio.create_task(reader.until_alerts_read()) for _ in range(2))
    await asyncio.sleep(0)
    await reader._answer(consumer, [ALERTS])
    broker.at = 3
    broker.asked.clear()
    broker.may_answer.clear()
    answering = asyncio.create_task(reader._answer(consumer, [ALERTS]))
    await broker.asked.wait()
    waiting.cancel()
    await asyncio.wait({waiting})
    broker.may_answer.set()
    await answering

    await other
