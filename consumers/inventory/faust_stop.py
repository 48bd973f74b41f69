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
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

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
    if await in_time(consumer.stop()):
        return
    coordinator = consumer._coordinator  # noqa: SLF001  # it offers no way to close without leaving
    await coordinator._stop_heartbeat_task()  # noqa: SLF001  # as above
    await coordinator._stop_commit_offsets_refresh_task()  # noqa: SLF001  # as above
    await consumer._fetcher.close()  # noqa: SLF001  # as above
    await consumer._client.close()  # noqa: SLF001  # as above


async def close_producer(producer: AIOKafkaProducer) -> None:
    """Send what is to be sent, and close the connections; without sending it if the broker does not answer."""
    if await in_time(producer.stop()):
        return
    await producer._sender.close()  # noqa: SLF001  # it offers no way to close without sending
    await producer.client.close()


async def in_time(stop: Awaitable[None]) -> bool:
    """Whether a client stops within the limit."""
    try:
        await asyncio.wait_for(stop, CLOSE_S_MAX)
    except TimeoutError:
        return False
    return True
