"""Work that is dropped when the process is asked to stop."""

import asyncio

import pytest

from consumers.loop.prefetch import Stopped, unless_stopped
from schemas.errors import FactsStale
from tests.fakes.time import run


async def work(seconds: float, log: list[str]) -> str:
    """Take so long, and a second to close."""
    try:
        await asyncio.sleep(seconds)
        return "done"
    finally:
        await asyncio.sleep(1)
        log.append("closed")


async def stopped_after(stop_after_s: float, log: list[str]) -> str:
    """Work of three seconds, asked to stop after so many."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().call_later(stop_after_s, stopping.set)
    return await unless_stopped(work(3, log), stopping)


def test_work_that_ends_in_time_gives_its_result() -> None:
    """As without `unless_stopped`."""
    log: list[str] = []

    assert "done" == run(stopped_after(5, log))
    assert ["closed"] == log


def test_work_that_is_stopped_is_closed_first() -> None:
    """After `Stopped`, the caller may close what the work used."""
    log: list[str] = []

    with pytest.raises(Stopped):
        run(stopped_after(1, log))
    assert ["closed"] == log


def test_what_goes_wrong_in_the_work_is_raised() -> None:
    """It is no stop."""

    async def fails() -> None:
        raise FactsStale("stale")

    with pytest.raises(FactsStale):
        run(unless_stopped(fails(), asyncio.Event()))
