"""`python -m benchmarks.expiry`: very many reservations that expire in the same second, while others go on reserving.

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
"""The campaign that fans reserve from meanwhile."""
FRESH_CODES: Final = 20_000
WORKERS: Final = 2
EXPIRERS: Final = 2
QUIET_S: Final = 10.0
"""How long reserves are measured before the holds expire."""
SMALL_BATCH: Final = 100
SLOWER: Final = 5
"""A hold takes at most so many times as long to put as a code: it is a code and a reservation, while roles run."""
SETTLE_S: Final = 3.0
PUT_TIMEOUT_MS: Final = 60_000
"""For the measurement's own reads and writes: the database may be busy with what was removed before."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run showed."""

    holds: int
    released_s: float
    """From the second in which they expired to the last one's result."""
    asked_per_hold: float
    """Release requests decided for each hold: those that only repeat another's cost time too."""
    release_batches: int
    """Batches in which the holds were released; a busy machine makes them fewer and larger."""
    reserve_quiet_ms: float
    """Median time from a reserve's sending to its result, before."""
    reserve_storm_ms: float
    """The same while holds were being released."""
    reserve_quiet_p95_ms: float
    reserve_storm_p95_ms: float
    storm_batch_ms: float
    """Mean time of a batch of releases; all partitions were busy with them all the while."""


async def measure(
    stack: Mapping[str, str], holds: int, logs: Path, *, quiet_s: float = QUIET_S, fresh: int = FRESH_CODES
) -> Figures:
    """One run on a scene of its own, with so many codes for the fans who go on reserving."""
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
    """Run the roles, put the holds, which may take `put_s`, and wait until all are released."""
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
    """One more process of a role, ready; told to stop at the end, so that it leaves no transaction open."""
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
    """What was seen, summed up."""
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
    """Of more records than reserves alone would ever make."""
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
    """Each was released once, and the inventory is true."""
    ledger = db["requests"].find({}, {"outcome.outcome": 1, "outcome.reservation_id": 1})
    released = Counter(
        [one["outcome"]["reservation_id"] async for one in ledger if one["outcome"]["outcome"] == "released"]
    )
    assert {1: holds} == Counter(released.values())
    shards = [one async for one in db["inventory"].find({"campaign_id": HELD})]
    assert (holds, 0) == tuple(sum(one[status] for one in shards) for status in ("available", "reserved"))
    assert holds == await db["codes"].count_documents({"campaign_id": HELD, "code_type": "tm", "status": "available"})


def main(holds: Annotated[int, typer.Option(help="Reservations that expire at once.")] = 100_000) -> None:
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
