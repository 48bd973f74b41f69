"""How work is retried while a part (MongoDB, Kafka, S3) is unavailable, and after a conflict.

Out: `RetryPolicy`, which retries for as long as it takes, with capped backoff and jitter;
     `convert_stray_cancellation`; `step_aside`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import uniform
from typing import Final, ParamSpec, TypeVar

import stamina

from schemas.errors import (
    BrokerUnavailable,
    CodeServiceError,
    Dropped,
    KeysUnavailable,
    ObjectStoreUnavailable,
    StoreUnavailable,
)
from schemas.observation.fact import Observer
from schemas.observation.partitions import Part, PartAvailable, PartUnavailable

FIRST_WAIT_S: Final = 0.05
ASIDE_S: Final = 0.005
"""Longest pause after the first conflict; it doubles with each further one."""
ASIDE_S_MAX: Final = 1.0
UNAVAILABLE: Final[Mapping[Part, type[CodeServiceError]]] = {
    "mongo": StoreUnavailable,
    "kafka": BrokerUnavailable,
    "s3": ObjectStoreUnavailable,
    "keys": KeysUnavailable,
}
"""What a part's clients raise, in our words, when it gives no answer."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """For everything that one part is asked: retry without end, and let the observer know."""

    part: Part
    observer: Observer
    backoff_max_s: float

    async def run(self, work: Callable[P, Awaitable[T]], *args: P.args, **options: P.kwargs) -> T:
        """Do the work; while the part is unavailable, or the client drops the work, wait and do it again.

        Ends only by cancellation, and by any other error of the work.
        """
        async for attempt in stamina.retry_context(
            on=self._is_retried,
            attempts=None,
            timeout=None,
            wait_initial=FIRST_WAIT_S,
            wait_max=self.backoff_max_s,
            wait_jitter=FIRST_WAIT_S,
        ):
            with attempt:
                done = await convert_stray_cancellation(work(*args, **options))
        self.observer.observe(PartAvailable(self.part))
        return done

    def _is_retried(self, why: Exception) -> bool:
        if isinstance(why, CodeServiceError) and isinstance(why, (UNAVAILABLE[self.part], Dropped)):
            self.observer.observe(PartUnavailable(self.part, why))
            return True
        return False


async def convert_stray_cancellation(work: Awaitable[T]) -> T:
    """Do the work; a CancelledError that nobody requested is raised as Dropped, so that it does not end the task.

    A consumer of aiokafka that is stopped as soon as it has started raises CancelledError: it awaits a task that it
    cancelled before the task had begun.

    Raises:
        Dropped: the client cancelled its own work.
    """
    try:
        return await work
    except asyncio.CancelledError as why:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise Dropped("a client cancelled its own work") from why


async def step_aside(attempt: int) -> None:
    """A random pause after the `attempt`-th conflict (from 0), so that the same two do not meet again."""
    await asyncio.sleep(uniform(0, min(ASIDE_S * 2 ** min(attempt, 10), ASIDE_S_MAX)))  # noqa: S311  # jitter, not a secret
