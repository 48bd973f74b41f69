"""Collects what a storm left behind, for the checker.

In:       the settings of a service that is quiet, what the reader has read.
Out:      `History`; what a second reader finds different from the first.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiokafka import TopicPartition

from ops.settings.load import Settings
from schemas.topics import IMPORT, REQUEST_TOPICS
from stores.mongo.connection import Database
from tests.chaos.journal import Journal
from tests.chaos.quiet import QUIET_S_MAX, committed, log_ends
from tests.chaos.reader import Reader, reading
from tests.checking.history import History, Logged
from tests.checking.violation import Violation
from tests.integration.importing import Files

INPUTS: Final = frozenset(spec.name for spec in (*REQUEST_TOPICS, IMPORT))
REREAD_S_MAX: Final = 300.0
POLL_S: Final = 0.2
Place = tuple[str, int, int]
"""Topic, partition, offset."""
Acknowledged = Sequence[tuple[Place, bytes | None]]
"""With each record's value."""


async def history_of(settings: Settings, db: Database, reader: Reader, files: Files, **times: Any) -> History:
    """All that an outsider can read."""
    ordered = sorted(reader.records, key=lambda record: (record.topic, record.partition, record.offset))
    return History(
        guarantee=settings.processing_guarantee,
        inputs=[record for record in ordered if record.topic in INPUTS],
        outputs=[record for record in ordered if record.topic not in INPUTS],
        documents={name: await db[name].find({}).to_list(None) for name in await db.list_collection_names()},
        committed=await committed(settings),
        objects=await asyncio.to_thread(objects_of, files),
        answer_bound_s=QUIET_S_MAX,
        **times,
    )


def objects_of(files: Files) -> Mapping[tuple[str, str], bytes]:
    pages = files.client.get_paginator("list_objects_v2").paginate(Bucket=files.bucket)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return {(files.bucket, key): body_of(files, key) for key in keys}


def body_of(files: Files, key: str) -> bytes:
    body: bytes = files.client.get_object(Bucket=files.bucket, Key=key)["Body"].read()
    return body


async def differing_reads(settings: Settings, first: Reader, journal: Journal) -> list[Violation]:
    """Read everything again. What was read during the storm and is not in the log now was never committed."""
    topics = sorted({partition.topic.removeprefix(settings.topics.prefix) for partition in first.positions})
    servers, prefix = settings.kafka.bootstrap_servers, settings.topics.prefix
    again = Reader(servers, prefix, topics, journal, lambda _record: None)
    ends = await log_ends(settings, list(first.positions))
    async with reading(again), asyncio.timeout(REREAD_S_MAX):
        while not is_read(again.positions, ends):  # noqa: ASYNC110  # the reader moves them in its own task
            await asyncio.sleep(POLL_S)
    # Roles still run, and both readers go on for a while: only what stood before these ends is compared.
    limits = {(place.topic.removeprefix(prefix), place.partition): end for place, end in ends.items()}
    live, log = contents(first.records, limits), contents(again.records, limits)
    return [
        Violation("read_differs", (name(place),), "the same record", how_different(live.get(place), log.get(place)))
        for place in sorted(live.keys() | log.keys())
        if live.get(place) != log.get(place)
    ]


def how_different(live: int | None, log: int | None) -> str:
    if log is None:
        return "not in the log at the end"
    return "skipped during the storm" if live is None else "another content at the end"


def is_read(positions: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]) -> bool:
    return all(positions.get(partition, 0) >= end for partition, end in ends.items())


def contents(records: Sequence[Logged], ends: Mapping[tuple[str, int], int]) -> dict[Place, int]:
    """Hashes of what stands before these ends, by place."""
    return {
        (record.topic, record.partition, record.offset): hash((record.key, record.value, record.headers))
        for record in records
        if record.offset < ends[record.topic, record.partition]
    }


def lost_requests(acknowledged: Acknowledged, inputs: Sequence[Logged]) -> list[Violation]:
    """Records that the broker has acknowledged, and that are not in the log."""
    log = {(record.topic, record.partition, record.offset): record.value for record in inputs}
    return [
        Violation("acknowledged_lost", (name(place),), "in the log", "missing or different")
        for place, value in acknowledged
        if place not in log or log[place] != value
    ]


def name(place: Place) -> str:
    topic, partition, offset = place
    return f"{topic}-{partition}@{offset}"
