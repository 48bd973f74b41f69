"""`python -m benchmarks.expiry`: many reservations that expire in the same second, while fans reserve other codes.

In:   how many; a stack is joined, or started and stopped again.
Out:  `Figures`, printed as JSON: how long until all were released, and how much later reserves were answered than in
      the quiet seconds before. Nothing is measured unless every hold was released once and the inventory is true.
"""

import asyncio
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated, Final

import orjson
import typer

import devstack
from benchmarks.expiry_traffic import Traffic, traffic
from benchmarks.scene import Scene, clear, empty_scene
from schemas.topics import RELEASE
from stores.mongo.connection import Database, connect, database
from tests.fakes.stocking import put_codes, put_holds
from tests.integration.running import Role, running

HELD: Final = "held"
"""The campaign whose reservations expire."""
FRESH: Final = "fresh"
"""The campaign that fans reserve from."""
FRESH_CODES: Final = 20_000
WORKERS: Final = 2
EXPIRERS: Final = 2
QUIET_S: Final = 10.0
"""Time to measure reserves before the holds expire."""
SMALL_BATCH: Final = 100
SLOWER: Final = 5
"""Inserting a hold takes at most this many times as long as a code: it is two documents, while roles run."""
SETTLE_S: Final = 3.0
PUT_TIMEOUT_MS: Final = 60_000
"""For the benchmark's own reads and writes: the database may still be busy with earlier removals."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The results of one run."""

    holds: int
    released_s: float
    """From the second of expiry to the result of the last release."""
    asked_per_hold: float
    """Decided release requests per hold; repeats cost time too."""
    release_batches: int
    """Batches in which the holds were released; a busy machine makes them fewer and larger."""
    reserve_quiet_ms: float
    """Median time from sending a reserve to its result, before the expiry."""
    reserve_storm_ms: float
    """The same during the releases."""
    reserve_quiet_p95_ms: float
    reserve_storm_p95_ms: float
    storm_batch_ms: float
    """Mean time of a batch of releases; all partitions were busy with them throughout."""


async def measure(
    stack: Mapping[str, str], holds: int, logs: Path, *, quiet_s: float = QUIET_S, fresh: int = FRESH_CODES
) -> Figures:
    """One run in a scene of its own, with this many codes for the fans who reserve."""
    scene = await empty_scene(stack, partitions={})
    client = connect(scene.settings.mongo.model_copy(update={"timeout_ms": PUT_TIMEOUT_MS}))
    db = database(client, scene.settings.mongo)
    try:
        start_s = time.monotonic()
        await put_codes(db, FRESH, fresh)
        put_s = SETTLE_S + SLOWER * (time.monotonic() - start_s) * holds / fresh
        figures = await storm(scene, db, holds, logs, put_s=put_s, quiet_s=quiet_s)
        await check(db, holds)
    finally:
        client.close()
        await clear(scene)
    return figures


async def storm(scene: Scene, db: Database, holds: int, logs: Path, *, put_s: float, quiet_s: float) -> Figures:
    """Run the roles, insert the holds within `put_s`, and wait until all are released."""
    async with AsyncExitStack() as roles, traffic(scene, FRESH) as seen:
        workers = []
        for number in range(WORKERS):
            workers.append(await roles.enter_async_context(serving(scene, "worker", number, logs)))
            await seen.until_answered()
        for number in range(EXPIRERS):
            await roles.enter_async_context(serving(scene, "expirer", number, logs))
        end = whole_second(datetime.now(UTC) + timedelta(seconds=put_s + quiet_s))
        await put_holds(db, HELD, holds, end)
        early_s = (end - datetime.now(UTC)).total_seconds() - quiet_s
        assert early_s > 0, f"the holds were put {-early_s:.1f} s too late: this machine is too busy to measure"
        await seen.until_released(holds)
        batches = await large_batches(workers)
        release_batches = len(await db["reservations"].distinct("moved_by", {"campaign_id": HELD}))
    return figures_of(seen, holds, end.timestamp(), quiet_s, batches, release_batches)


def whole_second(instant: datetime) -> datetime:
    """The second it is in."""
    return instant.replace(microsecond=0)


@asynccontextmanager
async def serving(scene: Scene, name: str, number: int, logs: Path) -> AsyncIterator[Role]:
    """Another process of a role, ready; stopped at the end, so that it leaves no transaction open."""
    environment = {**scene.environment, "CODES_LOG__LEVEL": "INFO"}
    async with running(name, environment, logs / f"{name}-{number}.log") as role:
        await role.until_ready()
        try:
            yield role
        finally:
            role.signal(signal.SIGTERM)
            await role.ended()


def figures_of(
    seen: Traffic, holds: int, end_s: float, quiet_s: float, batches: int, release_batches: int
) -> Figures:
    """The results, from what was observed."""
    last_s = max(seen.released_at_s.values())
    quiet, during = seen.reserve_ms(end_s - quiet_s, end_s), seen.reserve_ms(end_s, last_s)
    return Figures(
        holds=holds,
        released_s=round(last_s - end_s, 1),
        asked_per_hold=round(seen.releases / holds, 2),
        release_batches=release_batches,
        reserve_quiet_ms=round(median(quiet)),
        reserve_storm_ms=round(median(during)),
        reserve_quiet_p95_ms=round(p95(quiet)),
        reserve_storm_p95_ms=round(p95(during)),
        storm_batch_ms=round(1000 * (last_s - end_s) * RELEASE.partitions / max(1, batches)),
    )


def p95(values: Sequence[float]) -> float:
    """Only one in twenty is larger."""
    return quantiles(values, n=20)[-1]


async def large_batches(workers: Sequence[Role]) -> int:
    """Batches larger than reserves alone would make."""
    texts = [(await worker.get("/metrics"))[1] for worker in workers]
    lines = [
        line.split(" ") for text in texts for line in text.splitlines() if line.startswith("codes_batch_records")
    ]
    all_ = sum(float(value) for name, value in lines if name == "codes_batch_records_count")
    small = sum(
        float(value) for name, value in lines if name == f'codes_batch_records_bucket{{le="{SMALL_BATCH}.0"}}'
    )
    return round(all_ - small)


async def check(db: Database, holds: int) -> None:
    """Each hold was released once, and the counts are true."""
    ledger = db["requests"].find({}, {"outcome.outcome": 1, "outcome.reservation_id": 1})
    released = Counter(
        [entry["outcome"]["reservation_id"] async for entry in ledger if entry["outcome"]["outcome"] == "released"]
    )
    assert {1: holds} == Counter(released.values())
    shards = await db["inventory"].find({"campaign_id": HELD}).to_list(None)
    assert (holds, 0) == tuple(sum(shard[status] for shard in shards) for status in ("available", "reserved"))
    assert holds == await db["codes"].count_documents({"campaign_id": HELD, "code_type": "tm", "status": "available"})


def main(holds: Annotated[int, typer.Option(help="Reservations that expire in the same second.")] = 100_000) -> None:
    """Measure and print."""
    stack = devstack.up()
    try:
        with tempfile.TemporaryDirectory() as logs:
            figures = asyncio.run(measure(stack.environment(), holds, Path(logs)))
    finally:
        if stack.started_by_this_call:
            devstack.down()
    print(orjson.dumps(asdict(figures), option=orjson.OPT_INDENT_2).decode())


if __name__ == "__main__":
    typer.run(main)
