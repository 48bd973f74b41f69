"""Records of one emission, put into one batch for each partition.

In:       a started producer; records, in their order.
Out:      batches on their way; which topic is at hand.
Promise:  records of one partition keep their order, and each goes to the partition that the client would choose.

The client's `send` takes records singly: for each it lists the topic's partitions, makes a future, and later the
record's place, which hardly anybody asks for. Given whole batches, it takes a third of the time.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError, UnknownTopicOrPartitionError
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from schemas.records import OutgoingRecord

Place = tuple[str, int]
HeaderList = list[tuple[str, bytes | None]]
"""As the client's compiled code wants them."""


class Sent(NamedTuple):
    """Records of one partition, in one batch, on their way."""

    topic: str
    future: asyncio.Future[Any]
    numbers: Sequence[int]
    """Where they stand among all records."""


class Draft(NamedTuple):
    """A batch that is being filled."""

    builder: Any
    numbers: list[int]


class Partitions(NamedTuple):
    """Of one topic, as the client's partitioner wants them."""

    all: Sequence[int]
    available: Sequence[int]


@dataclass(slots=True)
class Shipment:
    """Lives for one emission."""

    producer: AIOKafkaProducer
    sent: list[Sent] = field(default_factory=list)
    at_hand: str | None = None
    """The topic that is being written to; None when all is handed over."""
    _drafts: dict[Place, Draft] = field(default_factory=dict)
    _partitions: dict[str, Partitions] = field(default_factory=dict)

    async def add(self, number: int, record: OutgoingRecord) -> None:
        """Put a record into its partition's batch; send the batch first if it is full.

        Raises:
            UnknownTopicOrPartitionError: there is no such topic or partition.
            MessageSizeTooLargeError: no request may be so large.
        """
        self.at_hand = record.topic
        partitions = self._partitions.get(record.topic) or await self._look_up(record.topic)
        if record.partition is not None and record.partition not in partitions.all:
            partitions = await self._look_up_added(record.topic, record.partition)
        headers = list(record.headers)
        check_size(self.producer, record, headers)
        partition = record.partition
        if partition is None:
            partition = self.producer._partitioner(record.key, *partitions)  # noqa: SLF001  # `send` asks it too
        place = (record.topic, partition)
        if not self._append(place, number, record, headers):
            await self.send(place)
            self._append(place, number, record, headers)

    def tried(self) -> set[str]:
        """The topics of all records so far; of others the client knows nothing yet."""
        return {*self._partitions, *filter(None, [self.at_hand])}

    def unsent(self) -> Sequence[Place]:
        """The partitions whose batches are to be sent yet."""
        return list(self._drafts)

    async def send(self, place: Place) -> None:
        """Send a partition's batch; waits for the one before it to be under way."""
        self.at_hand, partition = place
        draft = self._drafts.pop(place)
        draft.builder.close()
        future = await self.producer.send_batch(draft.builder, self.at_hand, partition=partition)
        self.sent.append(Sent(self.at_hand, future, draft.numbers))

    def _append(self, place: Place, number: int, record: OutgoingRecord, headers: HeaderList) -> bool:
        """False if the batch is full; an empty one takes a record of any size."""
        draft = self._drafts.get(place)
        if draft is None:
            draft = self._drafts[place] = Draft(self.producer.create_batch(), [])
        if draft.builder.append(timestamp=None, key=record.key, value=record.value, headers=headers) is None:
            return False
        draft.numbers.append(number)
        return True

    async def _look_up(self, topic: str) -> Partitions:
        await self.producer.partitions_for(topic)
        cluster = self.producer.client.cluster
        found = Partitions(
            list(cluster.partitions_for_topic(topic)), list(cluster.available_partitions_for_topic(topic))
        )
        self._partitions[topic] = found
        return found

    async def _look_up_added(self, topic: str, partition: int) -> Partitions:
        """The client learns of partitions that were added only minutes later, so it is made to look."""
        await self.producer.client.force_metadata_update()
        found = await self._look_up(topic)
        if partition not in found.all:
            raise UnknownTopicOrPartitionError(topic)
        return found


def check_size(producer: AIOKafkaProducer, record: OutgoingRecord, headers: HeaderList) -> None:
    """Raises MessageSizeTooLargeError as the client's `send` does; its batches take what no broker does."""
    size = DefaultRecordBatchBuilder.estimate_size_in_bytes(record.key, record.value, headers)
    if size > producer._max_request_size:  # noqa: SLF001  # nothing public has it
        raise MessageSizeTooLargeError(f"{size} bytes")
