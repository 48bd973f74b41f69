"""What tests of a restored database share: requests one after the other, a worker's life, a backup and its restore.

Out: `reserve`, `straight`, `assign`, `release`, `decide`, `latest`, `serving`, `backup_of`, `restore`,
     `published_counts`.
"""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from schemas.topics import ASSIGN, INVENTORY, RELEASE, RESERVE, RESULTS, TopicSpec
from stores.mongo.connection import Database
from tests.integration.running import Neighbour, running

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
    """The last results, in the order of decision: all have the same key, and so one partition."""
    return (await neighbour.values(RESULTS, 1))[-count:]


@asynccontextmanager
async def serving(environment: dict[str, str], log: Path) -> AsyncIterator[None]:
    """A worker that is ready; SIGTERM ends it with the block."""
    async with running("worker", environment, log) as worker:
        await worker.until_ready()
        yield
        worker.signal(signal.SIGTERM)
        assert 0 == await worker.ended()


async def backup_of(db: Database) -> Backup:
    """All documents, by collection."""
    return {name: await db[name].find({}).to_list(None) for name in await db.list_collection_names()}


async def restore(db: Database, backup: Backup) -> None:
    """Leave the documents of the backup and nothing else, as a restore to a point in time does."""
    for name in await db.list_collection_names():
        await db[name].delete_many({})
        if documents := backup.get(name):
            await db[name].insert_many(documents)


async def published_counts(neighbour: Neighbour) -> dict[str, tuple[int, int, int]]:
    """Every campaign's available, reserved and assigned codes, as a reader of `inventory.v1` sums them."""
    latest: dict[tuple[str, str, str], dict[str, Any]] = {}
    for event in await neighbour.values(INVENTORY, 1, settle_s=0.5):
        shard = event["campaign_id"], event["code_type"], event["shard"]
        if event["version"] > latest.get(shard, {"version": 0})["version"]:
            latest[shard] = event
    counts: dict[str, tuple[int, int, int]] = {}
    for event in latest.values():
        before = counts.get(event["campaign_id"], (0, 0, 0))
        said = event["available"], event["reserved"], event["assigned"]
        counts[event["campaign_id"]] = (before[0] + said[0], before[1] + said[1], before[2] + said[2])
    return counts
