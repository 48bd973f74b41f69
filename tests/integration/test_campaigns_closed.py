"""A campaign is closed while fans reserve: what has not committed by then is refused, whichever worker decides it."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import ASSIGN, IMPORT, RELEASE, RESERVE, RESULTS
from stores.mongo.connection import Database
from tests.integration.commanding import Codes
from tests.integration.conftest import PutCodes
from tests.integration.importing import Files, ends
from tests.integration.requesting import reserve
from tests.integration.running import Neighbour, running

pytestmark = pytest.mark.integration

PARTITIONS = 2
"""As many as a test's topics have."""
TOUCHED = 1
"""Partitions that have a shard of the campaign before it is closed; the others begin theirs at that moment."""
SMALL = {"CODES_WORKER__BATCH_SIZE_MAX": "3"}
TRAFFIC = 240


@pytest.fixture
def codes(environment: dict[str, str]) -> Codes:
    """The command line on this test's deployment."""
    return Codes(environment)


async def traffic(neighbour: Neighbour, name: str, count: int) -> None:
    """Reserves, over all partitions."""
    for number in range(count):
        await neighbour.send(RESERVE, reserve(f"{name}-{number}"), partition=number % PARTITIONS)


async def taken(db: Database) -> int:
    """Codes that are reserved or assigned."""
    return await db["codes"].count_documents({"status": {"$in": ["reserved", "assigned"]}})


async def result_of(neighbour: Neighbour, count: int) -> dict[str, dict[str, Any]]:
    """All results, by request."""
    return {result["request_id"]: result for result in await neighbour.values(RESULTS, count)}


