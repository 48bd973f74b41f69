"""What the limits of a transaction cost on a real mongod: `python -m benchmarks.mongod_limits`.

In:   a `mongod` on the PATH; it is started on data of its own, as one node, and ended again.
Out:  a table: for each size of a chunk, a plan or a batch, and for each number of transactions at once, milliseconds
      for 1,000 rows, codes or requests. Medians of `ROUNDS`, in which the sizes come by turns, so that what else the
      machine does meanwhile slows all of them. Indexes are the service's; there are no validators.
"""

import asyncio
import secrets
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession

from devstack.folder import Layout
from devstack.ports import HOST
from devstack.starting import start_parts
from devstack.state import StateFile
from devstack.stopping import stop_parts
from stores.mongo.connection import Database
from stores.mongo.specs import collections
from tests.fakes.stocking import a_code, a_hold

ROUNDS: Final = 7
CHUNKS: Final = (500, 1_000, 2_500, 5_000, 10_000)
PLANS: Final = (100, 500, 1_000, 2_000, 5_000)
BATCHES: Final = (50, 100, 250, 500, 1_000, 2_000)
AT_ONCE: Final = (1, 2, 4, 8, 16)
REQUESTS_AT_ONCE: Final = 100
"""Of each batch while several run at once."""
BATCHES_AT_ONCE: Final = 16
LEDGER_FILL: Final = "x" * 330
"""Makes a ledger entry as large as a real one."""

Statements = Callable[[AsyncIOMotorClientSession], Awaitable[None]]


async def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder))
        file = StateFile(layout.state)
        await start_parts(["database"], layout, file, print)
        try:
            port = file.read().parts["database"].port
            await measure(AsyncIOMotorClient(f"mongodb://{HOST}:{port}/?directConnection=true&w=majority")["limits"])
        finally:
            await asyncio.to_thread(stop_parts, ["database"], file)


async def measure(db: Database) -> None:
    """All four limits, one after the other."""
    for spec in collections(ledger_days=30):
        for index in spec.indexes:
            await db[spec.name].create_index(list(index.keys.items()), name=index.name, **index.options())
    version = (await db.command("buildInfo"))["version"]
    print(f"mongod {version}, milliseconds for 1,000, medians of {ROUNDS} rounds")
    await show("rows_per_chunk_max: rows of a chunk", CHUNKS, lambda rows: chunk_s(db, rows))
    await show("CODES_PER_PLAN_MAX: codes of a plan", PLANS, lambda count: plan_s(db, count))
    await show("batch_size_max: reserves of a batch", BATCHES, lambda count: batch_s(db, count))
    await show("transactions_max: batches of 100 at once", AT_ONCE, lambda count: at_once_s(db, count))


async def show(name: str, sizes: Sequence[int], run: Callable[[int], Awaitable[float]]) -> None:
    """One limit; `run` gives the seconds for 1,000."""
    found: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(ROUNDS):
        for size in sizes:
            found[size].append(await run(size))
    print(name + ": " + ", ".join(f"{size:,} {1_000 * median(runs):.0f}" for size, runs in found.items()), flush=True)


async def chunk_s(db: Database, rows: int) -> float:
    """An import's chunk: its codes in one insert."""
    codes = some_codes(rows)
    return 1_000 / rows * await timed(db, lambda session: insert(db, "codes", codes, session))


async def plan_s(db: Database, count: int) -> float:
    """Codes from available to reserved, guarded by their status."""
    codes = some_codes(count)
    await db["codes"].insert_many(codes, ordered=False)
    return 1_000 / count * await timed(db, lambda session: move(db, codes, session))


async def batch_s(db: Database, count: int) -> float:
    """Reserves of one code each."""
    statements = await a_batch(db, count)
    return 1_000 / count * await timed(db, statements)


async def at_once_s(db: Database, count: int) -> float:
    """The same number of batches, several concurrently."""
    turns = asyncio.Semaphore(count)
    batches = [await a_batch(db, REQUESTS_AT_ONCE) for _ in range(BATCHES_AT_ONCE)]

    async def in_turn(statements: Statements) -> None:
        async with turns:
            await timed(db, statements)

    began_s = time.perf_counter()
    await asyncio.gather(*map(in_turn, batches))
    return 1_000 / (REQUESTS_AT_ONCE * BATCHES_AT_ONCE) * (time.perf_counter() - began_s)


async def a_batch(db: Database, count: int) -> Statements:
    """What a batch of reserves writes; its codes are put before."""
    codes = some_codes(count)
    await db["codes"].insert_many(codes, ordered=False)
    now, campaign_id = datetime.now(UTC), codes[0]["campaign_id"]
    holds = [a_hold(campaign_id, secrets.token_hex(16), code["_id"], now) for code in codes]
    entries = [{"_id": hold["_id"], "decided_at": now, "outcome": LEDGER_FILL} for hold in holds]

    async def statements(session: AsyncIOMotorClientSession) -> None:
        await insert(db, "requests", entries, session)
        await move(db, codes, session)
        await insert(db, "reservations", holds, session)

    return statements


def some_codes(count: int) -> list[dict[str, Any]]:
    """Available codes of a campaign of their own."""
    campaign_id = secrets.token_hex(8)
    return [a_code(campaign_id, "tm", secrets.token_hex(8)) for _ in range(count)]


async def insert(
    db: Database, name: str, documents: Sequence[dict[str, Any]], session: AsyncIOMotorClientSession
) -> None:
    """All in one statement."""
    await db[name].insert_many(documents, ordered=False, session=session)


async def move(db: Database, codes: Sequence[dict[str, Any]], session: AsyncIOMotorClientSession) -> None:
    """In one statement."""
    guard = {"_id": {"$in": [code["_id"] for code in codes]}, "status": "available"}
    await db["codes"].update_many(guard, {"$set": {"status": "reserved", "moved_by": "s@1"}}, session=session)


async def timed(db: Database, statements: Statements) -> float:
    """Seconds of one transaction."""
    async with await db.client.start_session() as session:
        began_s = time.perf_counter()
        async with session.start_transaction():
            await statements(session)
        return time.perf_counter() - began_s


if __name__ == "__main__":
    asyncio.run(main())
