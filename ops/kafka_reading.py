"""Topics read by a person's errand: no group, no commit, nothing left behind.

In:       topics by full name, where to begin, where to end.
Out:      records free of the client.
Promise:  a topic that is missing is named, not made by looking at it.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import ClassVar, Final, Literal

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError

from consumers import lenient
from consumers.codecs import check_codecs
from consumers.partition import as_incoming
from ops.kafka import KafkaRefused, client_options
from ops.kafka_topics import admin_client, partitions_there
from ops.settings import Settings
from schemas.errors import BrokerUnavailable, CodeServiceError
from schemas.records import IncomingRecord
from schemas.settings import KafkaSettings

Isolation = Literal["read_committed", "read_uncommitted"]
Offsets = Mapping[TopicPartition, int]

POLL_MS: Final = 200
"""Longest wait for records, and so the longest that an end goes unnoticed."""
FETCH_BYTES_MAX: Final = 10 * 1024 * 1024
"""Of one partition at once; the largest dead letter fits."""


class TopicMissing(CodeServiceError):
    """The broker has no such topic. Run `codes migrate`; look at `CODES_TOPICS__PREFIX`."""

    retriable: ClassVar[bool] = False


class TopicReader:
    """Partitions of some topics, and a consumer that reads them."""

    def __init__(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        """`consumer` is started."""
        self._consumer = consumer
        self.partitions = partitions

    async def ends(self) -> dict[TopicPartition, int]:
        """The next offsets, as this reader may see them."""
        found: dict[TopicPartition, int] = await self._consumer.end_offsets(self.partitions)
        return found

    async def beginnings(self) -> dict[TopicPartition, int]:
        """The first offsets that retention has left."""
        found: dict[TopicPartition, int] = await self._consumer.beginning_offsets(self.partitions)
        return found

    def start_at(self, offsets: Offsets) -> None:
        """Read from here."""
        self._consumer.assign(list(self.partitions))
        for partition, offset in offsets.items():
            self._consumer.seek(partition, offset)

    async def poll(self) -> list[IncomingRecord]:
        """What has arrived; nothing after `POLL_MS` without any."""
        found = await self._consumer.getmany(timeout_ms=POLL_MS)
        return [as_incoming(record) for records in found.values() for record in records]

    async def until(self, ends: Offsets) -> AsyncGenerator[list[IncomingRecord]]:
        """All that stands before these offsets, in pieces."""
        open_ = {partition for partition, end in ends.items() if end > await self._consumer.position(partition)}
        while open_:
            records = await self.poll()
            yield [one for one in records if one.offset < ends[TopicPartition(one.topic, one.partition)]]
            open_ = {partition for partition in open_ if await self._consumer.position(partition) < ends[partition]}


@asynccontextmanager
async def topic_reader(
    settings: Settings, topics: Sequence[str], isolation: Isolation = "read_committed"
) -> AsyncIterator[TopicReader]:
    """A reader of these topics, stopped at the end.

    Raises:
        TopicMissing: one of them is not there.
        BrokerUnavailable, KafkaRefused: the broker does not answer, or does not let us.
        CodecsMissing: this build cannot read what may be there.
    """
    check_codecs()
    lenient.install()
    partitions = await partitions_of(settings, topics)
    consumer = AIOKafkaConsumer(
        **client_options(settings.kafka),
        enable_auto_commit=False,
        isolation_level=isolation,
        max_partition_fetch_bytes=FETCH_BYTES_MAX,
        auto_offset_reset="earliest",
    )
    with kafka_errors(settings.kafka):
        try:
            await consumer.start()
            yield TopicReader(consumer, partitions)
        finally:
            await consumer.stop()


async def partitions_of(settings: Settings, topics: Iterable[str]) -> list[TopicPartition]:
    """The partitions of some topics. Raises TopicMissing."""
    async with admin_client(settings) as admin:
        there = await partitions_there(admin)
    missing = [topic for topic in topics if topic not in there]
    if missing:
        raise TopicMissing(f"no topic {', '.join(missing)}")
    return [TopicPartition(topic, number) for topic in topics for number in range(there[topic])]


@contextmanager
def kafka_errors(settings: KafkaSettings) -> Iterator[None]:
    """Turn an error of the client into one of ours."""
    try:
        yield
    except KafkaError as why:
        is_away = why.retriable or isinstance(why, KafkaConnectionError)
        said = f"Kafka at {settings.bootstrap_servers}: {type(why).__name__}"
        raise (BrokerUnavailable if is_away else KafkaRefused)(said) from None
