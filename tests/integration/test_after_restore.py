"""A database restored to an earlier moment, mended as docs/handbook/disasters.md says."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from ops.migrate import migrate
from ops.settings import Settings
from schemas.stock import changelog_topic
from schemas.topics import ASSIGN, ASSIGNED, INVENTORY, RELEASE, RESERVE, RESULTS, Topics, TopicSpec
from stores.mongo.connection import Database
from tests.integration.commanding import Codes
from tests.integration.conftest import PutCodes
from tests.integration.running import Neighbour, a_neighbour, running

pytestmark = pytest.mark.integration

SCRIPT: Final = Path(__file__).parents[2] / "docs/handbook/after_restore.py"
CODES: Final = 6


async def test_no_code_that_a_fan_was_told_goes_to_another_fan(
    environment: dict[str, str],
    migrated: Settings,
    neighbour: Neighbour,
    stocked: PutCodes,
    db: Database,
    tmp_path: Path,
) -> None:
    """All six codes were told before the restore or asked for after it: each has one fan, the counts are true."""
    await stocked("sale", CODES)
    async with serving(environment, tmp_path / "w1.log"):
        await decide(neighbour, 2, reserve("r0"), reserve("r1"))
        await decide(neighbour, 3, assign("a0", "r0"))
        backup = await backup_of(db)
        await decide(neighbour, 5, assign("a1", "r1"), straight("s0"))
        await decide(neighbour, 6, reserve("r2"))
    await restore(db, backup)

    await mend(environment, migrated, db)

    async with a_neighbour(migrated) as after, serving(environment, tmp_path / "w2.log"):
        await decide(after, 9, assign("a1", "r1"), straight("s0"), assign("a2", "r2"))
        await decide(after, 13, *(straight(f"s{number}") for number in range(1, 5)))
        results = await latest(after, 7)
        events = await after.values(ASSIGNED, CODES)
        shards = await after.values(INVENTORY, 1, settle_s=1.0)
    assert {
        "a1": "reservation_assigned",
        "s0": "request_id_reused",
        "a2": "reservation_not_found",
    } == {result["request_id"]: result["reason"] for result in results[:3]}
    assert Counter({None: 3, "out_of_stock": 1}) == Counter(result["reason"] for result in results[3:])
    assert (CODES, CODES) == (len(events), len({event["code_id"] for event in events}))
    assert {"assigned": CODES} == {status: count for status, count in totals(shards).items() if count}
    assert CODES == await db["codes"].count_documents({"status": "assigned"})


@pytest.mark.long
async def test_a_hold_that_was_let_go_later_blocks_nothing(
    environment: dict[str, str],
    migrated: Settings,
    neighbour: Neighbour,
    stocked: PutCodes,
    db: Database,
    tmp_path: Path,
) -> None:
    """Held by one fan in the backup, released and assigned to another one after it: the first hold is over."""
    await stocked("sale", 1)
    async with serving(environment, tmp_path / "w1.log"):
        await decide(neighbour, 1, reserve("r0"))
        backup = await backup_of(db)
        await decide(neighbour, 2, release("e0", "r0"))
        await decide(neighbour, 3, straight("s0"))
    await restore(db, backup)

    await mend(environment, migrated, db)

    async with a_neighbour(migrated) as after, serving(environment, tmp_path / "w2.log"):
        await decide(after, 4, release("e1", "r0"))
        [result] = await latest(after, 1)
    assert "reservation_released" == result["reason"]
    assert {"_id": "s0", "state": "assigned"} == await db["reservations"].find_one({"_id": "s0"}, {"state": 1})


Backup = dict[str, list[dict[str, Any]]]
Ask = tuple[TopicSpec, dict[str, Any]]


def reserve(request_id: str) -> Ask:
    return RESERVE, {"request_id": request_id, "campaign_id": "sale", "fan_id": "fan"}


def straight(request_id: str) -> Ask:
    return ASSIGN, {"request_id": request_id, "campaign_id": "sale", "fan_id": "fan"}


def assign(request_id: str, reservation_id: str) -> Ask:
    topic, request = straight(request_id)
    return topic, {**request, "reservation_id": reservation_id}


def release(request_id: str, reservation_id: str) -> Ask:
    return RELEASE, {"request_id": request_id, "campaign_id": "sale", "reservation_id": reservation_id}


async def decide(neighbour: Neighbour, count: int, *requests: Ask) -> None:
    """Send them one after the other, until there are so many results in all."""
    for number, (topic, request) in enumerate(requests):
        await neighbour.send(topic, request, partition=0)
        await neighbour.records(RESULTS, count - len(requests) + number + 1)


async def latest(neighbour: Neighbour, count: int) -> list[dict[str, Any]]:
    """In the order of their decisions: all have the same key, and so one partition."""
    return (await neighbour.values(RESULTS, 1))[-count:]


@asynccontextmanager
async def serving(environment: dict[str, str], log: Path) -> AsyncIterator[None]:
    """A worker, from ready to its end."""
    async with running("worker", environment, log) as worker:
        await worker.until_ready()
        yield
        worker.signal(signal.SIGTERM)
        assert 0 == await worker.ended()


async def backup_of(db: Database) -> Backup:
    """All documents, by collection."""
    return {name: await db[name].find({}).to_list(None) for name in await db.list_collection_names()}


async def restore(db: Database, backup: Backup) -> None:
    """What a restore to a point in time leaves: the documents of then, and nothing else."""
    for name in await db.list_collection_names():
        await db[name].delete_many({})
        if documents := backup.get(name):
            await db[name].insert_many(documents)


async def mend(environment: dict[str, str], settings: Settings, db: Database) -> None:
    """The handbook's steps, each as it stands there."""
    codes = Codes(environment)
    told = await codes("tail", "assigned.v1", "--no-follow", "--json", "--reveal")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), stdin=asyncio.subprocess.PIPE, env=codes.environment
    )
    await process.communicate(told.out.encode())
    assert 0 == process.returncode
    await delete(
        settings, Topics(settings.topics.prefix).full(INVENTORY), changelog_topic(settings.kafka.group_prefix)
    )
    await migrate(settings)
    await db["inventory"].update_many({}, {"$inc": {"available": 1}})
    assert 0 == (await codes("reconcile", "--repair")).code


async def delete(settings: Settings, *topics: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers)
    await admin.start()
    try:
        await admin.delete_topics(list(topics))
    finally:
        await admin.close()


def totals(events: list[dict[str, Any]]) -> Counter[str]:
    """A campaign's counts as a reader of `inventory.v1` sums them."""
    latest: dict[str, dict[str, Any]] = {}
    for event in events:
        if event["version"] >= latest.get(event["shard"], event)["version"]:
            latest[event["shard"]] = event
    counts: Counter[str] = Counter()
    for event in latest.values():
        counts.update({status: event[status] for status in ("available", "reserved", "assigned")})
    return counts
