"""What one owner per partition rests on: membership, rebalances, and who may commit an offset."""

import asyncio
from collections.abc import Collection
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import NewPartitions
from aiokafka.errors import CommitFailedError, IllegalStateError

from consumers.loop.assignors import sticky_assignor
from tests.contract.clients.kafka_bench import Bench, on_both, until, until_true


class Noted(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is not typed
    """Notes what a member is given, and blocks a rebalance while it is told to."""

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


@on_both
async def test_the_only_member_has_all_partitions(kafka: Bench) -> None:
    """Of the topic that it subscribes to."""
    topic = await kafka.topic(3)
    consumer, _ = await member(kafka, topic)

    await until_shared(topic, 3, consumer)


@on_both
async def test_two_members_share_the_partitions(kafka: Bench) -> None:
    """None has another's."""
    topic = await kafka.topic(4)
    first, _ = await member(kafka, topic)
    second, _ = await member(kafka, topic)

    await until_shared(topic, 4, first, second)


@on_both
async def test_a_rebalance_revokes_everything_first(kafka: Bench) -> None:
    """Also what the member keeps: aiokafka is eager."""
    topic = await kafka.topic(2)
    first, noted = await member(kafka, topic)
    second, _ = await member(kafka, topic)
    await until_shared(topic, 2, first, second)

    revoked = [partitions for kind, partitions in noted.events if kind == "revoked"]
    assert frozenset(all_of(topic, 2)) in revoked


@on_both
async def test_a_rebalance_waits_for_a_member_that_lets_go_slowly(kafka: Bench) -> None:
    """The new member has nothing until the callback of the other has returned."""
    topic = await kafka.topic(2)
    first, noted = await member(kafka, topic)
    noted.may_go_on.clear()
    second = await kafka.consumer("group", partition_assignment_strategy=(sticky_assignor(),))
    second.subscribe([topic])
    await until_true(lambda: noted.events[-1][0] == "revoked")

    await asyncio.sleep(0.5)
    assert set() == second.assignment()
    noted.may_go_on.set()
    await until_shared(topic, 2, first, second)


@on_both
async def test_a_fetch_waits_while_the_group_rebalances(kafka: Bench) -> None:
    """Records of partitions that may be another's are not given out."""
    topic = await kafka.topic(2)
    first, noted = await member(kafka, topic)
    producer = await kafka.producer()
    noted.may_go_on.clear()
    second = await kafka.consumer("group", partition_assignment_strategy=(sticky_assignor(),))
    second.subscribe([topic])
    await until_true(lambda: noted.events[-1][0] == "revoked")
    for number in range(2):
        await producer.send_and_wait(topic, b"x", partition=number)
    fetching = asyncio.create_task(first.getmany(timeout_ms=100))

    await asyncio.sleep(0.5)
    assert not fetching.done()
    noted.may_go_on.set()
    await until_shared(topic, 2, first, second)
    await fetching


@on_both
async def test_offsets_can_be_committed_while_partitions_are_revoked(kafka: Bench) -> None:
    """The batch in hand is finished in the callback."""
    topic = await kafka.topic(2)
    committed: list[int] = []

    class Finishing(Noted):
        async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
            for place in sorted(revoked):
                await first.commit({place: 5})
                committed.append(place.partition)

    first = await kafka.consumer("group", partition_assignment_strategy=(sticky_assignor(),))
    first.subscribe([topic], listener=Finishing())
    await until_shared(topic, 2, first)
    second, _ = await member(kafka, topic)
    await until_shared(topic, 2, first, second)

    assert [0, 1] == committed[:2]
    [place] = second.assignment()
    assert 5 == await second.committed(place)


@on_both
async def test_a_member_that_falls_silent_is_removed(kafka: Bench) -> None:
    """Its session ends, and the others have its partitions."""
    topic = await kafka.topic(2)
    first, _ = await member(kafka, topic)
    second, _ = await member(kafka, topic)
    await until_shared(topic, 2, first, second)
    fall_silent(first)

    await until_true(lambda: second.assignment() == all_of(topic, 2))


@on_both
async def test_a_member_of_an_older_generation_commits_nothing(kafka: Bench) -> None:
    """CommitFailedError: `AcknowledgedEmitter` tells by it that the partition is another's."""
    topic = await kafka.topic(2)
    first, _ = await member(kafka, topic)
    second, _ = await member(kafka, topic)
    await until_shared(topic, 2, first, second)
    [place] = first.assignment()
    fall_silent(first)
    await until_true(lambda: second.assignment() == all_of(topic, 2))

    with pytest.raises(CommitFailedError):
        await first.commit({place: 9})
    assert await second.committed(place) is None


@on_both
async def test_a_removed_member_joins_again(kafka: Bench) -> None:
    """When it learns of it by a heartbeat; then both share again."""
    topic = await kafka.topic(2)
    first, _ = await member(kafka, topic)
    second, _ = await member(kafka, topic)
    await until_shared(topic, 2, first, second)
    fall_silent(first)
    await until_true(lambda: second.assignment() == all_of(topic, 2))
    speak_again(first)

    await until_shared(topic, 2, first, second)


@on_both
async def test_a_member_that_leaves_is_gone_at_once(kafka: Bench) -> None:
    """`stop` says so to the group: with a session of a minute the other need not wait for its end."""
    topic = await kafka.topic(2)
    first, _ = await member(kafka, topic, session_timeout_ms=60_000)
    second, noted = await member(kafka, topic, session_timeout_ms=60_000)
    await until_shared(topic, 2, first, second)
    clock = asyncio.get_running_loop().time
    began = clock()
    await first.stop()

    await until_true(lambda: second.assignment() == all_of(topic, 2))
    assert clock() - began < 60
    assert ("assigned", frozenset(all_of(topic, 2))) == noted.events[-1]


@on_both
async def test_a_static_member_that_restarts_keeps_its_place(kafka: Bench) -> None:
    """The other member sees no rebalance."""
    topic = await kafka.topic(2)
    first, noted = await member(kafka, topic, group_instance_id="first", session_timeout_ms=60_000)
    second, _ = await member(kafka, topic, group_instance_id="second", session_timeout_ms=60_000)
    await until_shared(topic, 2, first, second)
    share, seen = second.assignment(), len(noted.events)
    await second.stop()
    second, _ = await member(kafka, topic, group_instance_id="second", session_timeout_ms=60_000)

    await until_true(lambda: second.assignment() == share)
    assert seen == len(noted.events)


@on_both
async def test_new_partitions_are_assigned(kafka: Bench) -> None:
    """The leader of the group sees them when its metadata are renewed."""
    topic, admin = await kafka.topic(1), await kafka.admin()
    consumer, _ = await member(kafka, topic)
    await admin.create_partitions({topic: NewPartitions(3)})

    await until_true(lambda: consumer.assignment() == all_of(topic, 3))


@on_both
async def test_who_has_not_the_partition_cannot_commit_or_seek(kafka: Bench) -> None:
    """IllegalStateError, at once."""
    topic = await kafka.topic(1)
    consumer, _ = await member(kafka, topic)
    other = TopicPartition(topic, 7)

    with pytest.raises(IllegalStateError):
        await consumer.commit({other: 1})
    with pytest.raises(IllegalStateError):
        consumer.seek(other, 1)
    with pytest.raises(IllegalStateError):
        await consumer.position(other)


@on_both
async def test_a_committed_offset_is_where_the_next_owner_begins(kafka: Bench) -> None:
    """And not the position of the last one."""
    topic, producer = await kafka.topic(1), await kafka.producer()
    place = TopicPartition(topic, 0)
    for value in (b"0", b"1", b"2"):
        await producer.send_and_wait(topic, value, partition=0)
    first, _ = await member(kafka, topic)

    async def has_read() -> bool:
        await first.getmany(timeout_ms=100)
        return bool(3 == await first.position(place))

    await until(has_read)
    await first.commit({place: 1})
    await first.stop()
    second, _ = await member(kafka, topic)

    assert 1 == await second.position(place)


@on_both
async def test_a_group_that_has_committed_nothing_begins_at_the_first_record(kafka: Bench) -> None:
    """`committed` is None then, and an admin client reads -1."""
    topic, producer, admin = await kafka.topic(1), await kafka.producer(), await kafka.admin()
    place = TopicPartition(topic, 0)
    await producer.send_and_wait(topic, b"0", partition=0)
    consumer, _ = await member(kafka, topic)
    listed = await admin.list_consumer_group_offsets(kafka.name("group"), partitions=[place])

    assert await consumer.committed(place) is None
    assert -1 == listed[place].offset
    assert 0 == await consumer.position(place)
