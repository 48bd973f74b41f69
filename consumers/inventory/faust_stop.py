"""How a Faust application stops in time although a broker does not answer, and leaves nothing running.

In:       the work of a stop, and Faust's clients.
Out:      the work done or given up, the clients closed.
Promise:  each step has a limit; together they are shorter than the limit of the role.

A client of aiokafka waits for its broker for up to `kafka.request_timeout_ms` when it leaves its group, commits or
flushes, longer than a process may take to end. Nothing is lost: what is not committed is counted again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from consumers.loop.stopping import stop_consumer
from producers.stopping import stopped

FINISH_S_MAX: Final = 3.0
"""For the event being counted, and its commit."""
CLOSE_S_MAX: Final = 2.0
"""For each client."""
FAUST_LOG: Final = logging.getLogger("faust")
"""Faust logs under the module of a class, which here is ours."""


async def finish(work: Coroutine[Any, Any, None]) -> None:
    """Work for a limited time. Whatever fails is given up: an error would cut the stop short, and leave the rest."""
    task = asyncio.create_task(work)
    await asyncio.wait({task}, timeout=FINISH_S_MAX)
    task.cancel()
    [why] = await asyncio.gather(task, return_exceptions=True)
    if why is not None:
        FAUST_LOG.warning("not finished: %s", type(why).__name__)


async def close_consumer(consumer: AIOKafkaConsumer) -> None:
    """Leave the group and close the connections; without leaving it if the broker does not answer."""
    await in_time(stop_consumer(consumer))


async def close_producer(producer: AIOKafkaProducer) -> None:
    """Send what is to be sent, and close the connections; without sending it if the broker does not answer."""
    await in_time(stopped(producer))


async def in_time(stop: Awaitable[None]) -> None:
    """Stop a client within the limit. Cancelled at the limit, both stops end the client without its broker."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop, CLOSE_S_MAX)
