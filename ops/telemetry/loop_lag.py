"""How late the event loop is: a short sleep, again and again, and by how much it was overslept.

In:       a place for measurements, seconds.
Out:      nothing; ends only by cancellation.
Promise:  a loop that is blocked for so long shows it once it runs again, also when the blocking began in mid-sleep.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

INTERVAL_S: Final = 0.05
"""Between two measurements: a tenth of it would cost CPU, and ten times it would miss short blocks."""


@asynccontextmanager
async def measured_loop(observe: Callable[[float], object], interval_s: float = INTERVAL_S) -> AsyncIterator[None]:
    """Measure until the block is left."""
    task = asyncio.create_task(measure_loop(observe, interval_s), name="loop_lag")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def measure_loop(observe: Callable[[float], object], interval_s: float = INTERVAL_S) -> None:
    """Tell, again and again, how many seconds a sleep took too long."""
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + interval_s
        await asyncio.sleep(interval_s)
        observe(max(0.0, clock() - due))
