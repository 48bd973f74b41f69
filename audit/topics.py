"""Topics read as an outsider would, by read_committed, from where retention or a window lets them begin.

In:       settings, topics, the window.
Out:      records, one by one; how far each topic reaches back, and whether an open transaction hides its end.
Promise:  read in such an order that nothing at work looks like a loss: committed offsets, out topics, in topics,
          database. So each answer's cause is there, and what is not served yet is known.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from time import monotonic, time
from typing import Final

from aiokafka import TopicPartition

from audit.terms import ALWAYS_MS, CLOCKS_APART_MS
from ops.broker.client import KafkaRefused
from ops.broker.reading import Offsets, TopicReader, kafka_errors, topic_reader
from ops.broker.topics import admin_client, retention_ms
from ops.settings.load import Settings
from schemas.groups import IMPORTER_GROUP, WORKER_GROUP
from schemas.records import IncomingRecord
from schemas.topics import ALL_TOPICS, IMPORT, REQUEST_TOPICS, Topics

IN_TOPICS: Final = (*REQUEST_TOPICS, IMPORT)
OUT_TOPICS: Final = tuple(topic for topic in ALL_TOPICS if topic not in IN_TOPICS)
STEP_BACK: Final = 10
"""Offsets before the window: the last record there tells which answers are older. Markers take offsets, too."""
STABLE_WAIT_S_MAX: Final = 10.0
"""For open transactions of the out topics to end. A worker's take milliseconds; a broker ends a dead worker's after
`transaction.timeout.ms`."""
STABLE_POLL_S: Final = 0.1

Committed = Mapping[tuple[str, int], int]
Take = Callable[[str, IncomingRecord], None]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is audited."""

    campaigns: frozenset[str] = frozenset()
    """None: all."""
    since_ms: int = 0
    until_ms: int = ALWAYS_MS


EVERYTHING: Final = Scope()


@dataclass(slots=True)
class Coverage:
    """How much of some topics was readable."""

    retained_since_ms: dict[str, int] = field(default_factory=dict)
    """By topic without prefix: before this (milliseconds since 1970) records may be gone; 0: none is."""
    expired_topics: set[str] = field(default_factory=set)
    """Topics of which a partition has lost all its records."""
    blocked_by_open_transaction: set[str] = field(default_factory=set)
    """Topics of which an open transaction hides records."""
    ends: Offsets = field(default_factory=dict)


async def committed_offsets(settings: Settings) -> Committed:
    """The next offsets of the worker's and the importer's groups."""
    found: dict[tuple[str, int], int] = {}
    async with admin_client(settings) as admin:
        for group in (WORKER_GROUP, IMPORTER_GROUP):
            offsets = await admin.list_consumer_group_offsets(settings.kafka.group_prefix + group)
            found |= {(source.topic, source.partition): known.offset for source, known in offsets.items()}
    return found


def is_served(committed: Committed, record: IncomingRecord) -> bool:
    """Whether its group had come further. A marker behind it is no record: nothing waits there."""
    return record.offset < committed.get((record.topic, record.partition), 0)


async def read_out_topics(settings: Settings, scope: Scope, take: Take) -> Coverage:
    """Pass on everything that a request served by now may have caused.

    The committed offsets must have been read before: a transaction's markers reach them and the out topics
    independently, so the end of its records may still be hidden when its offsets are not.
    """
    topics = Topics(settings.topics.prefix)
    names = [topics.full(spec) for spec in OUT_TOPICS]
    async with topic_reader(settings, names, "read_uncommitted") as reader:
        with kafka_errors(settings.kafka):
            written = await reader.ends()
    async with topic_reader(settings, names) as reader:
        with kafka_errors(settings.kafka):
            stable = await stable_ends(reader, written)
            ends = {partition: min(end, stable[partition]) for partition, end in written.items()}
            coverage = await read(settings, reader, ends, scope, take, None)
    unread = [partition for partition, end in written.items() if end > ends[partition]]
    coverage.blocked_by_open_transaction = {topics.bare(partition.topic) for partition in unread}
    return coverage


