"""Waiting out what is away, seeing through what is begun, and stepping aside for who was faster.

Out: `wait_out`, which tries again for as long as it takes, with capped backoff and jitter; `seen_through`;
     `step_aside`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import uniform
from typing import Final, TypeVar

import stamina

from schemas.errors import CodeServiceError, Dropped
from schemas.observation.fact import Observer
from schemas.observation.partitions import Part, PartAvailable, PartUnavailable

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
    away: type[CodeServiceError] | tuple[type[CodeServiceError], ...],
    backoff_max_s: float,
) -> T:
    """Do the work; while it raises one of `away` or is dropped, tell the observer, wait and do it again.

    Ends only by cancellation.
    """

    def is_away(why: Exception) -> bool:
        if isinstance(why, CodeServiceError) and isinstance(why, (away, Dropped)):
            observer.observe(PartUnavailable(part, why))
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
            done = await seen_through(work())
    observer.observe(PartAvailable(part))
    return done


async def seen_through(work: Awaitable[T]) -> T:
    """Do the work; its cancellation by nobody is an error like any other, and not a task's wanted end.

    A consumer of aiokafka that is stopped as soon as it has started raises CancelledError: it awaits a task that it
    cancelled before the task had begun.

    Raises:
        Dropped: that happened.
    """
    try:
        return await work
    except asyncio.CancelledError as why:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise Dropped("a client cancelled what nobody else did") from why


async def step_aside(attempt: int) -> None:
    """A random pause after the `attempt`-th conflict (from 0), so that the same two do not meet again."""
    await asyncio.sleep(uniform(0, min(ASIDE_S * 2 ** min(attempt, 10), ASIDE_S_MAX)))  # noqa: S311  # jitter, not a secret
