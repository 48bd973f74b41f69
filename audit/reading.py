"""Topics read as an outsider would, by read_committed, from where retention or a question lets them begin.

In:       settings, topics, what is asked about.
Out:      records, one by one; how far each topic reaches back; or a whole `History`, for what fits into memory.
Promise:  read in such an order that nothing at work looks like a loss: committed offsets, out topics, in topics,
          database. So each answer's cause is there, and what is not served yet is known.
"""

from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from time import time
from typing import Final

from aiokafka import TopicPartition

from audit.history import CodeRow, Database, History
from audit.terms import ALWAYS_MS, CLOCKS_APART_MS
from ops.broker.client import KafkaRefused
from ops.broker.reading import Offsets, TopicReader, kafka_errors, topic_reader
from ops.broker.topics import admin_client, retention_ms
from ops.settings.load import Settings
from schemas.errors import CodeServiceError
from schemas.groups import IMPORTER_GROUP, WORKER_GROUP
from schemas.records import IncomingRecord
from schemas.topics import ALL_TOPICS, IMPORT, REQUEST_TOPICS, Topics, TopicSpec
from stores.mongo.collections import open_collections
from stores.mongo.lookups import Contents, Lookups

IN_TOPICS: Final = (*REQUEST_TOPICS, IMPORT)
OUT_TOPICS: Final = tuple(topic for topic in ALL_TOPICS if topic not in IN_TOPICS)
STEP_BACK: Final = 10
"""Offsets before the asked time: the last record there tells which answers are older. Markers take offsets, too."""

