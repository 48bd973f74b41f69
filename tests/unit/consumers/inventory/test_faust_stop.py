"""The steps of Faust's stop: each ends in time, and at once when the stop is cut short."""

import asyncio

from aiokafka import AIOKafkaConsumer

from consumers.inventory.faust_stop import Limits
from tests.fakes.time import run


class Coordinator:
    """A coordinator that waits for a broker without an answer."""

    def __init__(self) -> None:
        self._coordination_task = asyncio.create_task(asyncio.sleep(60))
        self._heartbeat_task = asyncio.create_task(asyncio.sleep(60))

    async def close(self) -> None:
        """It would leave the group."""
        await self._coordination_task


async def tasks_left(*, cut_short_before: bool) -> int:
    """How many tasks are left of a consumer whose close is cut short, before its first step or later."""
    consumer, cut_short = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1"), asyncio.Event()
    consumer._coordinator = Coordinator()
    if cut_short_before:
        cut_short.set()
    closing = asyncio.create_task(Limits(cut_short).close_consumer(consumer))
    await asyncio.sleep(0)
    cut_short.set()
    await closing
    await asyncio.sleep(0)
    return len(asyncio.all_tasks()) - 1


def test_a_stop_that_is_cut_short_leaves_no_task_of_a_consumer() -> None:
    """It waits for no broker: neither a step that is under way, nor one that comes later."""
    assert 0 == run(tasks_left(cut_short_before=False))
    assert 0 == run(tasks_left(cut_short_before=True))