async def test_no_reserve_succeeds_once_close_has_returned(
    environment: dict[str, str],
    neighbour: Neighbour,
    stocked: PutCodes,
    db: Database,
    codes: Codes,
    tmp_path: Path,
) -> None:
    """Two workers under traffic, in partitions that have a shard of the campaign and in others that begin theirs."""
    await stocked("sale", 2_000)
    async with AsyncExitStack() as roles:
        for name in ("one", "two"):
            log = tmp_path / f"{name}.log"
            await (await roles.enter_async_context(running("worker", environment, log, **SMALL))).until_ready()
        for number in range(TOUCHED):
            await neighbour.send(RESERVE, reserve(f"first-{number}"), partition=number)
        await neighbour.values(RESULTS, TOUCHED)
        sending = asyncio.create_task(traffic(neighbour, "during", TRAFFIC))
        await neighbour.values(RESULTS, TOUCHED + TRAFFIC // 4)

        closed = await codes("campaigns", "close", "sale", "--by", "maria", "--json")
        taken_then = await taken(db)
        await traffic(neighbour, "after", 2 * PARTITIONS)
        await sending
        results = await result_of(neighbour, TOUCHED + TRAFFIC + 2 * PARTITIONS)

    assert (0, "closed", "maria") == (closed.code, closed.json["state"], closed.json["closed_by"])
    assert taken_then == await taken(db) == sum(result["outcome"] == "reserved" for result in results.values())
    after = Counter(result["reason"] for name, result in results.items() if name.startswith("after"))
    assert {"campaign_closed": 2 * PARTITIONS} == after
    assert {None, "campaign_closed"} == {result["reason"] for result in results.values()}


async def test_a_closing_that_was_killed_is_made_again(
    environment: dict[str, str],
    neighbour: Neighbour,
    stocked: PutCodes,
    db: Database,
    codes: Codes,
    tmp_path: Path,
) -> None:
    """Half-way, a partition that has a shard still gives out codes, and `list` says so; others do not."""
    await stocked("sale", 100)
    async with running("worker", environment, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        await neighbour.send(RESERVE, reserve("first"), partition=0)
        await neighbour.values(RESULTS, 1)
        closed_at = {"closed_at": (await db["inventory"].find_one({}))["changed_at"], "closed_by": "maria"}  # type: ignore[index]
        await db["campaigns"].update_one({"_id": "sale"}, {"$set": closed_at})
        half = await codes("campaigns", "list", "--json")
        await asyncio.sleep(1.1)  # a worker caches a campaign for a second
        await neighbour.send(RESERVE, reserve("marked-not"), partition=0)
        await neighbour.send(RESERVE, reserve("no-shard"), partition=1)
        await neighbour.values(RESULTS, 3)
        again = await codes("campaigns", "close", "sale", "--by", "otto", "--json")
        await neighbour.send(RESERVE, reserve("late"), partition=0)
        results = await result_of(neighbour, 4)

    assert "closing" == half.json["campaigns"][0]["state"]
    assert ("closed", "maria") == (again.json["state"], again.json["closed_by"])
    reasons = {name: result["reason"] for name, result in results.items()}
    assert {"first": None, "marked-not": None, "no-shard": "campaign_closed", "late": "campaign_closed"} == reasons


async def test_holds_go_on_imports_do_not_and_a_reopened_campaign_sells_again(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, codes: Codes, files: Files, tmp_path: Path
) -> None:
    """A repeat gets its first answer; an import ends with the reason, and inserts nothing."""
    await stocked("sale", 10)
    files.put("more.csv", b"MORE-1\nMORE-2\n")
    async with (
        running("worker", environment, tmp_path / "worker.log"),
        running("importer", environment, tmp_path / "importer.log"),
    ):
        for name in ("kept", "returned"):
            await neighbour.send(RESERVE, reserve(name))
        await neighbour.values(RESULTS, 2)
        await codes("campaigns", "close", "sale")
        await neighbour.send(ASSIGN, {**reserve("a-1"), "reservation_id": "kept", "fan_id": "fan-kept"})
        await neighbour.send(RELEASE, {"request_id": "x-1", "campaign_id": "sale", "reservation_id": "returned"})
        await neighbour.send(ASSIGN, reserve("s-1"))
        await neighbour.send(RESERVE, reserve("kept"))
        closed = await neighbour.values(RESULTS, 6)
        await neighbour.send(IMPORT, {**files.command("more.csv"), "campaign_id": "sale"}, key=b"sale")
        [end] = await ends(neighbour, 1)
        reopened = await codes("campaigns", "reopen", "sale")
        await asyncio.sleep(1.1)  # a worker caches a campaign for a second
        await neighbour.send(RESERVE, reserve("again"))
        results = await neighbour.values(RESULTS, 7)

    outcomes = [(result["request_id"], result["outcome"], result["reason"]) for result in closed[2:]]
    expected = [("a-1", "assigned", None), ("kept", "reserved", None), ("s-1", "refused", "campaign_closed")]
    assert sorted([*expected, ("x-1", "released", None)]) == sorted(outcomes)
    assert ("failed", "campaign_closed", 0) == (end["state"], end["reason"], end["inserted"])
    assert "campaign sale is open: available 9, reserved 0, assigned 1\n" == reopened.out
    assert "reserved" == results[6]["outcome"]


async def test_a_closed_campaign_stays_closed_when_its_shards_are_repaired(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, db: Database, codes: Codes, tmp_path: Path
) -> None:
    """A shard that was lost begins again, and a correcting shard begins: both have the mark. The audit agrees."""
    await stocked("sale", 10)
    async with running("worker", environment, tmp_path / "worker.log"):
        await neighbour.send(RESERVE, reserve("first"))
        await neighbour.values(RESULTS, 1)
        await codes("campaigns", "close", "sale")
        await neighbour.send(RESERVE, reserve("refused"))
        await neighbour.values(RESULTS, 2)
        audited = await codes("audit", "--json")
        lost = await db["inventory"].delete_one({"shard": {"$regex": "^reserve"}})
        repaired = await codes("reconcile", "--repair", "--retell", "--json")
        await neighbour.send(RESERVE, reserve("late"))
        results = await result_of(neighbour, 3)

    assert [] == [found for found in audited.json["findings"] if "import" not in found["what"]]
    assert (1, 0, 0) == (lost.deleted_count, repaired.code, repaired.json["remaining"])
    assert [True] * 3 == [shard["is_closed"] async for shard in db["inventory"].find({})]
    assert "campaign_closed" == results["late"]["reason"]