Committed = Mapping[tuple[str, int], int]
Take = Callable[[str, IncomingRecord], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What is kept in memory at once."""

    records_max: int = 5_000_000
    """Of each topic."""
    codes_max: int = 2_000_000


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked about."""

    campaigns: frozenset[str] = frozenset()
    """None: all."""
    since_ms: int = 0
    until_ms: int = ALWAYS_MS


EVERYTHING: Final = Scope()


@dataclass(slots=True)
class Stretch:
    """What was read of some topics."""

    reach: dict[str, int] = field(default_factory=dict)
    """By topic without prefix: before this (milliseconds since 1970) records may be gone; 0: none is."""
    emptied: set[str] = field(default_factory=set)
    """Topics of which a partition has lost all its records."""
    ends: Offsets = field(default_factory=dict)


class TooManyRecords(CodeServiceError):
    """More than may be kept in memory at once. `codes audit` keeps them in a file."""


async def read_history(settings: Settings, *, limits: Limits, texts: Mapping[str, str]) -> History:
    """Everything an audit needs. `texts` are logs and metrics that may tell no secret.

    Raises:
        TopicMissing, BrokerUnavailable, KafkaRefused: see `ops.broker.reading`.
        StoreUnavailable: MongoDB gave no answer in time.
        TooManyRecords, TooMuchToRead: the limits.
    """
    read_at_ms = int(time() * 1000)
    records: dict[str, list[IncomingRecord]] = {spec.name: [] for spec in ALL_TOPICS}

    def take(topic: str, record: IncomingRecord) -> None:
        records[topic].append(record)
        if len(records[topic]) > limits.records_max:
            raise TooManyRecords(f"more than {limits.records_max} records on {topic}")

    committed = await committed_offsets(settings)
    out = await read_topics(settings, OUT_TOPICS, EVERYTHING, take)
    asked = await read_topics(settings, IN_TOPICS, EVERYTHING, take)
    async with open_collections(settings.mongo) as collections:
        contents = await Lookups(collections).contents(codes_max=limits.codes_max)
    waiting = any(not is_served(committed, one) for spec in IN_TOPICS for one in records[spec.name])
    return History(
        records=records,
        database=database_of(contents),
        texts=texts,
        committed=committed,
        reach=out.reach | asked.reach,
        emptied=frozenset(out.emptied | asked.emptied),
        read_at_ms=read_at_ms,
        is_quiet=not waiting and await ends_of(settings, IN_TOPICS) == asked.ends,
        guarantee=settings.processing_guarantee,
    )


async def committed_offsets(settings: Settings) -> Committed:
    """The next offsets of the worker's and the importer's groups."""
    found: dict[tuple[str, int], int] = {}
    async with admin_client(settings) as admin:
        for group in (WORKER_GROUP, IMPORTER_GROUP):
            offsets = await admin.list_consumer_group_offsets(settings.kafka.group_prefix + group)
            found |= {(source.topic, source.partition): known.offset for source, known in offsets.items()}
    return found


def is_served(committed: Committed, record: IncomingRecord) -> bool:
    """Whether its group had come further. A marker that follows is no record: nobody waits there."""
    return record.offset < committed.get((record.topic, record.partition), 0)


async def read_topics(
    settings: Settings, specs: tuple[TopicSpec, ...], scope: Scope, take: Take, committed: Committed | None = None
) -> Stretch:
    """Hand on all that these topics hold now, or from what is asked about on; with `committed`, also what waits."""
    topics = Topics(settings.topics.prefix)
    names = [topics.full(spec) for spec in specs]
    async with topic_reader(settings, names) as reader:
        with kafka_errors(settings.kafka):
            beginnings, ends = await reader.beginnings(), await reader.ends()
            starts = await starts_of(reader, beginnings, scope, committed)
            oldest = await read_all(reader, topics, starts, ends, take)
    shortened = {one for one, offset in beginnings.items() if offset > 0 and starts[one] == offset}
    stretch = Stretch(dict.fromkeys((spec.name for spec in specs), 0), ends=ends)
    for partition in shortened:
        await shorten(settings, topics, stretch, partition, oldest.get(partition))
    return stretch


async def starts_of(reader: TopicReader, beginnings: Offsets, scope: Scope, committed: Committed | None) -> Offsets:
    """Where to begin: a while before what is asked about, as clocks differ, and a few records before that.

    What waits longer than that is read, too: else nobody would know that it waits.
    """
    if not scope.since_ms:
        return beginnings
    found = await reader.since(scope.since_ms - CLOCKS_APART_MS)
    if committed is not None:
        found = {one: min(offset, committed.get((one.topic, one.partition), 0)) for one, offset in found.items()}
    return {one: max(offset - STEP_BACK, beginnings[one]) for one, offset in found.items()}


async def read_all(
    reader: TopicReader, topics: Topics, starts: Offsets, ends: Offsets, take: Take
) -> dict[TopicPartition, int]:
    """Each partition's first time."""
    oldest: dict[TopicPartition, int] = {}
    bare = {one.topic: topics.bare(one.topic) for one in starts}
    reader.start_at(starts)
    async with aclosing(reader.until(ends)) as pieces:
        async for piece in pieces:
            for record in piece:
                oldest.setdefault(TopicPartition(record.topic, record.partition), record.timestamp_ms)
                take(bare[record.topic], record)
    return oldest


async def shorten(
    settings: Settings, topics: Topics, stretch: Stretch, partition: TopicPartition, oldest_ms: int | None
) -> None:
    """A partition has lost its first records. Of one that has lost all, the retention says how old these were."""
    topic = topics.bare(partition.topic)
    if oldest_ms is None:
        stretch.emptied.add(topic)
        oldest_ms = int(time() * 1000) - await kept_ms(settings, partition.topic)
    stretch.reach[topic] = max(stretch.reach[topic], oldest_ms)


async def kept_ms(settings: Settings, topic: str) -> int:
    """How long its records surely stay; 0 if the broker does not tell us."""
    try:
        async with admin_client(settings) as admin:
            return await retention_ms(admin, topic)
    except KafkaRefused:
        return 0


async def ends_of(settings: Settings, specs: tuple[TopicSpec, ...]) -> Offsets:
    """Where these topics end."""
    topics = Topics(settings.topics.prefix)
    async with topic_reader(settings, [topics.full(spec) for spec in specs]) as reader:
        with kafka_errors(settings.kafka):
            return await reader.ends()


def database_of(contents: Contents) -> Database:
    """The collections as the audit wants them."""
    return Database(
        codes=[code_row(code) for code in contents.codes],
        reservations=contents.reservations,
        requests=contents.requests,
        inventory=contents.inventory,
        imports=contents.imports,
        owners=contents.owners,
        rejects=contents.rejects,
        cancellations=contents.cancellations,
    )


def code_row(code: Mapping[str, str]) -> CodeRow:
    """A code as the audit wants it."""
    names = ("_id", "campaign_id", "code", "code_type", "status", "imported_by")
    return CodeRow._make(code[name] for name in names)
