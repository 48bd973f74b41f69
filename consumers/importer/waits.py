"""Every wait of one import: unavailable parts are retried, and a stop or a cancellation ends the wait.

In:       work that asks MongoDB or S3; the process's stop; whether somebody has cancelled the import.
Out:      the work's result; or Stopped; or ImportFailed(`cancelled`).
Promise:  a cancellation is polled as long as the import runs, and ends any wait within `LOOK_EVERY_S` and the work's
          grace. A transaction in progress is awaited to its end. During a long try the partition's loop counts as
          turning: `/live` must not kill an import that waits.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, ParamSpec, Self, TypeVar

from consumers.importer.context import ImporterContext
from consumers.loop.prefetch import Stopped, let_go, unless
from consumers.loop.retry import RetryPolicy, convert_stray_cancellation
from schemas.errors import Dropped, ImportFailed, StoreUnavailable
from schemas.observation.fact import Place
from schemas.observation.partitions import LoopTurned, Part, PartReleased

CANCELLED: Final = "cancelled"
LOOK_EVERY_S: Final = 1.0
"""Seconds between two polls for a cancellation."""
TURN_EVERY_S: Final = 10.0
"""Seconds between two turns while a try is under way; `/live` fails after 60 without one."""
TRY_S_MAX: Final = 600.0
"""Twice the longest time-out that settings allow: a try that takes longer hangs, and no longer turns the loop."""

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Limits:
    """For how long work may go on, in seconds after the event."""

    stop_grace_s: float = 0.0
    cancel_grace_s: float | None = None
    """None: a cancellation does not end it."""


UNTIL_STOP: Final = Limits()
UNTIL_CANCELLED: Final = Limits(cancel_grace_s=0.0)
"""Ends at a stop too."""


@dataclass(slots=True)
class Waits:
    """Lives for one import on one partition."""

    context: ImporterContext
    stopping: asyncio.Event
    place: Place
    """Where the command is: its loop turns while it is served."""
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def mongo(self) -> "BoundedRetry":
        """Ask MongoDB for as long as it is unavailable."""
        return BoundedRetry("mongo", self)

    @property
    def s3(self) -> "BoundedRetry":
        """Ask S3 for as long as it is unavailable."""
        return BoundedRetry("s3", self)

    def turned(self) -> None:
        """The import goes on."""
        self.context.observer.observe(LoopTurned(*self.place))

    async def turning(self, work: Callable[P, Awaitable[T]], *args: P.args, **options: P.kwargs) -> T:
        """The result of one try; the loop turns until it is there."""
        turns = asyncio.create_task(self._turn())
        try:
            return await work(*args, **options)
        finally:
            await let_go(turns)

    def check(self, limits: Limits = UNTIL_CANCELLED) -> None:
        """Check that new work may start.

        Raises:
            Stopped: the process stops.
            ImportFailed: the import is cancelled.
        """
        if self.stopping.is_set() and not limits.stop_grace_s:
            raise Stopped("the process stops")
        if self.cancelled.is_set() and limits.cancel_grace_s == 0:
            raise ImportFailed(CANCELLED)

    async def bounded(self, limits: Limits, work: Callable[P, Awaitable[T]], *args: P.args, **options: P.kwargs) -> T:
        """The work's result, if it comes within the limits.

        Raises:
            Stopped, ImportFailed: see `check`. The work is cancelled; what it did last may be done or not.
        """
        self.check(limits)
        ends = [passed(self.stopping, limits.stop_grace_s)]
        if limits.cancel_grace_s is not None:
            ends.append(passed(self.cancelled, limits.cancel_grace_s))
        try:
            return await unless(work(*args, **options), *ends)
        except Stopped:
            if self.stopping.is_set():  # it goes before a cancellation, which the next owner sees by itself
                raise
            raise ImportFailed(CANCELLED) from None

    @asynccontextmanager
    async def watching(self, is_cancelled: Callable[[str], Awaitable[bool]], import_id: str) -> AsyncIterator[None]:
        """Poll for a cancellation: once before the block, then until it ends.

        Raises:
            Stopped: the process stops before the first answer.
        """
        if await self.mongo.run(is_cancelled, import_id):
            self.cancelled.set()
        task = asyncio.create_task(self._watch(is_cancelled, import_id))
        try:
            yield
        finally:
            await let_go(task)
        if not task.cancelled():
            task.result()  # an unforeseen error there ends the process, as anywhere

    async def _turn(self) -> None:
        for _ in range(int(TRY_S_MAX / TURN_EVERY_S)):
            self.turned()
            await asyncio.sleep(TURN_EVERY_S)

    async def _watch(self, is_cancelled: Callable[[str], Awaitable[bool]], import_id: str) -> None:
        """Observe nothing: a read that succeeds every second would end an outage that writes still see."""
        while not self.cancelled.is_set():
            await asyncio.sleep(LOOK_EVERY_S)
            with suppress(StoreUnavailable, Dropped):
                if await convert_stray_cancellation(is_cancelled(import_id)):
                    self.cancelled.set()


@dataclass(frozen=True, slots=True)
class BoundedRetry:
    """Retries what one part is asked while it is unavailable, until a limit ends that."""

    part: Part
    waits: Waits
    limits: Limits = UNTIL_STOP

    def until(self, limits: Limits) -> Self:
        """The same with other limits."""
        return replace(self, limits=limits)

    async def run(self, work: Callable[P, Awaitable[T]], *args: P.args, **options: P.kwargs) -> T:
        """The work's result, for as long as it takes.

        Raises:
            Stopped, ImportFailed: see `Waits.bounded`.
            CodeServiceError: everything else that the work raises.
        """
        return await self.waits.bounded(self.limits, self._retried, partial(work, *args, **options))

    async def _retried(self, work: Callable[[], Awaitable[T]]) -> T:
        context = self.waits.context
        policy = RetryPolicy(self.part, context.observer, context.backoff_max_s)
        try:
            return await policy.run(self.waits.turning, work)
        except asyncio.CancelledError:
            if self.part == "s3":  # no probe asks S3: the process would stay unready until the next import
                context.observer.observe(PartReleased("s3"))
            raise


async def passed(event: asyncio.Event, grace_s: float) -> None:
    """Return so long after the event."""
    await event.wait()
    await asyncio.sleep(grace_s)
