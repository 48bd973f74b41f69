"""Retries of one-off jobs, which have no observer and end some day. Roles retry by `consumers/loop/retry.py`.

In:       an operation that is safe to repeat.
Out:      its result, or the error of its last try.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import uniform
from time import monotonic
from typing import Final, ParamSpec, TypeVar

from schemas.errors import ObjectStoreUnavailable, StoreUnavailable

PATIENCE_S: Final = 120.0
"""Longer than an election, and than the restart of a node."""
FIRST_WAIT_S: Final = 0.1
WAIT_S_MAX: Final = 5.0

P = ParamSpec("P")
T = TypeVar("T")


async def patiently(work: Callable[P, Awaitable[T]], *args: P.args, **options: P.kwargs) -> T:
    """Do the work again while MongoDB or S3 is unavailable.

    Raises:
        StoreUnavailable, ObjectStoreUnavailable: no answer for `PATIENCE_S`.
    """
    began_s, wait_s = monotonic(), FIRST_WAIT_S
    while True:
        try:
            return await work(*args, **options)
        except (StoreUnavailable, ObjectStoreUnavailable):
            if monotonic() - began_s > PATIENCE_S:
                raise
        await asyncio.sleep(uniform(0, wait_s))  # noqa: S311  # jitter, not a secret
        wait_s = min(2 * wait_s, WAIT_S_MAX)
