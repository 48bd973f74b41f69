"""A cancelled task leaves all of its MongoDB transaction, or nothing of it, wherever the cancellation meets it.

Each write is cancelled at every hand-over of a statement to a thread, with a server that takes a while to be chosen,
and once more at every step of its own coroutine. Real database; see `tests.fakes.hand_overs`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from handlers.requests.plan import plan_batch
from ops.settings.load import Settings
from stores.mongo import transactions
from tests.contract.benches import MongoBench, mongo_bench
from tests.contract.cancelling import SHARD, WRITES, Prepare, Stepped, a_batch, a_chunk, both_ends, emptied
from tests.fakes.builders import NOW, an_assign, asked
from tests.fakes.hand_overs import PLACES, REACTION_S, HandOvers, nothing

pytestmark = pytest.mark.integration

HAND_OVERS_MAX = 40
"""More than any of these writes has."""


@pytest.fixture
async def bench(settings: Settings) -> AsyncIterator[MongoBench]:
    """An empty database with validators and indexes, gone afterwards."""
    async with mongo_bench(settings) as bench:
        yield bench


@pytest.fixture
def hand_overs(monkeypatch: pytest.MonkeyPatch) -> HandOvers:
    """Where tasks are cancelled."""
    return HandOvers(monkeypatch)


@WRITES
@pytest.mark.parametrize("place", PLACES)
async def test_a_write_cancelled_at_any_statement_is_whole_or_absent(
    prepare: Prepare, place: Any, bench: MongoBench, hand_overs: HandOvers
) -> None:
    """This holds before and after each statement that a thread sends."""
    ends, count = await both_ends(prepare, bench, hand_overs)
    assert 3 < count < HAND_OVERS_MAX
    for number in range(1, count + 1):
        write = await prepare(await emptied(bench))
        task = asyncio.create_task(write.do())
        hand_overs.watch((number, place), task.cancel, selection_s=REACTION_S)
        with suppress(asyncio.CancelledError):
            await task
        await hand_overs.settle()

        assert await write.look() in ends, f"cancelled at hand-over {number} of {count}, {place}"


@WRITES
async def test_a_write_cancelled_at_any_step_of_its_own_is_whole_or_absent(
    prepare: Prepare, bench: MongoBench, hand_overs: HandOvers
) -> None:
    """Each place where the coroutine waits is cancelled once, at the moment when it begins to wait."""
    ends, _ = await both_ends(prepare, bench, hand_overs)
    at, steps = 1, 1
    while at <= steps:
        write = await prepare(await emptied(bench))
        stepped = Stepped(write.do(), at)
        hand_overs.watch(None, nothing, selection_s=REACTION_S)
        with suppress(asyncio.CancelledError):
            await asyncio.create_task(stepped.run())
        await hand_overs.settle()

        assert await write.look() in ends, f"cancelled at step {at}"
        at, steps = at + 1, stepped.steps
    assert steps >= 1


async def test_a_transaction_that_takes_too_long_is_left_and_never_committed(
    bench: MongoBench, hand_overs: HandOvers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the longest wait the task ends though a thread is about to send a statement; the next owner can write."""
    (before, after), count = await both_ends(a_batch, bench, hand_overs)
    monkeypatch.setattr(transactions, "CANCELLED_WAIT_S_MAX", REACTION_S)
    for number in range(2, count + 1):  # the first one opens the session
        write = await a_batch(await emptied(bench))
        task = asyncio.create_task(write.do())
        hand_overs.watch((number, "started"), task.cancel, selection_s=10 * REACTION_S)
        with pytest.raises(asyncio.CancelledError):
            await task
        await hand_overs.settle()
        assert await write.look() in ([before] if number < count else [before, after])

        heir = bench.store(SHARD, publishes_code_values=True)
        await heir.take_over()
        requests = [asked(an_assign(reservation_id="h-1"), offset=4)]
        await heir.apply(plan_batch(requests, await heir.gather(requests), shard=SHARD, now=NOW))
        assert "assigned" == (await bench.reservations())["h-1"]


@pytest.mark.parametrize("prepare", [a_batch, a_chunk])
async def test_a_store_can_write_after_a_transaction_was_given_up(
    prepare: Prepare, bench: MongoBench, hand_overs: HandOvers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled import gives up its chunk, and the next import of the partition has the same store."""
    (before, after), count = await both_ends(prepare, bench, hand_overs)
    monkeypatch.setattr(transactions, "CANCELLED_WAIT_S_MAX", REACTION_S)
    for number in range(count - 2, count):  # statements with others before them in the transaction
        write = await prepare(await emptied(bench))
        task = asyncio.create_task(write.do())
        hand_overs.watch((number, "started"), task.cancel, selection_s=10 * REACTION_S)
        with pytest.raises(asyncio.CancelledError):
            await task
        await hand_overs.settle()
        assert before == await write.look()

        await write.do()

        assert after == await write.look()
