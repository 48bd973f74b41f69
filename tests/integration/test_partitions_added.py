"""Partitions are added while workers run: docs/handbook/partitions.md says that nothing is lost or doubled by it."""

import asyncio
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import orjson
import pytest

from ops.broker.migrate import migrate
from ops.settings.load import Settings, load_settings
from schemas.topics import ASSIGN, ASSIGNED, RELEASE, RESERVE, RESULTS
from stores.mongo.connection import Database
from tests.integration.conftest import PutCodes
from tests.integration.running import Neighbour, Role, a_neighbour, running, until

pytestmark = pytest.mark.integration

BEFORE, AFTER = 2, 4
SEEN_TIMEOUT_S = 60.0
"""Consumers look for new partitions every 30 seconds."""
ASKED = 120


@pytest.mark.long
@pytest.mark.timeout(240)  # workers look for new partitions every 30 seconds, and the machine may be busy
async def test_partitions_added_under_load_lose_nothing_and_double_nothing(
    environment: dict[str, str],
    migrated: Settings,
    neighbour: Neighbour,
    stocked: PutCodes,
    db: Database,
    tmp_path: Path,
) -> None:
    """Each request has one outcome, a repeat that falls into a new partition the same one; the counts are true."""
    await stocked("sale", 4 * ASKED)
    async with (
        running("worker", environment, tmp_path / "w1.log") as worker_1,
        running("worker", environment, tmp_path / "w2.log") as worker_2,
    ):
        await worker_1.until_ready()
        await worker_2.until_ready()
        first = asyncio.create_task(reserve_all(neighbour, "old", BEFORE))
        await widen(environment)
        await first
        async with a_neighbour(migrated) as wider:
            await reserve_all(wider, "new", AFTER)
            await reserve_all(wider, "old", AFTER)
            await serve_all_partitions([worker_1, worker_2])
            results = await wider.values(RESULTS, 3 * ASKED, settle_s=1.0)
            await assign_all(wider, "new", AFTER)
            events = await wider.values(ASSIGNED, ASKED, settle_s=1.0)

    answers = by_request(results)
    assert {f"{name}-{number}" for name in ("old", "new") for number in range(ASKED)} == answers.keys()
    assert {"old": 2, "new": 1} == {name.partition("-")[0]: len(found) for name, found in answers.items()}
    assert all(found[0] == again for found in answers.values() for again in found)
    held = [code_id for found in answers.values() for code_id in found[0]["code_ids"]]
    assert (2 * ASKED, 2 * ASKED) == (len(held), len(set(held)))
    assert (ASKED, ASKED) == (len(events), len({event["code_id"] for event in events}))
    assert await counted(db) == await summed(db)


async def reserve_all(neighbour: Neighbour, name: str, partitions: int) -> None:
    """The same requests each time, over so many partitions, in another order of them than before."""
    for number in range(ASKED):
        request = {"request_id": f"{name}-{number}", "campaign_id": "sale", "fan_id": f"fan-{number}"}
        await neighbour.send(RESERVE, request, partition=(number + partitions) % partitions)


async def assign_all(neighbour: Neighbour, name: str, partitions: int) -> None:
    """What was reserved under a name."""
    for number in range(ASKED):
        request = {"request_id": f"a-{name}-{number}", "campaign_id": "sale", "fan_id": f"fan-{number}"}
        request["reservation_id"] = f"{name}-{number}"
        await neighbour.send(ASSIGN, request, partition=number % partitions)


async def widen(environment: dict[str, str]) -> None:
    """What an operator does: the new counts in the settings, then `codes migrate`."""
    wanted = orjson.loads(environment["CODES_TOPICS__PARTITIONS"])
    wanted |= dict.fromkeys((topic.name for topic in (RESERVE, ASSIGN, RELEASE, RESULTS)), AFTER)
    await migrate(load_settings({**environment, "CODES_TOPICS__PARTITIONS": orjson.dumps(wanted).decode()}))


async def serve_all_partitions(workers: list[Role]) -> None:
    """Wait until the workers together serve every partition of the request topics, each once."""

    def served() -> list[str]:
        return [partition for worker in workers for partition in worker.logged("assigned")[-1]["partitions"]]

    await until(lambda: 3 * AFTER == len(set(served())), "all partitions are served", SEEN_TIMEOUT_S)
    assert 3 * AFTER == len(served())


def by_request(results: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found = defaultdict(list)
    for result in results:
        found[result["request_id"]].append(result)
    return found


async def counted(db: Database) -> dict[str, int]:
    """Codes by status."""
    return dict(Counter([code["status"] async for code in db["codes"].find({})]))


async def summed(db: Database) -> dict[str, int]:
    """The sums of the shards without zeros."""
    shards = await db["inventory"].find({"campaign_id": "sale"}).to_list(None)
    sums = {status: sum(shard[status] for shard in shards) for status in ("available", "reserved", "assigned")}
    return {status: count for status, count in sums.items() if count}
