"""Every wait of one import: what is unavailable is retried, and a stop or a cancellation ends the wait.

In:       work that asks MongoDB or S3; the process's stop; whether somebody has cancelled the import.
Out:      what the work gives; or Stopped; or ImportFailed(`cancelled`).
Promise:  a cancellation is looked for all the time that the import runs, whatever it waits for, and is heeded within
          `LOOK_EVERY_S` and the work's grace. What is in the midst of a transaction is awaited to its end.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from consumers.importer.context import ImportSurroundings
from consumers.loop.prefetch import Stopped, let_go, unless
from consumers.loop.retry import RetryPolicy
from schemas.errors import ImportFailed

CANCELLED: Final = "cancelled"
LOOK_EVERY_S: Final = 1.0
"""Seconds between two looks whether the import is cancelled."""

T = TypeVar("T")
Work = Callable[[], Awaitable[T]]


@dataclass(slots=True)
class Waits:
    """Lives for one import on one partition."""

    around: ImportSurroundings
    stopping: asyncio.Event
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def mongo(self, work: Work[T]) -> T:
        """Ask MongoDB, for as long as it takes.

        Raises:
            FactsStale, StoreRefused, ChunkTooSlow: as a write does; a read raises none of them.
        """
        observer, backoff_max_s = self.around.observer, self.around.backoff_max_s
        return await RetryPolicy("mongo", observer, backoff_max_s).run(work)

    async def s3(self, work: Work[T]) -> T:
        """Ask S3, for as long as it takes.

        Raises:
            ImportFailed: S3 refuses it.
        """
        observer, backoff_max_s = self.around.observer, self.around.backoff_max_s
        return await RetryPolicy("s3", observer, backoff_max_s).run(work)

    def check(self) -> None:
        """See whether there is still time to begin something.

        Raises:
            Stopped: the process is told to stop.
            ImportFailed: the import is cancelled.
        """
        if self.stopping.is_set():
            raise Stopped("told to stop")
        if self.cancelled.is_set():
            raise ImportFailed(CANCELLED)

    async def unless_stopped(self, work: Work[T]) -> T:
        """What the work gives, cancelled import or not.

        Raises:
            Stopped: the process is told to stop. The work is cancelled.
        """
        if self.stopping.is_set():
            raise Stopped("told to stop")
        return await unless(work(), self.stopping.wait())

    async def unless_told(self, work: Work[T], *, stop_grace_s: float = 0.0, cancel_grace_s: float = 0.0) -> T:
        """What the work gives, if that comes in time: so long after a stop, or after a cancellation.

        Raises:
            Stopped, ImportFailed: see `check`. The work is cancelled; what it did last may be done or not.
        """
        if not stop_grace_s and not cancel_grace_s:
            self.check()
        try:
            return await unless(work(), passed(self.stopping, stop_grace_s), passed(self.cancelled, cancel_grace_s))
        except Stopped:
            self.check()
            raise

    @asynccontextmanager
    async def watching(self, is_cancelled: Work[bool]) -> AsyncIterator[None]:
        """Look for a cancellation once, and then again and again until the block ends.

        Raises:
            Stopped: told to stop before there was an answer.
        """
        if await self.unless_stopped(lambda: self.mongo(is_cancelled)):
            self.cancelled.set()
        task = asyncio.create_task(self._watch(is_cancelled))
        try:
            yield
        finally:
            await let_go(task)
        if not task.cancelled():
            task.result()  # something unforeseen there ends the process like anywhere else

    async def _watch(self, is_cancelled: Work[bool]) -> None:
        while not self.cancelled.is_set():
            await asyncio.sleep(LOOK_EVERY_S)
            if await self.mongo(is_cancelled):
                self.cancelled.set()


async def passed(event: asyncio.Event, grace_s: float) -> None:
    """Return so long after the event."""
    await event.wait()
    await asyncio.sleep(grace_s)
