"""A cancelled task leaves all of its MongoDB transaction, or nothing of it, wherever the cancellation meets it.

Each write is cancelled at every hand-over of a statement to a thread, with a server that takes a while to be chosen,
and once more at every step of its own coroutine. Real database; see `tests.fakes.hand_overs`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from handlers.imports.cells import CodeRow, Columns, RejectedRow, Row
from handlers.imports.chunks import RowRead, chunk_of
from handlers.imports.plan import NOISE_BYTES, ChunkFacts, drafted, plan_chunk
from handlers.imports.rows import Place as RowPlace
from handlers.requests.facts import StockKey
from handlers.requests.plan import plan_batch
from ops.settings.load import Settings
from schemas.base import CodeType
from stores.mongo import transactions
from stores.mongo.codes import MongoParts
from stores.mongo.imports import MongoImportStore
from stores.mongo.reconcile import Reconciliation
from tests.contract.benches import MongoBench, mongo_bench
from tests.fakes.builders import NOW, TM, a_release, a_reserve, an_assign, an_assign_from_stock, asked
from tests.fakes.hand_overs import PLACES, REACTION_S, HandOvers, nothing
from tests.fakes.imports import an_import
from tests.fakes.memory_store import summed

pytestmark = pytest.mark.integration

SHARD = "assign.requests.v1.0"
IMPORT_SHARD = "import.commands.v1.0"
HAND_OVERS_MAX = 40
"""More than any of these writes has."""
Digest = dict[str, object]
"""What a write changes, in a form that two moments can be compared by."""


@dataclass
class Write:
    """One kind of write: ready to be done, and what may be found afterwards."""

    do: Callable[[], Coroutine[Any, Any, object]]
    look: Callable[[], Awaitable[Digest]]


Prepare = Callable[[MongoBench], Awaitable[Write]]


async def a_batch(bench: MongoBench) -> Write:
    """A batch with every kind of statement: a ledger, codes moved three ways, reservations made and moved, shards."""
    store = bench.store(SHARD, publishes_code_values=True)
    await store.take_over()
    await bench.put(TM, 6)
    holds = [asked(a_reserve(request_id=name), offset=number) for number, name in enumerate(("h-1", "h-2"))]
    await store.apply(plan_batch(holds, await store.gather(holds), shard=SHARD, now=NOW))
    requests = [
        asked(a_reserve(request_id="r-1", quantity=2), offset=2),
        asked(an_assign_from_stock(), offset=3),
        asked(an_assign(reservation_id="h-1"), offset=4),
        asked(a_release(reservation_id="h-2"), offset=5),
    ]
    plan = plan_batch(requests, await store.gather(requests), shard=SHARD, now=NOW)

    async def look() -> Digest:
        return {
            "ledger": await bench.ledger(),
            "reservations": await bench.reservations(),
            "codes": await bench.codes(),
            "shards": summed(await bench.shards()),
        }

    return Write(lambda: store.apply(plan), look)


async def a_chunk(bench: MongoBench) -> Write:
    """A chunk of an import: the checkpoint, a shard, rejected rows, codes."""
    parts: MongoParts = bench.parts
    store = MongoImportStore(parts, IMPORT_SHARD)
    await store.take_over()
    before = an_import(
        rows_read=0, inserted=0, duplicates_in_file=0, duplicates_in_campaign=0, rejected=0, position=0
    )
    await store.create(before)
    rows: list[Row] = [CodeRow(1, "A", None), CodeRow(2, "B", None), RejectedRow(3, "empty")]
    in_order = [RowRead(row, RowPlace(byte=40 + 20 * row.line, line=1 + row.line)) for row in rows]
    chunk = chunk_of(in_order, start=RowPlace(byte=0, line=1), columns=Columns(), bytes_read=100, code_type="tm")
    chunk_drafted = drafted(chunk, before, bytes(range(2 * NOISE_BYTES)), moved_by="x@1", at=NOW)
    plan = plan_chunk(chunk_drafted, before, ChunkFacts({}, []), shard=IMPORT_SHARD, chunk_rows=None, now=NOW)

    async def look() -> Digest:
        document = await store.find(before.id)
        assert document is not None
        return {
            "position": document.position,
            "codes": await bench.codes(),
            "shards": summed(await bench.shards()),
            "rejects": [one.lines async for one in store.rejects(before.id)],
        }

    return Write(lambda: store.apply(plan), look)


async def a_correction(bench: MongoBench) -> Write:
    """Shards of two kinds corrected at once."""
    kinds: tuple[CodeType, ...] = ("tm", "external")
    for kind in kinds:
        await bench.put(StockKey("summer", kind), 3)
    await bench.collections.inventory.update_many({}, {"$set": {"available": 1}})

    async def look() -> Digest:
        return {"shards": summed(await bench.shards())}

    return Write(lambda: Reconciliation(bench.collections).correct("summer", now=NOW), look)


WRITES = pytest.mark.parametrize("prepare", [a_batch, a_chunk, a_correction])


@pytest.fixture
async def bench(settings: Settings) -> AsyncIterator[MongoBench]:
    """An empty database with validators and indexes, gone afterwards."""
    async with mongo_bench(settings) as bench:
        yield bench


@pytest.fixture
def hand_overs(monkeypatch: pytest.MonkeyPatch) -> HandOvers:
    """Where tasks are cancelled."""
    return HandOvers(monkeypatch)


async def emptied(bench: MongoBench) -> MongoBench:
    """The same database, with nothing in it; campaigns that were known are forgotten."""
    for name in await bench.collections.database.list_collection_names():
        await bench.collections.database[name].delete_many({})
    return MongoBench(bench.parts.client, bench.collections.database)


async def both_ends(prepare: Prepare, bench: MongoBench, hand_overs: HandOvers) -> tuple[list[Digest], int]:
    """What is found before the write and after it, and the number of its hand-overs."""
    write = await prepare(await emptied(bench))
    before = await write.look()
    hand_overs.watch(None, nothing)
    await write.do()
    count = hand_overs.count
    after = await write.look()
    assert before != after
    return [before, after], count


@WRITES
@pytest.mark.parametrize("place", PLACES)
async def test_a_write_cancelled_at_any_statement_is_whole_or_absent(
    prepare: Prepare, place: Any, bench: MongoBench, hand_overs: HandOvers
) -> None:
    """Whatever statement a thread is about to send, or has sent, when the task is cancelled."""
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


class Stepped:
    """A coroutine whose task is cancelled when it begins to wait for the `at`-th time (from 1)."""

    def __init__(self, work: Coroutine[Any, Any, object], at: int) -> None:
        self._work = work
        self._at = at
        self.steps = 0
        """Times that it began to wait."""

    async def run(self) -> None:
        """Run it in the current task."""
        await self

    def __await__(self) -> Generator[Any, Any, None]:
        task = asyncio.current_task()
        assert task is not None
        resume: Callable[[], Any] = partial(self._work.send, None)
        while True:
            try:
                waited_for = resume()
            except StopIteration:
                return
            self.steps += 1
            if self.steps == self._at:
                task.cancel()
            try:
                yield waited_for
            except BaseException as why:  # noqa: BLE001  # the coroutine must see all that its task sees
                resume = partial(self._work.throw, why)
            else:
                resume = partial(self._work.send, None)
