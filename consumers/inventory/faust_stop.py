"""How a Faust application stops in time although a broker does not answer, and leaves nothing running.

In:       the work of a stop, and Faust's clients.
Out:      the work done or given up, the clients closed.
Promise:  each step has a limit; together they are shorter than the limit of the role.

A client of aiokafka waits for its broker for up to `kafka.request_timeout_ms` when it leaves its group, commits or
flushes, longer than a process may take to end. Nothing is lost: what is not committed is counted again.
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a stop's steps. Faust goes on with a stop that is cancelled: only its steps can be cut short."""

    cut_short: asyncio.Event
    """Set: whatever still waits for a broker is given up, now and in all further steps."""

    async def finish(self, work: Coroutine[Any, Any, None]) -> None:
        """Work for a limited time. Whatever fails is given up: an error would end the stop, and leave the rest."""
        why = await self._within(work, FINISH_S_MAX)
        if why is not None:
            FAUST_LOG.warning("not finished: %s", type(why).__name__)

    async def close_consumer(self, consumer: AIOKafkaConsumer) -> None:
        """Leave the group and close the connections; without leaving it if the broker does not answer."""
        await self._within(stop_consumer(consumer), CLOSE_S_MAX)

    async def close_producer(self, producer: AIOKafkaProducer) -> None:
        """Send what is to be sent, and close the connections; without sending it if the broker does not answer."""
        await self._within(stopped(producer), CLOSE_S_MAX)

    async def _within(self, work: Coroutine[Any, Any, None], seconds: float) -> BaseException | None:
        """Cancel the work at its limit, and give its error. Cancelled, a client's stop waits for no broker."""
        task = asyncio.create_task(work)
        given_up = asyncio.create_task(self.cut_short.wait())
        try:
            await asyncio.sleep(0)  # work that is cancelled before its first step would not even close its client
            await asyncio.wait({task, given_up}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            given_up.cancel()
            task.cancel()
        [why] = await asyncio.gather(task, return_exceptions=True)
        return why
