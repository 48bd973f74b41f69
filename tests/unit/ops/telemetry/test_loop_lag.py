"""The event loop's lag, on a loop that is blocked on purpose."""

import asyncio
import time

from ops.telemetry.loop_lag import measured_loop

INTERVAL_S = 0.01
BLOCKED_S = 0.15


async def test_a_blocked_loop_shows_how_long_it_was_blocked() -> None:
    """A sleep under way when the block begins is late by what is left of the block."""
    seen: list[float] = []
    async with measured_loop(seen.append, INTERVAL_S):
        await asyncio.sleep(3 * INTERVAL_S)
        time.sleep(BLOCKED_S)  # noqa: ASYNC251  # blocking is what is measured
        await asyncio.sleep(3 * INTERVAL_S)

    assert max(seen) >= BLOCKED_S - INTERVAL_S


async def test_a_free_loop_is_never_late_by_less_than_nothing() -> None:
    """Clocks are coarse; a lag below zero would make no sense to anybody."""
    seen: list[float] = []
    async with measured_loop(seen.append, INTERVAL_S):
        await asyncio.sleep(5 * INTERVAL_S)

    assert seen
    assert min(seen) >= 0.0


async def test_measuring_ends_with_its_block() -> None:
    """No task is left behind."""
    before = asyncio.all_tasks()
    async with measured_loop(lambda _lag: None, INTERVAL_S):
        pass

    assert before == asyncio.all_tasks()