async def stable_ends(reader: TopicReader, written: Offsets) -> Offsets:
    """The last stable offsets, as soon as they have passed what was written, or after `STABLE_WAIT_S_MAX`."""
    deadline = monotonic() + STABLE_WAIT_S_MAX
    while True:
        stable = await reader.ends()
        if monotonic() > deadline or all(stable[partition] >= end for partition, end in written.items()):
            return stable
        await asyncio.sleep(STABLE_POLL_S)


async def read_in_topics(
    settings: Settings, scope: Scope, take: Take, committed: Committed | None = None
) -> Coverage:
    """Pass on requests and commands; with `committed`, those before the window too that still wait."""
    topics = Topics(settings.topics.prefix)
    async with topic_reader(settings, [topics.full(spec) for spec in IN_TOPICS]) as reader:
        with kafka_errors(settings.kafka):
            return await read(settings, reader, await reader.ends(), scope, take, committed)


async def read(
    settings: Settings, reader: TopicReader, ends: Offsets, scope: Scope, take: Take, committed: Committed | None
) -> Coverage:
    """Pass on what stands before these ends."""
    topics = Topics(settings.topics.prefix)
    beginnings = await reader.beginnings()
    starts = await starts_of(reader, beginnings, scope, committed)
    oldest = await read_all(reader, topics, starts, ends, take)
    coverage = Coverage({topics.bare(partition.topic): 0 for partition in ends}, ends=ends)
    for partition, beginning in beginnings.items():
        if beginning > 0 and starts[partition] == beginning:
            await shorten(settings, topics, coverage, partition, oldest.get(partition))
    return coverage


async def starts_of(reader: TopicReader, beginnings: Offsets, scope: Scope, committed: Committed | None) -> Offsets:
    """Begin a while before the window, as clocks differ, and a few records before that.

    Requests that wait longer than that are read, too: otherwise nobody would know that they wait.
    """
    if not scope.since_ms:
        return beginnings
    found = await reader.since(scope.since_ms - CLOCKS_APART_MS)
    if committed is not None:
        found = {
            partition: min(offset, committed.get((partition.topic, partition.partition), 0))
            for partition, offset in found.items()
        }
    return {partition: max(offset - STEP_BACK, beginnings[partition]) for partition, offset in found.items()}


async def read_all(
    reader: TopicReader, topics: Topics, starts: Offsets, ends: Offsets, take: Take
) -> dict[TopicPartition, int]:
    """Pass on the records; the time of each partition's first one."""
    oldest: dict[TopicPartition, int] = {}
    bare = {partition.topic: topics.bare(partition.topic) for partition in starts}
    reader.start_at(starts)
    async with aclosing(reader.until(ends)) as batches:
        async for batch in batches:
            for record in batch:
                oldest.setdefault(TopicPartition(record.topic, record.partition), record.timestamp_ms)
                take(bare[record.topic], record)
    return oldest


async def shorten(
    settings: Settings, topics: Topics, coverage: Coverage, partition: TopicPartition, oldest_ms: int | None
) -> None:
    """Enter a partition that has lost its first records. If it lost all, the retention says how old these were."""
    topic = topics.bare(partition.topic)
    if oldest_ms is None:
        coverage.expired_topics.add(topic)
        oldest_ms = int(time() * 1000) - await kept_ms(settings, partition.topic)
    coverage.retained_since_ms[topic] = max(coverage.retained_since_ms[topic], oldest_ms)


async def kept_ms(settings: Settings, topic: str) -> int:
    """How long its records surely stay; 0 if this user may not read the topic's configuration."""
    try:
        async with admin_client(settings) as admin:
            return await retention_ms(admin, topic)
    except KafkaRefused:
        return 0


async def in_topic_ends(settings: Settings) -> Offsets:
    """The next offsets of the request and command topics."""
    topics = Topics(settings.topics.prefix)
    async with topic_reader(settings, [topics.full(spec) for spec in IN_TOPICS]) as reader:
        with kafka_errors(settings.kafka):
            return await reader.ends()
