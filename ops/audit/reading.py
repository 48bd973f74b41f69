"""A history read from a running deployment, as an outsider would: the topics by read_committed, then the database.

In:       settings, limits.
Out:      `History`.
Promise:  read in such an order that nothing at work looks like a loss: committed offsets, out topics, in topics,
          database. So each answer's cause is there, and what is not served yet is known.
"""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from aiokafka import TopicPartition

from consumers.importer import IMPORTER_GROUP
from consumers.worker import WORKER_GROUP
from ops.audit.history import CodeRow, Database, History
from ops.kafka_reading import TopicReader, kafka_errors, topic_reader
from ops.kafka_topics import admin_client
from ops.settings import Settings
from schemas.errors import CodeServiceError
from schemas.records import IncomingRecord
from schemas.topics import ALL_TOPICS, IMPORT, REQUEST_TOPICS, Topics, TopicSpec
from stores.mongo.collections import open_collections
from stores.mongo.lookups import Contents, Lookups

IN_TOPICS: Final = (*REQUEST_TOPICS, IMPORT)
OUT_TOPICS: Final = tuple(topic for topic in ALL_TOPICS if topic not in IN_TOPICS)

Committed = Mapping[tuple[str, int], int]


@dataclass(frozen=True, slots=True)
class Limits:
    """What is kept in memory at once."""

    records_max: int = 5_000_000
    codes_max: int = 2_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some topics from their beginnings to their ends."""

    records: Mapping[str, list[IncomingRecord]]
    """By name without prefix."""
    since_ms: int
    """What is older may be gone; 0: nothing is."""


class TooManyRecords(CodeServiceError):
    """More than may be kept in memory at once. Raise the limit, or shorten the topics' retention."""


async def read_history(settings: Settings, *, limits: Limits, texts: Mapping[str, str]) -> History:
    """Everything an audit needs. `texts` are logs and metrics that may tell no secret.

    Raises:
        TopicMissing, BrokerUnavailable, KafkaRefused: see `ops.kafka_reading`.
        StoreUnavailable: MongoDB gave no answer in time.
        TooManyRecords, TooMuchToRead: the limits.
    """
    committed = await committed_offsets(settings)
    out = await read_topics(settings, OUT_TOPICS, limits.records_max)
    asked = await read_topics(settings, IN_TOPICS, limits.records_max)
    async with open_collections(settings.mongo) as collections:
        contents = await Lookups(collections).contents(codes_max=limits.codes_max)
    return History(
        records={**out.records, **asked.records},
        database=database_of(contents),
        texts=texts,
        committed=committed,
        since_ms=max(out.since_ms, asked.since_ms),
        is_quiet=await is_served(settings, committed),
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


async def read_topics(settings: Settings, specs: tuple[TopicSpec, ...], records_max: int) -> Stretch:
    """All that these topics hold now."""
    topics = Topics(settings.topics.prefix)
    async with topic_reader(settings, [topics.full(spec) for spec in specs]) as reader:
        with kafka_errors(settings.kafka):
            return await read_all(reader, topics, {spec.name: [] for spec in specs}, records_max)


async def read_all(
    reader: TopicReader, topics: Topics, records: dict[str, list[IncomingRecord]], records_max: int
) -> Stretch:
    """From the beginnings to the ends as they are at the start."""
    beginnings, ends = await reader.beginnings(), await reader.ends()
    reader.start_at(beginnings)
    count = 0
    async with aclosing(reader.until(ends)) as pieces:
        async for piece in pieces:
            count += len(piece)
            if count > records_max:
                raise TooManyRecords(f"more than {records_max} records")
            for record in piece:
                records[topics.bare(record.topic)].append(record)
    return Stretch(records, since(beginnings, records))


def since(beginnings: Mapping[TopicPartition, int], records: Mapping[str, list[IncomingRecord]]) -> int:
    """The time from which on nothing is gone, milliseconds since 1970; 0 if all is there.

    Of a shortened partition without records that is the time of the last record of all.
    """
    shortened = {(source.topic, source.partition) for source, offset in beginnings.items() if offset > 0}
    if not shortened:
        return 0
    oldest: dict[tuple[str, int], int] = {}
    latest = 0
    for found in records.values():
        for record in found:
            oldest.setdefault((record.topic, record.partition), record.timestamp_ms)
            latest = max(latest, record.timestamp_ms)
    return max(oldest.get(source, latest + 1) for source in shortened)


async def is_served(settings: Settings, committed: Committed) -> bool:
    """Whether the in topics end where the groups had come to before anything was read."""
    topics = Topics(settings.topics.prefix)
    async with topic_reader(settings, [topics.full(spec) for spec in IN_TOPICS]) as reader:
        with kafka_errors(settings.kafka):
            beginnings, ends = await reader.beginnings(), await reader.ends()
    return all(
        end == committed.get((source.topic, source.partition), beginnings[source]) for source, end in ends.items()
    )


def database_of(contents: Contents) -> Database:
    """The collections as the audit wants them."""
    return Database(
        codes=[
            CodeRow(
                code["_id"], *(code[name] for name in ("campaign_id", "code", "code_type", "status", "imported_by"))
            )
            for code in contents.codes
        ],
        reservations=contents.reservations,
        requests=contents.requests,
        inventory=contents.inventory,
        imports=contents.imports,
        owners=contents.owners,
        rejects=contents.rejects,
        cancellations=contents.cancellations,
    )
