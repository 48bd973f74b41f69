"""How far a group is behind: records not read yet, and since when the oldest of them waits.

In:       groups and the topics each reads.
Out:      `Lag` of every partition.
Promise:  never negative; a figure that the broker does not give is None, not 0. Commit markers alone are no lag: a
          partition counts as behind only if a record is found that its group has not read.

A group that has not committed anything yet is behind by all there is: it will begin at the first record.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from consumers.loop.layout import partitions_of
from consumers.loop.stopping import stop_clients
from schemas.groups import IMPORTER_GROUP, INVENTORY_GROUP, WORKER_GROUP
from schemas.topics import IMPORT, INVENTORY, REQUEST_TOPICS, Topics

COMMIT_DELAY_S: Final = 3.0
"""The counting group commits once a second, after its changelog has the counts: a younger record is counted, and only
not committed yet."""
PEEK_S_MAX: Final = 2.0
"""For the oldest unread records of all partitions together; a partition without its record by then has no age."""
POLL_MS: Final = 200
PEEK_BYTES: Final = 4_096
"""Of a partition in one fetch; the broker sends at least one batch."""
ANSWER_S_MAX: Final = 5.0
MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Lag:
    """The lag of a group on a partition."""

    group: str
    topic: str
    """Full name."""
    partition: int
    committed: int | None = None
    """The next offset the group will read; None: it has committed nothing."""
    end: int | None = None
    """The offset of the next record that is written."""
    records: int | None = None
    """Not read yet; None: not known."""
    age_s: float | None = None
    """Seconds that the oldest unread record waits; 0 if there is none, None if not known."""


def groups_of(topics: Topics, group_prefix: str) -> dict[str, list[str]]:
    """Every group of the service with the topics it reads, by full names."""
    return {
        group_prefix + WORKER_GROUP: [topics.full(topic) for topic in REQUEST_TOPICS],
        group_prefix + IMPORTER_GROUP: [topics.full(IMPORT)],
        group_prefix + INVENTORY_GROUP: [topics.full(INVENTORY)],
    }


class LagReader:
    """Reads with two clients that it keeps."""

    def __init__(self, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer) -> None:
        """Both are started."""
        self._admin = admin
        self._consumer = consumer

    async def read(self, groups: Mapping[str, Sequence[str]]) -> list[Lag]:
        """All groups' lags now.

        Raises:
            KafkaError: the broker does not answer, or does not let us.
            TimeoutError: it does not answer in `ANSWER_S_MAX`, or not in full.
        """
        async with asyncio.timeout(ANSWER_S_MAX):
            layout = await partitions_of(self._admin, {topic for topics in groups.values() for topic in topics})
            committed = {
                group: await self._committed(group, [partition for topic in topics for partition in layout[topic]])
                for group, topics in groups.items()
            }
            partitions = sorted({partition for offsets in committed.values() for partition in offsets})
            ends = await self._consumer.end_offsets(partitions) if partitions else {}
            begins = await self._consumer.beginning_offsets(partitions) if partitions else {}
        lags = []
        for group, offsets in committed.items():
            nexts = {place: begins[place] if offset is None else offset for place, offset in offsets.items()}
            oldest = await self._oldest({place: at for place, at in nexts.items() if at < ends[place]}, ends)
            lags += [
                lag_of(Lag(group, place.topic, place.partition, offset, ends[place]), nexts[place], oldest.get(place))
                for place, offset in offsets.items()
            ]
        return lags

    async def _committed(self, group: str, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int | None]:
        if not partitions:
            return {}
        found = await self._admin.list_consumer_group_offsets(group, partitions=partitions)
        if found.keys() < set(partitions):
            raise TimeoutError(f"Kafka does not give the offsets of group {group}")
        return {place: found[place].offset if found[place].offset >= 0 else None for place in partitions}

    async def _oldest(
        self, nexts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, "Oldest"]:
        """The first record at or behind each offset, or that there is none before the end."""
        found: dict[TopicPartition, Oldest] = {}
        if not nexts:
            return found
        self._consumer.assign(list(nexts))
        for place, offset in nexts.items():
            self._consumer.seek(place, offset)
        clock = asyncio.get_running_loop().time
        until = clock() + PEEK_S_MAX
        while len(found) < len(nexts) and clock() < until:
            missing = [place for place in nexts if place not in found]
            polled = await self._consumer.getmany(*missing, timeout_ms=POLL_MS)
            for place, records in polled.items():
                found[place] = Oldest(records[0].offset, records[0].timestamp / MS)
            for place in missing:
                if place not in found and await self._consumer.position(place) >= ends[place]:
                    found[place] = Oldest(None, None)
        return found


@dataclass(frozen=True, slots=True)
class Oldest:
    """The oldest unread record of a partition; without an offset there is none."""

    offset: int | None
    at_s: float | None


def lag_of(lag: Lag, next_offset: int, oldest: Oldest | None) -> Lag:
    """A lag with its figures. `oldest` None: nothing is unread, or the oldest record was not found in time."""
    assert lag.end is not None
    if next_offset >= lag.end:
        return replace(lag, records=0, age_s=0.0)
    if oldest is None:
        return lag
    if oldest.offset is None or oldest.at_s is None:
        return replace(lag, records=0, age_s=0.0)
    age_s = max(datetime.now(UTC).timestamp() - oldest.at_s, 0.0)
    records = max(lag.end - oldest.offset, 0)
    return replace(lag, records=records, age_s=round(age_s, 1) if records else 0.0)


def without_commit_delay(lag: Lag, group: str) -> Lag:
    """A lag of the counting group, without what is counted and only not committed yet; any other as it is."""
    if lag.group == group and lag.age_s is not None and lag.age_s <= COMMIT_DELAY_S:
        return replace(lag, records=0, age_s=0.0)
    return lag


@asynccontextmanager
async def lag_reader(connection: Mapping[str, Any]) -> AsyncIterator[LagReader]:
    """A reader whose clients are closed at the end.

    Raises:
        KafkaError, TimeoutError: the broker cannot be reached.
    """
    admin = AIOKafkaAdminClient(**connection)
    consumer = AIOKafkaConsumer(
        **connection,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=PEEK_BYTES,
    )
    try:
        async with asyncio.timeout(ANSWER_S_MAX):
            await admin.start()
            await consumer.start()
        yield LagReader(admin, consumer)
    finally:
        with suppress(TimeoutError):  # a client that knows no broker would wait for one when it stops
            async with asyncio.timeout(ANSWER_S_MAX):
                await stop_clients(consumer, admin)
