"""The end of a consumer."""

import asyncio
from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaConsumer

from consumers.loop.serving import stop_consumer
from tests.fakes.time import run


class Fetcher:
    """A fetcher with an open request, as aiokafka closes it."""

    def __init__(self) -> None:
        self._fetch_task = asyncio.create_task(asyncio.sleep(60))

    async def close(self) -> None:
        """It awaits a task that it has cancelled."""
        self._fetch_task.cancel()
        await self._fetch_task


class Coordinator:
    """A coordinator that is joining its group, as aiokafka closes it."""

    def __init__(self) -> None:
        self._joining = asyncio.create_task(asyncio.sleep(60))

    async def close(self) -> None:
        """It awaits a task that somebody cancels."""
        await self._joining


async def stopped(prepare: Callable[[AIOKafkaConsumer], None], *, cancelled: bool) -> tuple[bool, bool, bool]:
    """Whether the task that stops it was cancelled; whether its fetches and its connections have ended."""
    consumer = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1")
    consumer._fetcher = Fetcher()
    closed = asyncio.Event()
    consumer._client.close = lambda: marked(closed)
    prepare(consumer)
    task = asyncio.create_task(stop_consumer(consumer))
    await asyncio.sleep(0.1)
    if cancelled:
        task.cancel()
    await asyncio.wait({task})
    await asyncio.sleep(0)
    return task.cancelled(), consumer._fetcher._fetch_task.done(), closed.is_set()


async def marked(event: asyncio.Event) -> None:
    """Remember the call."""
    event.set()


def joining(consumer: AIOKafkaConsumer) -> None:
    """It is joining its group."""
    consumer._coordinator = Coordinator()


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_consumer_leaves_nothing_behind(cancelled: bool) -> None:  # a parameter of a test
    """Stopped while it fetches (SIGTERM in an outage), or cancelled while it is joining its group."""
    found = run(stopped(joining if cancelled else lambda _consumer: None, cancelled=cancelled))

    assert (cancelled, True, True) == found
