"""Several `codes worker` on the same topics: each code goes out once, each request is answered once."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from schemas.topics import ASSIGN, RESERVE, RESULTS
from stores.mongo.connection import Database
from tests.integration.conftest import PutCodes
from tests.integration.requesting import reserve
from tests.integration.running import Neighbour, running

pytestmark = pytest.mark.integration


async def test_more_demand_than_stock_over_partitions_sells_every_code_once(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, db: Database, tmp_path: Path
) -> None:
    """Two workers, 120 codes, 200 fans: 120 hold one code each, 80 are refused as out of stock."""
    await stocked("rush", 120)
    async with (
        running("worker", environment, tmp_path / "w1.log") as first,
        running("worker", environment, tmp_path / "w2.log") as second,
    ):
        await first.until_ready()
        await second.until_ready()
        for number in range(200):
            topic = RESERVE if number % 2 else ASSIGN
            await neighbour.send(topic, reserve(f"q{number}", campaign_id="rush"), partition=number // 2 % 2)
        results = await neighbour.values(RESULTS, 200, settle_s=0.5)

    outcomes = Counter(result["reason"] or "served" for result in results)
    assert {"served": 120, "out_of_stock": 80} == outcomes
    held = [code_id for result in results for code_id in result["code_ids"]]
    assert (120, 120) == (len(held), len(set(held)))
    assert 0 == await db["codes"].count_documents({"status": "available"})
    shards = await db["inventory"].find({"campaign_id": "rush"}).to_list(None)
    statuses = Counter([code["status"] async for code in db["codes"].find({})])
    for status in ("available", "reserved", "assigned"):
        assert statuses[status] == sum(shard[status] for shard in shards)


async def test_workers_that_come_and_go_lose_nothing_and_double_nothing(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Requests keep coming while a second worker joins and the first one leaves: one result each."""
    await stocked("sale", 700)
    async with (
        running("worker", environment, tmp_path / "w1.log") as leaves,
        running("worker", environment, tmp_path / "w2.log") as joins,
    ):
        await leaves.until_ready()
        for number in range(600):
            if number == 400:
                await joins.until_ready()
                leaves.signal(signal.SIGTERM)
            await neighbour.send(RESERVE, reserve(f"q{number}"), partition=number % 2)
        assert 0 == await leaves.ended()
        results = await neighbour.values(RESULTS, 600, settle_s=0.5)

    assert {f"q{number}": 1 for number in range(600)} == Counter(result["request_id"] for result in results)
    assert {"reserved"} == {result["outcome"] for result in results}
