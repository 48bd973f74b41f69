"""Retries: for as long as a part is unavailable, and not at all for any other error."""

import asyncio

import pytest

from consumers.loop.retry import ASIDE_S_MAX, RetryPolicy, convert_stray_cancellation, step_aside
from schemas.errors import Dropped, FactsStale, StoreUnavailable
from schemas.observation.partitions import PartAvailable, PartUnavailable
from tests.fakes.observer import ObservedFacts
from tests.fakes.time import run


class Flaky:
    """Work that fails so many times before it is done."""

    def __init__(self, failures: int, error: type[BaseException] = StoreUnavailable) -> None:
        self.left = failures
        self.error = error

    async def __call__(self) -> str:
        """Do it, or fail."""
        if self.left:
            self.left -= 1
            raise self.error("unavailable")
        return "done"


async def seconds_of(flaky: Flaky, observer: ObservedFacts) -> float:
    """How long it was waited."""
    start = asyncio.get_running_loop().time()
    assert "done" == await RetryPolicy("mongo", observer, backoff_max_s=5).run(flaky)
    return asyncio.get_running_loop().time() - start


def test_an_available_part_is_not_waited_for() -> None:
    """One try, one fact that it answers."""
    observer = ObservedFacts()

    assert run(seconds_of(Flaky(0), observer)) < 0.05
    assert ([], ["mongo"]) == (observer.of(PartUnavailable), observer.each(PartAvailable, "part"))


def test_an_unavailable_part_is_retried_and_observed() -> None:
    """At each failure; and once when it answers again."""
    observer = ObservedFacts()

    run(seconds_of(Flaky(3), observer))

    assert ["mongo"] * 3 == observer.each(PartUnavailable, "part")
    assert ["mongo"] == observer.each(PartAvailable, "part")


def test_a_pause_grows_up_to_the_limit() -> None:
    """An hour's absence takes an hour of tries, not a moment and not a day; and no number overflows."""
    seconds = run(seconds_of(Flaky(2_000), ObservedFacts()))

    assert 1_900 * 5 < seconds <= 2_000 * 5 + 1


def test_anything_else_is_raised_at_once() -> None:
    """A stale plan is not made better by waiting."""
    observer = ObservedFacts()

    with pytest.raises(FactsStale):
        run(seconds_of(Flaky(1, FactsStale), observer))
    assert ([], []) == (observer.of(PartUnavailable), observer.each(PartAvailable, "part"))


def test_a_wait_ends_by_cancellation() -> None:
    """And by nothing else."""

    async def cancelled() -> bool:
        task = asyncio.create_task(seconds_of(Flaky(10**9), ObservedFacts()))
        await asyncio.sleep(60)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert run(cancelled())


def test_what_nobody_cancelled_is_done_again() -> None:
    """A client's own cancellation would otherwise end a task as if that were wanted, and silently."""
    observer = ObservedFacts()

    run(seconds_of(Flaky(2, asyncio.CancelledError), observer))

    assert ["Dropped"] * 2 == [type(fact.error).__name__ for fact in observer.of(PartUnavailable)]


def test_a_consumer_that_is_stopped_as_it_starts_is_seen_through() -> None:
    """What aiokafka does then: it awaits a task that it cancelled before the task had begun."""

    async def client() -> None:
        task = asyncio.create_task(asyncio.sleep(0))
        task.cancel()
        await task

    with pytest.raises(Dropped):
        run(convert_stray_cancellation(client()))


@pytest.mark.parametrize("attempt", [0, 5, 1_000_000])
def test_stepping_aside_takes_at_most_a_second(attempt: int) -> None:
    """However often it was done."""

    async def seconds() -> float:
        start = asyncio.get_running_loop().time()
        await step_aside(attempt)
        return asyncio.get_running_loop().time() - start

    assert run(seconds()) <= ASIDE_S_MAX + 0.1
