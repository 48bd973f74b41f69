"""What claims about groups do with members.

Out: `member`, `until_shared`, `fall_silent`, `speak_again`; `Noted`, which notes what a member is given.
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


async def member(kafka: Bench, topic: str, **options: Any) -> tuple[AIOKafkaConsumer, Noted]:
    """A member of the group that has its first assignment."""
    consumer, noted = (
        await kafka.consumer("group", partition_assignment_strategy=(sticky_assignor(),), **options),
        Noted(),
    )
    consumer.subscribe([topic], listener=noted)
    await until_true(lambda: noted.events and noted.events[-1][0] == "assigned")
    return consumer, noted


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


def fall_silent(consumer: AIOKafkaConsumer) -> None:
    """Send no heartbeats any more, as a process that is frozen; the client itself does not notice."""

    async def heartbeat() -> bool:
        return True

    consumer._coordinator._do_heartbeat = heartbeat


def speak_again(consumer: AIOKafkaConsumer) -> None:
    """Send heartbeats again."""
    del consumer._coordinator._do_heartbeat
