"""The two emitters on a test's own topics, and a reader of their output.

Out: `EmitterBench`, `emitter_bench`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from ops.settings.load import Settings
from producers.emitters import (
    EMIT_PATIENCE_S,
    AcknowledgedEmitter,
    TransactionalEmitter,
    idempotent_producer,
    transactional_producer,
)
from schemas.errors import AbortReason
from schemas.records import OutgoingRecord
from schemas.topics import DEAD_LETTERS, RESERVE, RESULTS, Topics

TIMEOUT_MS = 10_000


class EmitterBench:
    """A test's own topics, with a `read_committed` reader."""

    def __init__(self, settings: Settings, reader: AIOKafkaConsumer) -> None:
        self.topics = Topics(settings.topics.prefix)
        self.group = settings.kafka.group_prefix + "emitters"
        self.options: Mapping[str, Any] = {"bootstrap_servers": settings.kafka.bootstrap_servers}
        self.source = TopicPartition(self.topics.full(RESERVE), 0)
        self.transactional_id = f"{self.group}.{self.source.topic}.0"
        self.reader = reader
        self.aborts: list[AbortReason] = []
        self.patience_s = EMIT_PATIENCE_S

    def a_result(self, value: bytes | None = b"{}", **fields: Any) -> OutgoingRecord:  # any field
        """A record for the results topic."""
        usual: dict[str, Any] = {"topic": self.topics.full(RESULTS), "key": b"k", "value": value, "headers": ()}
        return OutgoingRecord(**(usual | fields))

    @asynccontextmanager
    async def transactional(self) -> AsyncIterator[TransactionalEmitter]:
        """A new owner's emitter."""
        async with transactional_producer(self.options, self.transactional_id, TIMEOUT_MS) as producer:
            yield TransactionalEmitter(producer, self.source, self.group, self.aborts.append, self.patience_s)

    @asynccontextmanager
    async def consumer(self, *sources: TopicPartition) -> AsyncIterator[AIOKafkaConsumer]:
        """A group consumer with these partitions assigned."""
        consumer = AIOKafkaConsumer(**self.options, group_id=self.group, enable_auto_commit=False)
        await consumer.start()
        try:
            consumer.assign(list(sources))
            yield consumer
        finally:
            await consumer.stop()

    @asynccontextmanager
    async def acknowledged(self, *sources: TopicPartition) -> AsyncIterator[AcknowledgedEmitter]:
        """The emitter of a process that owns these partitions."""
        async with self.consumer(*sources) as consumer, idempotent_producer(self.options) as producer:
            yield AcknowledgedEmitter(producer, self.source, consumer, self.patience_s)

    async def committed(self) -> int | None:
        """The group's offset."""
        async with self.consumer(self.source) as consumer:
            offset: int | None = await consumer.committed(self.source)
            return offset

    async def visible(self) -> list[Any]:
        """All records that a `read_committed` reader sees.

        A broker acknowledges a commit before the marker is in every partition, so this reads up to the end offsets
        that include open transactions.
        """
        async with self.consumer() as anybody:
            ends = await anybody.end_offsets(self.reader.assignment())
        await self.reader.seek_to_beginning()
        found: list[Any] = []
        while any([await self.reader.position(part) < end for part, end in ends.items()]):
            batch = await self.reader.getmany(timeout_ms=200)
            found += [record for records in batch.values() for record in records]
        return found

    async def values(self) -> list[bytes]:
        """The values of all visible records, sorted."""
        return sorted(record.value for record in await self.visible())


@asynccontextmanager
async def emitter_bench(settings: Settings) -> AsyncIterator[EmitterBench]:
    """On the topics of a migrated deployment."""
    reader = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka.bootstrap_servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    await reader.start()
    try:
        topics = Topics(settings.topics.prefix)
        out = (topics.full(RESULTS), topics.full(DEAD_LETTERS))
        reader.assign([TopicPartition(name, number) for name in out for number in (0, 1)])
        yield EmitterBench(settings, reader)
    finally:
        await reader.stop()
