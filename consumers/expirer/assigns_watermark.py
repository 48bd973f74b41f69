"""Since when assigns wait to be decided: a hold that ended before that can be released, and no assign loses it.

In:       the assign topic, and the offsets that the workers' group has committed there.
Out:      an instant, or None if no assign waits.
Promise:  every assign that is not decided yet has this time or a later one (the broker writes the times, and they
          rise with the offsets). Markers and aborted records hold nothing back; an open transaction does, from its
          first record on, for that may still become visible.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from consumers.loop import aiokafka_patch as lenient
from schemas.errors import BrokerUnavailable
from schemas.records import instant_of

Offsets = Mapping[TopicPartition, int]

READ_TIMEOUT_S: Final = 10.0
"""For the first waiting records of all partitions."""
FETCH_WAIT_MS: Final = 50
"""The broker holds a question so long when there is nothing to read: behind the last record, or at an open
transaction."""
FETCH_BYTES_MAX: Final = 16 * 1024
"""One record of each partition is wanted; the broker gives a whole batch, however large, and no more than this."""


class AssignsWatermark(Protocol):
    """How far the workers are with the assigns."""

    async def undecided_since(self) -> datetime | None:
        """The time from which on there may be assigns that are not decided; None: all that are there are decided.

        Raises:
            BrokerUnavailable, KafkaError: Kafka does not answer; safe to repeat.
        """


class Found(NamedTuple):
    """What stands at or after an offset of one partition."""

    at: datetime | None
    """The first record's time; None: no record may be seen there."""
    position: int
    """Where the look ended: at the end, or at an open transaction."""


class KafkaAssignsWatermark:
    """Lives as long as its connection."""

    def __init__(
        self,
        topic: str,
        group: str,
        admin: AIOKafkaAdminClient,
        committed: AIOKafkaConsumer,
        everything: AIOKafkaConsumer,
    ) -> None:
        """`topic` and `group` are full names. The consumers read committed records only, and everything."""
        self._topic = topic
        self._group = group
        self._admin = admin
        self._committed = committed
        self._everything = everything

    async def undecided_since(self) -> datetime | None:
        """See `AssignsWatermark.undecided_since`. Offsets are read before ends: what moves meanwhile still waits."""
        decided = await self._decided(await self._partitions())
        ends: Offsets = await self._everything.end_offsets(list(decided))
        waiting = {partition: offset for partition, offset in decided.items() if offset < ends[partition]}
        if not waiting:
            return None
        found = await first_records(self._committed, waiting, ends)
        in_transaction = {
            partition: seen.position
            for partition, seen in found.items()
            if seen.at is None and seen.position < ends[partition]
        }
        found |= await first_records(self._everything, in_transaction, ends)
        return min((seen.at for seen in found.values() if seen.at is not None), default=None)

    async def _partitions(self) -> list[TopicPartition]:
        """Asked anew each time: new partitions may hold assigns before any consumer's metadata knows them."""
        [described] = await self._admin.describe_topics([self._topic])
        if described["error_code"]:
            raise BrokerUnavailable(f"Kafka does not describe {self._topic}: error {described['error_code']}")
        return [TopicPartition(self._topic, partition["partition"]) for partition in described["partitions"]]

    async def _decided(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The next offset to decide: where the workers have committed none, the first record that is there."""
        committed = await self._admin.list_consumer_group_offsets(self._group, partitions=partitions)
        if committed.keys() != set(partitions):
            raise BrokerUnavailable(f"Kafka does not say the offsets of group {self._group}")
        offsets = {partition: committed[partition].offset for partition in partitions}
        new = [partition for partition, offset in offsets.items() if offset < 0]
        return offsets | (await self._everything.beginning_offsets(new) if new else {})


async def first_records(consumer: AIOKafkaConsumer, starts: Offsets, ends: Offsets) -> dict[TopicPartition, Found]:
    """What `consumer` may see first at or after each start, before these ends.

    Raises:
        BrokerUnavailable: the broker did not say in `READ_TIMEOUT_S`.
    """
    if not starts:
        return {}
    consumer.assign(list(starts))
    for partition, offset in starts.items():
        consumer.seek(partition, offset)
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            return await look_at(consumer, starts, ends)
    except TimeoutError:
        raise BrokerUnavailable("Kafka does not show the assigns that wait") from None
    finally:
        consumer.pause(*starts)  # or it would go on fetching until the next look


async def look_at(
    consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition], ends: Offsets
) -> dict[TopicPartition, Found]:
    """See `first_records`; the consumer is where it should begin."""
    found: dict[TopicPartition, Found] = {}
    while left := [partition for partition in partitions if partition not in found]:
        records = await consumer.getmany(*left, timeout_ms=FETCH_WAIT_MS, max_records=1)
        for partition in left:
            position = await consumer.position(partition)
            if partition in records:
                found[partition] = Found(instant_of(records[partition][0].timestamp), position)
            elif position >= min(ends[partition], seen_to(consumer, partition, ends[partition])):
                found[partition] = Found(None, position)
    return found


def seen_to(consumer: AIOKafkaConsumer, partition: TopicPartition, end: int) -> int:
    """How far it may read: up to the first open transaction, if it reads committed records only."""
    stable: int | None = consumer.last_stable_offset(partition)
    return end if stable is None or stable < 0 else stable


@asynccontextmanager
async def open_assigns_watermark(
    connection: Mapping[str, Any], topic: str, group: str
) -> AsyncIterator[KafkaAssignsWatermark]:
    """Connect; `connection` are the client's options.

    Raises:
        KafkaError: the cluster is unavailable.
    """
    reading = {
        **connection,
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "fetch_max_wait_ms": FETCH_WAIT_MS,
        "max_partition_fetch_bytes": FETCH_BYTES_MAX,
    }
    lenient.install()  # a batch that cannot be read would stop all expiries
    async with AsyncExitStack() as open_:
        admin = AIOKafkaAdminClient(**connection)
        open_.push_async_callback(admin.close)
        await admin.start()
        consumers = [
            AIOKafkaConsumer(**reading, isolation_level=level) for level in ("read_committed", "read_uncommitted")
        ]
        for consumer in consumers:
            open_.push_async_callback(consumer.stop)
            await consumer.start()
        yield KafkaAssignsWatermark(topic, group, admin, *consumers)
