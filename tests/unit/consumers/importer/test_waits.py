"""The waits of an import: ended by a stop or a cancellation, whatever is waited for. Time passes at once here."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from consumers.importer.context import ImporterContext
from consumers.importer.waits import LOOK_EVERY_S, UNTIL_CANCELLED, Limits, Waits
from consumers.loop.failpoints import Failpoint
from consumers.loop.prefetch import Stopped
from schemas.errors import (
    CodeServiceError,
    FactsStale,
    ImportFailed,
    ObjectStoreUnavailable,
    StoreRefused,
    StoreUnavailable,
)
from schemas.settings import ImporterSettings, WorkerSettings
from schemas.topics import Topics
from stores.import_port import ObjectStore
from tests.fakes.observer import ObservedFacts
from tests.fakes.time import run

CANCELLED_AT_S = 10.0
FOR_EVER_S = 1_000_000.0
GRACE_S = 3.0


def some_waits() -> Waits:
    """Of an import that runs."""
    nowhere = cast("ObjectStore", None)
    context = ImporterContext(
        Topics("t."), "g", WorkerSettings(), ImporterSettings(), ObservedFacts(), Failpoint(), nowhere
    )
    return Waits(context, asyncio.Event(), ("t.import.commands.v1", 0))


def is_cancelled_at(seconds: float, *failures: CodeServiceError) -> Callable[[str], Awaitable[bool]]:
    """A database in which the import is cancelled at this time, after these failures."""
    to_come = list(failures)

    async def look(_import_id: str) -> bool:
        await asyncio.sleep(0.01)
        if to_come:
            raise to_come.pop()
        return asyncio.get_running_loop().time() - began_s >= seconds

    began_s = asyncio.get_running_loop().time()
    return look


async def silent() -> None:
    """An answer that never comes."""
    await asyncio.sleep(FOR_EVER_S)


async def broken_s3() -> None:
    """S3 with an error of its own."""
    raise ObjectStoreUnavailable("InternalError (500)")


async def broken_database() -> None:
    """MongoDB that elects."""
    raise StoreUnavailable("no primary")


STATES: dict[str, Callable[[Waits], Awaitable[Any]]] = {
    "a range that never comes": lambda _: silent(),
    "S3 says 500 for ever": lambda waits: waits.s3.run(broken_s3),
    "S3 is silent": lambda waits: waits.s3.run(silent),
    "MongoDB is unavailable for a write": lambda waits: waits.mongo.run(broken_database),
    "MongoDB is silent": lambda waits: waits.mongo.run(silent),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("grace_s", [0.0, GRACE_S])
def test_a_cancellation_ends_each_wait(state: str, grace_s: float) -> None:
    """Within the time between two looks, and the grace."""

    async def waited_s() -> float:
        waits, clock = some_waits(), asyncio.get_running_loop().time
        began_s = clock()
        async with waits.watching(is_cancelled_at(CANCELLED_AT_S), "i-1"):
            with pytest.raises(ImportFailed, match="cancelled"):
                await waits.bounded(Limits(cancel_grace_s=grace_s), STATES[state], waits)
        return clock() - began_s

    assert CANCELLED_AT_S <= run(waited_s()) - grace_s < CANCELLED_AT_S + 2 * LOOK_EVERY_S


@pytest.mark.parametrize("state", STATES)
def test_a_stop_ends_each_wait(state: str) -> None:
    """At once, and it goes before a cancellation: the next owner sees that by itself."""

    async def waited_s() -> float:
        waits, loop = some_waits(), asyncio.get_running_loop()
        began_s = loop.time()
        loop.call_later(CANCELLED_AT_S, waits.stopping.set)
        loop.call_later(CANCELLED_AT_S, waits.cancelled.set)
        async with waits.watching(is_cancelled_at(FOR_EVER_S), "i-1"):
            with pytest.raises(Stopped):
                await waits.bounded(UNTIL_CANCELLED, STATES[state], waits)
        return loop.time() - began_s

    assert CANCELLED_AT_S <= run(waited_s()) < CANCELLED_AT_S + 0.1


def test_work_that_ends_within_its_grace_gives_its_result() -> None:
    """A chunk that is nearly written is not given up."""

    async def work() -> str:
        await asyncio.sleep(GRACE_S - 1)
        return "written"

    async def outcome() -> str:
        waits = some_waits()
        waits.cancelled.set()
        return await waits.bounded(Limits(cancel_grace_s=GRACE_S), work)

    assert "written" == run(outcome())


def test_nothing_is_begun_after_a_cancellation() -> None:
    """No further request, no further chunk."""
    begun: list[str] = []

    async def work() -> None:
        begun.append("begun")

    async def outcome() -> None:
        waits = some_waits()
        waits.cancelled.set()
        await waits.bounded(UNTIL_CANCELLED, work)

    with pytest.raises(ImportFailed, match="cancelled"):
        run(outcome())
    assert [] == begun


def test_a_look_that_fails_is_repeated() -> None:
    """It ends neither the process nor the import."""

    async def outcome() -> None:
        waits, why = some_waits(), StoreUnavailable("no primary")
        async with waits.watching(is_cancelled_at(CANCELLED_AT_S, why, why, why), "i-1"):
            await waits.bounded(UNTIL_CANCELLED, silent)

    with pytest.raises(ImportFailed, match="cancelled"):
        run(outcome())


@pytest.mark.parametrize("why", [FactsStale("stale"), StoreRefused("121")])
def test_what_becomes_of_a_write_is_for_its_caller(why: CodeServiceError) -> None:
    """Only it knows what to write instead."""

    async def work() -> None:
        raise why

    async def outcome() -> None:
        await some_waits().mongo.run(work)

    with pytest.raises(type(why)):
        run(outcome())


def test_something_unforeseen_in_the_watch_is_not_lost() -> None:
    """It ends the process like anywhere else."""
    looks: list[int] = []

    async def look(_import_id: str) -> bool:
        looks.append(1)
        if len(looks) > 1:
            raise ZeroDivisionError
        return False

    async def outcome() -> None:
        async with some_waits().watching(look, "i-1"):
            await asyncio.sleep(CANCELLED_AT_S)

    with pytest.raises(ZeroDivisionError):
        run(outcome())
