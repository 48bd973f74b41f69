"""What claims about groups do with members.

Out: `member`, `pair`, `newcomer`; `Noted`, which notes what a member is given; `until_shared`, `until_removed`,
     `speak_again`.
"""

import asyncio
from collections.abc import Collection
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from consumers.loop.assignors import sticky_assignor
from tests.contract.clients.kafka_bench import Bench, until_true


class Noted(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is not typed
    """Notes what a member is given, and blocks a rebalance until `may_go_on` is set."""

    def __init__(self) -> None:
        self.events: list[tuple[str, frozenset[TopicPartition]]] = []
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """A rebalance begins."""
        self.events.append(("revoked", frozenset(revoked)))
        await self.may_go_on.wait()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """A rebalance is over."""
        self.events.append(("assigned", frozenset(assigned)))


Member = tuple[AIOKafkaConsumer, Noted]


async def member(kafka: Bench, topic: str, **options: Any) -> Member:
    """A member of the group that has its first assignment."""
    noted = Noted()
    consumer = await newcomer(kafka, topic, noted, **options)
    await until_true(lambda: noted.events and noted.events[-1][0] == "assigned")
    return consumer, noted


async def newcomer(
    kafka: Bench, topic: str, listener: ConsumerRebalanceListener | None = None, **options: Any
) -> AIOKafkaConsumer:
    """A member that has no assignment yet."""
    consumer = await kafka.consumer("group", partition_assignment_strategy=(sticky_assignor(),), **options)
    consumer.subscribe([topic], listener=listener)
    return consumer


async def pair(kafka: Bench, topic: str, partitions: int, **options: Any) -> tuple[Member, Member]:
    """Two members that share a topic's partitions."""
    first, second = await member(kafka, topic, **options), await member(kafka, topic, **options)
    await until_shared(topic, partitions, first[0], second[0])
    return first, second


def all_of(topic: str, partitions: int) -> set[TopicPartition]:
    """All its partitions."""
    return {TopicPartition(topic, number) for number in range(partitions)}


async def until_shared(topic: str, partitions: int, *members: AIOKafkaConsumer) -> None:
    """Wait until these members have all partitions, and each some of them."""
    everything = all_of(topic, partitions)

    def is_shared() -> bool:
        shares = [consumer.assignment() for consumer in members]
        return all(shares) and sum(map(len, shares)) == partitions and set().union(*shares) == everything

    await until_true(is_shared)


async def until_removed(consumer: AIOKafkaConsumer, topic: str, partitions: int, *, other: AIOKafkaConsumer) -> None:
    """Send no heartbeats any more, as a process that is frozen, until the other member has all partitions.

    The client itself does not notice.
    """

    async def heartbeat() -> bool:
        return True

    consumer._coordinator._do_heartbeat = heartbeat
    await until_true(lambda: other.assignment() == all_of(topic, partitions))


def speak_again(consumer: AIOKafkaConsumer) -> None:
    """Send heartbeats again."""
    del consumer._coordinator._do_heartbeat
