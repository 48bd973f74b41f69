"""Reads topics from their beginning while the storm goes on, as a `read_committed` reader of another team would.

In:       topics by full name, under a prefix.
Out:      every record, with the time at which it could first be read.
Promise:  the reader keeps its own positions. It survives every outage, and never reads an offset again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from sys import intern
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from consumers.loop.aiokafka_patch import install
from tests.chaos.journal import Journal
from tests.checking.history import INPUTS, Logged

POLL_MS: Final = 200
RECORDS_MAX: Final = 1_000
METADATA_MS: Final = 3_000
"""Partitions may be added."""
RETRY_S: Final = 0.5
STOP_S_MAX: Final = 5.0
PARTITION_BYTES_MAX: Final = 2 * 1024 * 1024

Take = Callable[[Logged], None]


class Reader:
    """Lives as long as a storm."""

    def __init__(self, servers: str, prefix: str, topics: Sequence[str], journal: Journal, take: Take) -> None:
        """`topics` are names without the prefix."""
        install()  # odd header names would stop the client
        self._servers, self._prefix, self._topics = servers, prefix, [prefix + topic for topic in topics]
        self._journal, self._take = journal, take
        self.positions: dict[TopicPartition, int] = {}
        self.records: list[Logged] = []

    async def run(self) -> None:
        """Read until cancelled; a client that fails is replaced."""
        while True:
            with suppress(
                KafkaError, OSError, AssertionError, TimeoutError
            ):  # aiokafka asserts what an outage breaks
                await self._read()
            await asyncio.sleep(RETRY_S)

    async def _read(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._servers,
            isolation_level="read_committed",
            auto_offset_reset="none",  # a log that was cut must show
            enable_auto_commit=False,
            metadata_max_age_ms=METADATA_MS,
            max_partition_fetch_bytes=PARTITION_BYTES_MAX,
        )
        try:
            await consumer.start()
            while True:
                await self._follow_partitions(consumer)
                found = await consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS_MAX)
                self._keep([record for records in found.values() for record in records])
                for partition in self.positions:  # past the markers of transactions too
                    self.positions[partition] = await consumer.position(partition)
        except Exception as why:
            self._journal.note("reader failed", why=f"{type(why).__name__}: {why}"[:300])
            raise
        finally:
            with suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(consumer.stop(), STOP_S_MAX)

    async def _follow_partitions(self, consumer: Any) -> None:
        """Assign all partitions, those too that were added meanwhile."""
        known = {
            TopicPartition(topic, number)
            for topic in self._topics
            for number in consumer._client.cluster.partitions_for_topic(topic) or await partitions(consumer, topic)
        }
        if known <= consumer.assignment():
            return
        self.positions = dict.fromkeys(sorted(known | self.positions.keys()), 0) | self.positions
        consumer.assign(list(self.positions))
        for partition, offset in self.positions.items():
            consumer.seek(partition, offset)

    def _keep(self, records: Sequence[Any]) -> None:
        seen_s = self._journal.seconds
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            if record.offset < self.positions[partition]:
                continue
            self.positions[partition] = record.offset + 1
            logged = as_logged(record, self._prefix, seen_s)
            self.records.append(logged)
            self._take(logged)


async def partitions(consumer: Any, topic: str) -> set[int]:
    """Of a topic that the client does not know yet."""
    await consumer._client._wait_on_metadata(topic)
    found: set[int] = consumer._client.cluster.partitions_for_topic(topic) or set()
    return found


def as_logged(record: Any, prefix: str, seen_s: float | None) -> Logged:
    topic = intern(record.topic.removeprefix(prefix))
    return Logged(
        topic=topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=record.key,
        value=record.value,
        headers=tuple((intern(name), value) for name, value in record.headers),
        seen_s=None if topic in INPUTS else seen_s,  # an input was there as early as its timestamp says
    )


@asynccontextmanager
async def reading(reader: Reader) -> AsyncIterator[None]:
    """The reader reads in this context."""
    task = asyncio.create_task(reader.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
