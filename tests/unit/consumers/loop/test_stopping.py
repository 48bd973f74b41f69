"""The end of a consumer."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest
from aiokafka import AIOKafkaConsumer

from consumers.loop.stopping import COORDINATOR_TASKS, stop_consumer
from tests.fakes.time import run


class Fetcher:
    """A fetcher with open requests, as aiokafka closes it."""

    def __init__(self) -> None:
        self._fetch_task = lasting()
        self._pending_tasks = {lasting(), lasting()}

    async def close(self) -> None:
        """It awaits tasks that it has cancelled: the first one's CancelledError ends it."""
        self._fetch_task.cancel()
        with suppress(asyncio.CancelledError):
            await self._fetch_task
        for task in self._pending_tasks:
            task.cancel()
            await task


class Coordinator:
    """A coordinator that is joining its group, as aiokafka closes it."""

    def __init__(self) -> None:
        for name in COORDINATOR_TASKS:
            setattr(self, name, lasting())

    async def close(self) -> None:
        """It awaits one of its tasks, and would end the others behind it."""
        await self._coordination_task  # type: ignore[attr-defined]  # set above


def lasting() -> "asyncio.Task[None]":
    """Work that ends by cancellation only."""
    return asyncio.create_task(asyncio.sleep(60), name="lasting")


async def stopped(prepare: Callable[[AIOKafkaConsumer], None], *, cancelled: bool) -> tuple[bool, list[str], bool]:
    """Whether the task that stops it was cancelled; which tasks are left; whether its connections are closed."""
    consumer = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1")
    closed = asyncio.Event()
    consumer._client.close = lambda: marked(closed)
    prepare(consumer)
    stopping = asyncio.create_task(stop_consumer(consumer))
    await asyncio.sleep(0.1)
    if cancelled:
        stopping.cancel()
    await asyncio.wait({stopping})
    left = sorted(task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()})
    return stopping.cancelled(), left, closed.is_set()


async def marked(event: asyncio.Event) -> None:
    """Remember the call."""
    event.set()


def fetching(consumer: AIOKafkaConsumer) -> None:
    """It has requests open."""
    consumer._fetcher = Fetcher()


def joining(consumer: AIOKafkaConsumer) -> None:
    """It is joining its group, and has requests open."""
    consumer._coordinator = Coordinator()
    consumer._fetcher = Fetcher()


def unstarted(_consumer: AIOKafkaConsumer) -> None:
    """It never found its cluster."""


@pytest.mark.parametrize(("prepare", "cancelled"), [(fetching, False), (joining, True), (unstarted, False)])
def test_a_consumer_leaves_nothing_behind(prepare: Callable[[AIOKafkaConsumer], None], cancelled: bool) -> None:
    """Stopped while it fetches (SIGTERM in an outage), cancelled while it is joining its group, or never started."""
    found = run(stopped(prepare, cancelled=cancelled))

    assert (cancelled, [], True) == found
