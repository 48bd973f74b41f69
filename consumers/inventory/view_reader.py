"""Keeps the view up to date: every instance reads all partitions of its topics, without a group.

In:       the table's changelog, the alerts and the marks from their beginning; heartbeats of the last minutes; the
          other topics from a day ago.
Out:      every record into `InventoryView`; `caught_up`, once all that was there at the start is in it.
Promise:  only committed records. It waits while Kafka is unavailable, and then reads the topics again: a repeated
          record does not change the view.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from consumers.inventory.view import InventoryView
from consumers.loop import aiokafka_patch as lenient
from consumers.loop.layout import partitions_of
from consumers.loop.partition import as_incoming
from consumers.loop.retry import RetryPolicy
from consumers.loop.stopping import stop_clients
from handlers.inventory.changelog import Place
from schemas.errors import BrokerUnavailable
from schemas.observation.fact import Observer
from schemas.observation.partitions import LoopTurned, PartAvailable
from schemas.stock import CampaignStock
from schemas.topics import (
    ATTENTION,
    DEAD_LETTERS,
    DEAD_LETTERS_REPLAYED,
    HEALTH,
    IMPORTS,
    INVENTORY,
    STOCK_ALERTS,
    Topics,
)

LOOP: Final = ("inventory-view", 0)
"""Its topic and partition in health and metrics."""
LOOK_BACK: Final = timedelta(hours=24)
LOOK_BACK_HEALTH: Final = timedelta(minutes=10)
"""What ended before this time is not known to have run."""
POLL_MS: Final = 500
POLL_ASKED_MS: Final = 20
"""While somebody waits until what was sent is read."""
PAUSE_S: Final = 0.05
"""Between two polls, so that single records are read in batches."""
RECORDS_AT_ONCE: Final = 1_000
"""Records of one poll."""
FETCH_BYTES_MAX: Final = 1024 * 1024
"""Of one partition; a larger dead letter is still fetched, alone."""
METADATA_S: Final = 30.0
"""New partitions are found within this time."""


class ViewReader:
    """Lives as long as its role."""

    def __init__(self, view: InventoryView, topics: Topics, changelog: str, observer: Observer) -> None:
        self.caught_up = asyncio.Event()
        self._view = view
        self._sent = (topics.full(STOCK_ALERTS), topics.full(ATTENTION))
        self._whole = (changelog, *self._sent)
        recent = map(topics.full, (INVENTORY, IMPORTS, DEAD_LETTERS, DEAD_LETTERS_REPLAYED))
        self._recent = {**dict.fromkeys(recent, LOOK_BACK), topics.full(HEALTH): LOOK_BACK_HEALTH}
        self._observer = observer
        self._asked: dict[asyncio.Future[None], Mapping[TopicPartition, int] | None] = {}
        """Who waits for what was sent, and where that ended when it was asked; None: not looked at yet."""

    def was_sent(self, ce_id: str) -> bool:
        """Whether an alert is on its topic."""
        return self._view.was_sent(ce_id)

    def overwritten(self) -> Mapping[Place, CampaignStock]:
        """Campaigns whose last value in the changelog is an older one."""
        return self._view.overwritten.lacking

    async def until_alerts_read(self) -> None:
        """Wait until every alert, and every notice to a receiver, that is on its topic now is in the view."""
        read: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked[read] = None
        try:
            await read
        finally:
            self._asked.pop(read, None)

    async def run(self, connection: Mapping[str, Any], backoff_max_s: float) -> None:
        """Read, until cancelled."""
        lenient.install()

        async def read() -> None:
            try:
                await self._read(connection)
            except KafkaError as why:
                raise BrokerUnavailable(f"Kafka: {type(why).__name__}: {why}") from None

        retries = RetryPolicy("kafka", self._observer, backoff_max_s)
        while True:
            await retries.run(read)

    async def _read(self, connection: Mapping[str, Any]) -> None:
        """Until there are other partitions than at the start."""
        consumer = AIOKafkaConsumer(
            **connection,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=FETCH_BYTES_MAX,
            metadata_max_age_ms=int(METADATA_S * 1000),
        )
        admin = AIOKafkaAdminClient(**connection)
        try:
            await admin.start()
            await consumer.start()
            partitions = await self._partitions(admin)
            await self._begin(consumer, partitions)
            self._observer.observe(PartAvailable("kafka"))
            await self._follow(consumer, partitions, admin)
        finally:
            await stop_clients(consumer, admin)

    async def _partitions(self, admin: AIOKafkaAdminClient) -> list[TopicPartition]:
        """Of all topics. Raises UnknownTopicOrPartitionError if one is not there (yet)."""
        found = await partitions_of(admin, (*self._whole, *self._recent))
        missing = [topic for topic, partitions in found.items() if not partitions]
        if missing:
            raise UnknownTopicOrPartitionError(f"no topic {', '.join(missing)}: run `codes migrate`")
        return [partition for partitions in found.values() for partition in partitions]

    async def _begin(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        now, look_back = self._view.clock(), self._recent
        recent = {
            partition: int((now - look_back[partition.topic]).timestamp() * 1000)
            for partition in partitions
            if partition.topic in look_back
        }
        found = await consumer.offsets_for_times(recent)
        ends = await consumer.end_offsets(list(recent))
        consumer.assign(partitions)
        for partition in recent:
            first = found[partition]
            consumer.seek(partition, ends[partition] if first is None else first.offset)

    async def _follow(
        self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], admin: AIOKafkaAdminClient
    ) -> None:
        ends = await consumer.end_offsets(partitions)
        clock = asyncio.get_running_loop().time
        looked_at = clock()
        while True:
            await self._turn(consumer)
            await self._answer(consumer, partitions)
            if not self.caught_up.is_set() and await is_past(consumer, ends):
                self.caught_up.set()
                self._view.is_loaded = True
            if clock() - looked_at > METADATA_S:
                looked_at = clock()
                if partitions != await self._partitions(admin):
                    return

    async def _answer(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        """Wake those who wait until what was sent is read."""
        sent = [partition for partition in partitions if partition.topic in self._sent]
        for read, ends in list(self._asked.items()):
            found = await consumer.end_offsets(sent) if ends is None else ends
            is_read = ends is not None and await is_past(consumer, ends)
            if read not in self._asked:
                continue  # cancelled while the broker was asked
            self._asked[read] = found
            if is_read and not read.done():
                read.set_result(None)

    async def _turn(self, consumer: AIOKafkaConsumer) -> None:
        timeout_ms = POLL_ASKED_MS if self._asked else POLL_MS
        found = await consumer.getmany(timeout_ms=timeout_ms, max_records=RECORDS_AT_ONCE)
        for records in found.values():
            for record in records:
                self._view.take(as_incoming(record))
        self._observer.observe(LoopTurned(*LOOP))
        await asyncio.sleep(PAUSE_S)


async def is_past(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> bool:
    """Whether all that stands before these offsets was read."""
    for partition, end in ends.items():
        if await consumer.position(partition) < end:
            return False
    return True
