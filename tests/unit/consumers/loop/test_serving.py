"""The end of a consumer."""

import asyncio

from aiokafka import AIOKafkaConsumer

from consumers.loop.serving import stop_consumer
from tests.fakes.time import run


async def stopped_while_fetching() -> tuple[bool, bool]:
    """Whether the task that stops it was cancelled; whether its connections are closed."""
    consumer = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1")
    consumer._fetcher = Fetcher()
    closed = asyncio.Event()
    consumer._client.close = lambda: marked(closed)
    task = asyncio.create_task(stop_consumer(consumer))
    await asyncio.wait({task})
    return task.cancelled(), closed.is_set()


class Fetcher:
    """A fetcher with an open request, as aiokafka closes it."""

    async def close(self) -> None:
        """It awaits a task that it has cancelled."""
        fetching = asyncio.create_task(asyncio.sleep(60))
        fetching.cancel()
        await fetching


async def marked(event: asyncio.Event) -> None:
    """Remember the call."""
    event.set()


def test_a_consumer_that_was_fetching_is_stopped_without_a_cancellation() -> None:
    """SIGTERM during an outage of the broker: the process had let go of everything, and ended with 1."""
    assert (False, True) == run(stopped_while_fetching())
