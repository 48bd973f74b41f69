"""Writes that tests cancel: each kind made ready on a real database, and what may be found after it.

In:      a bench with an empty database.
Out:     `WRITES` (a batch, a chunk of an import, a correction), `both_ends` of one, `emptied`, `Stepped`.
Promise: a write's digest before and after it differ, so a half-done write equals neither.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from handlers.imports.cells import CodeRow, Columns, RejectedRow, Row
from handlers.imports.chunks import RowRead, chunk_of
from handlers.imports.plan import ChunkFacts, drafted, plan_chunk
from handlers.imports.rows import Place as RowPlace
from handlers.requests.facts import StockKey
from handlers.requests.plan import plan_batch
from schemas.base import CodeType
from stores.mongo.codes import MongoParts
from stores.mongo.imports import MongoImportStore
from stores.mongo.reconcile import Reconciliation
from tests.contract.benches import MongoBench
from tests.fakes.builders import NOW, TM, a_release, a_reserve, an_assign, an_assign_from_stock, asked
from tests.fakes.hand_overs import HandOvers, nothing
from tests.fakes.imports import an_import
from tests.fakes.memory_store import summed
from tests.fakes.stocking import SALT

SHARD = "assign.requests.v1.0"
IMPORT_SHARD = "import.commands.v1.0"
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
    chunk_drafted = drafted(chunk, before, SALT, moved_by="x@1", at=NOW)
    plan = plan_chunk(chunk_drafted, before, ChunkFacts({}, []), shard=IMPORT_SHARD, chunk_rows=None, now=NOW)

    async def look() -> Digest:
        document = await store.find(before.id)
        assert document is not None
        return {
            "position": document.position,
            "codes": await bench.codes(),
            "shards": summed(await bench.shards()),
            "rejects": [page.lines async for page in store.rejects(before.id)],
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


class Stepped:
    """A coroutine whose task is cancelled when it begins to wait for the `at`-th time (from 1)."""

    def __init__(self, work: Coroutine[Any, Any, object], at: int) -> None:
        self._work = work
        self._at = at
        self.steps = 0
        """How often it began to wait."""

    async def run(self) -> None:
        """Run the coroutine in the current task."""
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
