"""Waiting out what is away, leaving off when told to stop, and stepping aside for who was faster.

Out: `wait_out`, which tries again for as long as it takes, with capped backoff and jitter; `unless`; `step_aside`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from random import uniform
from typing import Any, Final, TypeVar

import stamina

from consumers.observer import Observer, Part
from schemas.errors import CodeServiceError

FIRST_WAIT_S: Final = 0.05
ASIDE_S: Final = 0.005
"""Longest pause after the first conflict; it doubles from one to the next."""
ASIDE_S_MAX: Final = 1.0

T = TypeVar("T")


async def wait_out(
    work: Callable[[], Awaitable[T]],
    part: Part,
    observer: Observer,
    *,
    away: type[CodeServiceError],
    backoff_max_s: float,
) -> T:
    """Do the work; while it raises `away`, tell the observer, wait and do it again. Ends only by cancellation."""

    def is_away(why: Exception) -> bool:
        if isinstance(why, away):
            observer.waits_for(part, why)
            return True
        return False

    async for attempt in stamina.retry_context(
        on=is_away,
        attempts=None,
        timeout=None,
        wait_initial=FIRST_WAIT_S,
        wait_max=backoff_max_s,
        wait_jitter=FIRST_WAIT_S,
    ):
        with attempt:
            done = await work()
    observer.answered(part)
    return done


async def unless(stopping: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Do the work; None if `stopping` is set first, which ends it by cancellation."""
    task, told = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({task, told}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return await task
        task.cancel()
        await asyncio.wait({task})
        return None if task.cancelled() else task.result()
    finally:
        task.cancel()
        told.cancel()


async def step_aside(attempt: int) -> None:
    """A random pause after the `attempt`-th conflict (from 0), so that the same two do not meet again."""
    await asyncio.sleep(uniform(0, min(ASIDE_S * 2 ** min(attempt, 10), ASIDE_S_MAX)))  # noqa: S311  # jitter, not a secret
