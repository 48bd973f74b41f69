"""A worker that pauses a partition after too many dead letters, on a real Kafka and a real database."""

from pathlib import Path

import pytest

from schemas.topics import ASSIGN, DEAD_LETTERS, RESERVE, RESULTS
from tests.integration.conftest import PutCodes
from tests.integration.requesting import reserve
from tests.integration.running import READY_TIMEOUT_S, Neighbour, running, until
from tests.integration.scraping import until_scraped

pytestmark = pytest.mark.integration

BAD = b"not JSON"
LAG = "codes_consumer_lag_records"
LIMIT = {"CODES_WORKER__DEAD_LETTERS_MAX": "3"}


async def test_a_partition_is_paused_and_the_others_go_on(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Ready, metric and log say which one; a restart without a limit serves what was left."""
    await stocked("sale", 10)
    paused = neighbour.topics.full(RESERVE)
    for value in (reserve("before"), BAD, BAD, BAD, BAD, BAD, reserve("behind")):
        await neighbour.send(RESERVE, value, partition=0)
    async with running("worker", environment, tmp_path / "paused.log", **LIMIT) as worker:
        await worker.until_logged("paused")
        await worker.until_missing(f"paused {paused}.0")
        await neighbour.send(RESERVE, reserve("beside"), partition=1)
        await neighbour.send(ASSIGN, reserve("other"), partition=0)
        results = await neighbour.values(RESULTS, 3, settle_s=1.5)
        letters = await neighbour.records(DEAD_LETTERS, 3)
        scrape = await until_scraped(worker, "lag", lambda seen: seen.value(LAG, topic=paused, partition="0") == 3)
        live, _ = await worker.get("/live")
        lines = worker.logged("paused")
    async with running("worker", environment, tmp_path / "again.log"):
        rest = await neighbour.values(RESULTS, 4, settle_s=0.5)
        all_letters = await neighbour.records(DEAD_LETTERS, 5, settle_s=0.5)

    assert ["before", "beside", "other"] == sorted(result["request_id"] for result in results)
    assert (3, 5) == (len(letters), len(all_letters))
    assert ["before", "behind", "beside", "other"] == sorted(result["request_id"] for result in rest)
    assert {(paused, 0)} == {place for place, value in scrape.places("codes_partition_paused").items() if value}
    assert [(paused, 0, 3)] == [(line["topic"], line["partition"], line["dead_letters"]) for line in lines]
    assert 200 == live


async def test_a_rebalance_does_not_end_a_pause(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """The process that paused keeps its partition, and remembers."""
    await stocked("sale", 10)
    for value in [BAD] * 8:
        await neighbour.send(RESERVE, value, partition=0)
    async with running("worker", environment, tmp_path / "first.log", **LIMIT) as first:
        await first.until_logged("paused")
        await first.until_missing("paused")
        before = len(await neighbour.records(DEAD_LETTERS, 3))
        async with running("worker", environment, tmp_path / "second.log", **LIMIT) as second:
            await until(
                lambda: len(first.logged("paused")) == 2 or bool(second.logged("paused")), "a pause", READY_TIMEOUT_S
            )
            kept = not second.logged("paused")
            after = len(await neighbour.records(DEAD_LETTERS, 3, settle_s=1.0))

    assert (3, 3 if kept else 6) == (before, after)
