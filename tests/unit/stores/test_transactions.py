"""A cancellation waits for the work, and not for ever."""

import asyncio

import pytest

from stores.mongo.transactions import seen_to_its_end

LONG_S = 60.0


class Work:
    """Something that ends when the test says so."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.ended = False
        self.was_cancelled = False

    async def run(self) -> str:
        """Wait for the test."""
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        self.ended = True
        return "done"


async def turns(count: int = 5) -> None:
    """Let all tasks that can run do so."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_work_that_nobody_cancels_gives_its_result() -> None:
    """As if it were awaited directly."""
    work = Work()
    work.may_end.set()

    assert "done" == await seen_to_its_end(work.run(), limit_s=LONG_S)


async def test_an_error_of_the_work_is_raised_as_it_is() -> None:
    """No wrapping."""

    async def fails() -> None:
        raise KeyError("k")

    with pytest.raises(KeyError):
        await seen_to_its_end(fails(), limit_s=LONG_S)


async def test_several_cancellations_wait_for_the_work() -> None:
    """A stop budget that is over, then a sibling that died: neither cuts the wait short."""
    work = Work()
    task = asyncio.create_task(seen_to_its_end(work.run(), limit_s=LONG_S))
    await turns()
    for _ in range(3):
        task.cancel()
        await turns()
    assert not task.done()

    work.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (True, False) == (work.ended, work.was_cancelled)


async def test_an_error_after_the_cancellation_is_nobody_s() -> None:
    """The task's owner gets the cancellation; asyncio does not report the error as never retrieved."""
    began = asyncio.Event()

    async def fails() -> None:
        began.set()
        await asyncio.sleep(0)
        raise KeyError("k")

    task = asyncio.create_task(seen_to_its_end(fails(), limit_s=LONG_S))
    await began.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_work_that_outlasts_the_limit_is_cancelled() -> None:
    """Nobody waits for a thread that never comes back."""
    work = Work()
    task = asyncio.create_task(seen_to_its_end(work.run(), limit_s=0.01))
    await turns()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    assert (False, True) == (work.ended, work.was_cancelled)
