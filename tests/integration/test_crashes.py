"""Crashes and pauses at exact moments: nothing is lost, nothing happens twice."""

import asyncio
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import ASSIGN, ASSIGNED, INVENTORY, RESERVE, RESULTS
from stores.mongo.connection import Database
from tests.integration.conftest import PutCodes
from tests.integration.running import Neighbour, is_stopped, running, until

pytestmark = pytest.mark.integration

REQUESTS = 40


def ask(number: int) -> dict[str, Any]:
    return {"request_id": f"q{number}", "campaign_id": "sale", "fan_id": f"fan-{number}"}


async def send_all(neighbour: Neighbour) -> None:
    for number in range(REQUESTS):
        await neighbour.send(ASSIGN if number % 2 else RESERVE, ask(number), partition=number // 2 % 2)


async def check_once(neighbour: Neighbour, db: Database) -> None:
    """One result a request, one event an assigned code, counts equal to the codes."""
    results = await neighbour.values(RESULTS, REQUESTS, settle_s=1.0)
    assigned = await neighbour.values(ASSIGNED, REQUESTS // 2)
    assert {f"q{number}": 1 for number in range(REQUESTS)} == Counter(result["request_id"] for result in results)
    assert {"reserved": REQUESTS // 2, "assigned": REQUESTS // 2} == Counter(result["outcome"] for result in results)
    assert REQUESTS // 2 == len({event["code_id"] for event in assigned}) == len(assigned)
    statuses = Counter([code["status"] async for code in db["codes"].find({})])
    shards = await db["inventory"].find({}).to_list(None)
    for status in ("available", "reserved", "assigned"):
        assert statuses[status] == sum(shard[status] for shard in shards)
    assert REQUESTS == statuses["reserved"] + statuses["assigned"]
    await check_published(neighbour, statuses)


async def check_published(neighbour: Neighbour, statuses: Counter[str]) -> None:
    """The last published shards add up to what the codes are, except the import, which no event published."""
    latest: dict[str, dict[str, Any]] = {}
    for event in await neighbour.values(INVENTORY, 1):
        if event["version"] >= latest.get(event["shard"], event)["version"]:
            latest[event["shard"]] = event
    for status in ("reserved", "assigned"):
        assert statuses[status] == sum(event[status] for event in latest.values())


@pytest.mark.parametrize("point", ["before_apply", "after_apply", "after_emit"])
async def test_a_worker_killed_at_any_step_leaves_one_result_and_one_move(
    point: str,
    environment: dict[str, str],
    neighbour: Neighbour,
    stocked: PutCodes,
    db: Database,
    tmp_path: Path,
) -> None:
    """SIGKILL before MongoDB's commit, between it and Kafka's, and after both; the next worker continues."""
    await stocked("sale", 100)
    doomed = {"CODES_FAILPOINT": f"{point}:kill", "CODES_WORKER__BATCH_SIZE_MAX": "5"}
    async with running("worker", environment, tmp_path / "doomed.log", **doomed) as worker:
        await worker.until_ready()
        await send_all(neighbour)
        assert -signal.SIGKILL == await worker.ended()
    async with running("worker", environment, tmp_path / "heir.log"):
        await check_once(neighbour, db)


async def test_a_paused_worker_is_fenced_when_it_goes_on(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, db: Database, tmp_path: Path
) -> None:
    """It stops between MongoDB's commit and Kafka's until another has its partitions; then its commit is refused."""
    await stocked("sale", 100)
    paused = {"CODES_FAILPOINT": "after_apply:stop", "CODES_WORKER__BATCH_SIZE_MAX": "5"}
    async with running("worker", environment, tmp_path / "paused.log", **paused) as first:
        await first.until_ready()
        await send_all(neighbour)
        await until(lambda: is_stopped(first.pid), "the worker stops at its failpoint", 20)
        async with running("worker", environment, tmp_path / "heir.log") as second:
            await check_once(neighbour, db)
            first.signal(signal.SIGCONT)
            await first.until_logged("fenced")
            await asyncio.sleep(1)
            await check_once(neighbour, db)
            assert None is second.process.returncode is first.process.returncode
