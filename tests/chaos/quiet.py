"""Waits until the service has nothing left to do.

In:       a storm whose faults have ended; then again, when its expirers have ended: until they have, each hold whose
          time comes is another request.
Out:      violations `not_quiet`: what is still open after the time limit.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError

from ops.settings.load import Settings
from schemas.topics import IMPORT, REQUEST_TOPICS, Topics
from stores.mongo.connection import Database
from tests.chaos.reader import Reader
from tests.checking.violation import Violation

QUIET_S_MAX: Final = 240.0
"""From the last fault. A machine under load needs many times what an idle one needs."""
POLL_S: Final = 1.0
OVERDUE_S: Final = 1.0
SHOWN_MAX: Final = 10
GROUPS: Final = {"worker": REQUEST_TOPICS, "importer": (IMPORT,)}
Committed = Mapping[tuple[str, str, int], int]


async def until_quiet(settings: Settings, db: Database, reader: Reader, *, expires: bool) -> list[Violation]:
    """Wait; gives what is left after `QUIET_S_MAX`. Without expirers overdue reservations stay."""
    end_s = time.monotonic() + QUIET_S_MAX
    while True:
        try:
            left = await overdue(db) if expires else []
            left += await what_is_left(settings, db, reader)
        except (KafkaError, PyMongoError, OSError) as why:
            left = [f"{type(why).__name__}: {why}"[:300]]
        if not left or time.monotonic() > end_s:
            return [Violation("not_quiet", (), "nothing left to do", what) for what in left[:SHOWN_MAX]]
        await asyncio.sleep(POLL_S)


async def overdue(db: Database) -> list[str]:
    """Reservations that an expirer has to ask for."""
    until = datetime.now(UTC) - timedelta(seconds=OVERDUE_S)
    found = await db["reservations"].count_documents({"state": "held", "expires_at": {"$lt": until}})
    return [f"{found} overdue reservations"] if found else []


async def what_is_left(settings: Settings, db: Database, reader: Reader) -> list[str]:
    """Undecided records, records that the reader may not read yet, imports that run."""
    imports = await db["imports"].count_documents({"state": "running"})
    left = [f"{imports} imports that run"] if imports else []
    ends = await log_ends(settings, list(reader.positions))
    left += [
        f"{partition.topic}-{partition.partition}: read up to {position} of {ends[partition]}"
        for partition, position in reader.positions.items()
        if position < ends[partition]
    ]
    prefix = settings.topics.prefix
    for (group, topic, number), end in undecided(await committed(settings), ends, prefix).items():
        left.append(f"{group}: {topic}-{number} has records before {end} that are not decided")
    return left


async def log_ends(settings: Settings, partitions: list[TopicPartition]) -> Mapping[TopicPartition, int]:
    """The ends of the logs, whether or not a transaction there is still open."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka.bootstrap_servers)
    await consumer.start()
    try:
        found: Mapping[TopicPartition, int] = await consumer.end_offsets(partitions)
        return found
    finally:
        await consumer.stop()


async def committed(settings: Settings) -> Committed:
    """Committed offsets by group, topic and partition, without prefixes."""
    topics = Topics(settings.topics.prefix)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers)
    await admin.start()
    found: dict[tuple[str, str, int], int] = {}
    try:
        for group in GROUPS:
            offsets: Mapping[Any, Any] = await admin.list_consumer_group_offsets(settings.kafka.group_prefix + group)
            for partition, offset in offsets.items():
                found[group, topics.bare(partition.topic), partition.partition] = offset.offset
    finally:
        await admin.close()
    return found


def undecided(offsets: Committed, ends: Mapping[TopicPartition, int], prefix: str) -> dict[tuple[str, str, int], int]:
    """Input partitions whose group has not committed their end."""
    found = {}
    for group, specs in GROUPS.items():
        names = {prefix + spec.name for spec in specs}
        for partition, end in ends.items():
            key = (group, partition.topic.removeprefix(prefix), partition.partition)
            if partition.topic in names and offsets.get(key, 0) < end:
                found[key] = end
    return found
