"""The stores' transactions on the simulated MongoDB, cancelled at any moment: whole or absent.

And proof that the simulation finds the defect that `stores/mongo/transactions.py` guards against: without it, a
thread sends its statement outside of the transaction that was aborted meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pymongo
import pytest

from ops.settings.load import load_settings
from stores.mongo import codes
from tests.contract.benches import mongo_bench
from tests.contract.cancelling import Prepare, a_batch, a_chunk, a_correction, emptied
from tests.simulation.kernel import clocks
from tests.simulation.kernel.world import World, run_world
from tests.simulation.mongo.deployment import DEPLOYMENT, Deployment
from tests.simulation.mongo.replacements import PACKAGES, replacements

HISTORIES = 25
SETTLED_S = 15.0


def halves(prepare: Prepare, histories: int) -> int:
    """In how many histories a cancelled write was done in part."""
    return sum(cancelled_once(prepare, seed) for seed in range(histories))


def cancelled_once(prepare: Prepare, seed: int) -> bool:
    """Cancel a write at a moment that the seed decides; whether a part of it is there afterwards."""

    async def run(world: World) -> bool:
        deployment = Deployment(world.network, world.random)
        DEPLOYMENT.set(deployment)
        async with mongo_bench(load_settings({})) as bench:
            write = await prepare(bench)
            before = await write.look()
            await write.do()
            after = await write.look()
            write = await prepare(await emptied(bench))
            return await cancelled(world, deployment, write) not in [before, after]

    with clocks.replaced({**clocks.CLOCKS, **replacements()}, ("stores", *PACKAGES)):
        return run_world(seed, run)


async def cancelled(world: World, deployment: Deployment, write: Any) -> object:
    """What is found after it, when all threads are done."""
    deployment.delays.slow_selection(0.05, least_s=0.0)
    task = asyncio.create_task(write.do())
    await asyncio.sleep(world.random.uniform(0, 0.2))
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    deployment.delays.slow_selection(0.0)
    await asyncio.sleep(SETTLED_S)
    return await write.look()


@pytest.mark.parametrize("prepare", [a_batch, a_chunk, a_correction])
def test_a_cancelled_write_is_whole_or_absent(prepare: Prepare) -> None:
    """At 25 moments of each kind of write."""
    assert 0 == halves(prepare, HISTORIES)


async def unguarded(session: Any, statements: Callable[[], Awaitable[None]]) -> None:
    """As it would be written without knowing of motor's threads: a cancelled task aborts its transaction."""
    if not session.in_transaction:
        session.start_transaction()
    try:
        with pymongo.timeout(5):
            await statements()
            await session.commit_transaction()
    except BaseException:
        if session.in_transaction:
            await session.abort_transaction()
        raise


def test_without_the_guard_a_cancelled_write_is_done_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulation finds it within these histories."""
    monkeypatch.setattr(codes, "run_transaction", unguarded)

    assert halves(a_batch, HISTORIES) > 0
