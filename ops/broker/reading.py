"""Topics read by a command: no group, no commit, nothing left behind.

In:       topics by full name, where to begin, where to end.
Out:      records free of the client.
Promise:  a topic that is missing is named, not made by looking at it.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from time import monotonic
from typing import ClassVar, Final, Literal

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from consumers.loop import aiokafka_patch as lenient
from consumers.loop.codecs import check_codecs
from consumers.loop.partition import as_incoming
from consumers.loop.stopping import stop_consumer
from ops.broker.client import client_options
from ops.broker.errors import of_ours
from ops.broker.patience import Patience
from ops.broker.topics import admin_client, partitions_there
from ops.settings.load import Settings
from schemas.errors import BrokerUnavailable, CodeServiceError
from schemas.records import IncomingRecord
from schemas.settings import KafkaSettings

Isolation = Literal["read_committed", "read_uncommitted"]
Offsets = Mapping[TopicPartition, int]

POLL_MS: Final = 200
"""Longest wait for records, and so the longest that an end goes unnoticed."""
ASK_EVERY_S: Final = 1.0
"""After so long without records the brokers are asked whether they are there: a client does not say it."""
ANSWER_S_MAX: Final = 3.0
"""For that question; then the client is given up. It would try again all the time, and tell nobody."""
RETRY_BACKOFF_MS: Final = 200
"""A client that starts waits so long for what it does not know yet; one without brokers tries so often."""
STOP_S_MAX: Final = 5.0
PARTITION_FETCH_BYTES_MAX: Final = 1024 * 1024
"""Compressed. A broker sends a larger batch all the same, if it is the first one: the largest dead letter is read."""
FETCH_BYTES_MAX: Final = 8 * 1024 * 1024
"""Of one broker at once."""
RECORDS_PER_POLL_MAX: Final = 2_000
"""A megabyte of compressed batches may hold many thousands of records; they are decompressed as they are taken."""


class TopicMissing(CodeServiceError):
    """The broker has no such topic. Run `codes migrate`; look at `CODES_TOPICS__PREFIX`."""

    retriable: ClassVar[bool] = False


class TopicReader:
    """Partitions of some topics, and a consumer that reads them."""

    def __init__(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        """`consumer` is started."""
        self._consumer = consumer
        self.partitions = partitions
        self._answered_at = monotonic()

    async def ends(self) -> dict[TopicPartition, int]:
        """The next offsets, as this reader may see them."""
        found: dict[TopicPartition, int] = await self._consumer.end_offsets(self.partitions)
        return found

    async def beginnings(self) -> dict[TopicPartition, int]:
        """The first offsets that retention has left."""
        found: dict[TopicPartition, int] = await self._consumer.beginning_offsets(self.partitions)
        return found

    async def since(self, instant_ms: int) -> dict[TopicPartition, int]:
        """The offsets of the first records from this time on; the end where there is none."""
        found = await self._consumer.offsets_for_times(dict.fromkeys(self.partitions, instant_ms))
        ends = await self.ends()
        return {
            partition: ends[partition] if found.get(partition) is None else found[partition].offset
            for partition in self.partitions
        }

    def start_at(self, offsets: Offsets) -> None:
        """Read from here."""
        self._consumer.assign(list(self.partitions))
        for partition, offset in offsets.items():
            self._consumer.seek(partition, offset)

    async def positions(self) -> dict[TopicPartition, int]:
        """Where it stands: what a reader that goes on for it begins with."""
        return {partition: await self._consumer.position(partition) for partition in self.partitions}

    async def poll(self, patience: Patience | None = None) -> list[IncomingRecord]:
        """What has arrived; nothing after `POLL_MS` without any.

        Raises:
            BrokerUnavailable: nothing has arrived, and the brokers do not answer. `patience` says so before.
        """
        found = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS_PER_POLL_MAX)
        if found:
            self._answered_at = monotonic()
        elif monotonic() - self._answered_at > ASK_EVERY_S:
            async with patience.asked() if patience else nullcontext():
                await self._ask()
            self._answered_at = monotonic()
        return [as_incoming(record) for records in found.values() for record in records]

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_S_MAX) as limit:
                await self.ends()
        except TimeoutError:
            if not limit.expired():
                raise
            raise BrokerUnavailable("Kafka does not answer") from None

    async def until(self, ends: Offsets, patience: Patience | None = None) -> AsyncGenerator[list[IncomingRecord]]:
        """All that stands before these offsets, in pieces. Raises BrokerUnavailable, see `poll`."""
        open_ = {partition for partition, end in ends.items() if end > await self._consumer.position(partition)}
        while open_:
            records = await self.poll(patience)
            yield [
                record for record in records if record.offset < ends[TopicPartition(record.topic, record.partition)]
            ]
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
        max_partition_fetch_bytes=PARTITION_FETCH_BYTES_MAX,
        fetch_max_bytes=FETCH_BYTES_MAX,
        auto_offset_reset="earliest",
        retry_backoff_ms=RETRY_BACKOFF_MS,
    )
    with kafka_errors(settings.kafka):
        try:
            await consumer.start()
            yield TopicReader(consumer, partitions)
        finally:
            with suppress(TimeoutError):  # a client that knows of no broker any more would wait for one here
                async with asyncio.timeout(STOP_S_MAX):
                    await stop_consumer(consumer)


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
        raise of_ours(why, f"Kafka at {settings.bootstrap_servers}: {type(why).__name__}") from None
