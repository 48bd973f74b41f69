"""The delay of the event loop, measured by how much a short sleep overruns.

In:       a callback that takes seconds.
Out:      one measurement per interval, until cancelled.
Promise:  a block of the loop shows in full once the loop runs again, also if it began in the middle of a sleep.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

INTERVAL_S: Final = 0.05
"""A tenth of it would cost CPU; ten times as much would miss short blocks."""


@asynccontextmanager
async def measured_loop(observe: Callable[[float], object], interval_s: float = INTERVAL_S) -> AsyncIterator[None]:
    """Measure until the `async with` block ends."""
    task = asyncio.create_task(measure_loop(observe, interval_s), name="loop_lag")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def measure_loop(observe: Callable[[float], object], interval_s: float = INTERVAL_S) -> None:
    """Report how many seconds each sleep took too long, until cancelled."""
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + interval_s
        await asyncio.sleep(interval_s)
        observe(max(0.0, clock() - due))
