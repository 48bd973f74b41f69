"""Which overdue reservations this process asks for, so that several expirers share the work.

In:       partitions of the release topic, as the expirers' group gives them out; nothing is read from them.
Out:      whether a reservation is in this process's share.
Promise:  it only spares repeats. Two that request the same release do no harm; what nobody requests during a
          rebalance is found by the full look that follows.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Protocol
from zlib import crc32

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from consumers.loop.serving import KafkaSide, open_consumer
from schemas.groups import EXPIRER_GROUP


class ExpiryShare(Protocol):
    """This process's part of the overdue reservations."""

    @property
    def generation(self) -> int:
        """A new number each time that the share changes."""

    def has(self, reservation_id: str) -> bool:
        """Whether this process requests its release."""

    async def stay(self) -> None:
        """Poll, so that the group keeps this process as a member. Call it after each look."""


class GroupShare(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is not typed
    """As many parts as the topic has partitions; this process's are those that it is assigned."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: str) -> None:
        """`topic` is a full name; `consumer` is started already."""
        self.generation = 0
        self._consumer = consumer
        self._topic = topic
        self._mine: frozenset[int] = frozenset()
        self._parts = 1
        """Partitions of the topic, as far as this client knows."""

    def has(self, reservation_id: str) -> bool:
        """See `ExpiryShare.has`."""
        return crc32(reservation_id.encode()) % self._parts in self._mine

    async def stay(self) -> None:
        """See `ExpiryShare.stay`. A member that never polls is removed, even if it wants no records."""
        await self._consumer.getmany(timeout_ms=0)
        if self._count() != self._parts:
            self._parts = self._count()
            self.generation += 1

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:  # noqa: ARG002  # all of them
        """A rebalance begins."""
        self._mine = frozenset()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """A rebalance is over."""
        self._consumer.pause(*assigned)  # or their records would be fetched
        self._mine = frozenset(source.partition for source in assigned)
        self._parts = self._count()
        self.generation += 1

    def _count(self) -> int:
        """How many partitions there are.

        The members of a group learn of a new partition at different times, and the group may assign it to a member
        that does not know of it yet. Were the count kept until the next rebalance, nobody would request the releases
        of what two members take for each other's.
        """
        known = self._consumer.partitions_for_topic(self._topic) or ()
        return max(1, len(known), *(number + 1 for number in self._mine))


@asynccontextmanager
async def open_expiry_share(side: KafkaSide, topic: str) -> AsyncIterator[GroupShare]:
    """Join the expirers' group on the release topic, given by its full name; leave it at the end."""
    async with open_consumer(side, side.settings.group_prefix + EXPIRER_GROUP) as consumer:
        share = GroupShare(consumer, topic)
        consumer.subscribe(topics=[topic], listener=share)
        yield share
