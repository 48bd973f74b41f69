"""How a group shares partitions: rebalances, and what holds while one goes on."""

import asyncio
from collections.abc import Collection

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import NewPartitions

from tests.contract.clients.kafka_bench import Bench, on_both, until_true
from tests.contract.clients.kafka_members import Noted, all_of, member, newcomer, pair, until_shared


async def joining_behind(noted: Noted, kafka: Bench, topic: str) -> AIOKafkaConsumer:
    """A new member, which waits because another one has not let go of its partitions yet."""
    noted.may_go_on.clear()
    consumer = await newcomer(kafka, topic)
    await until_true(lambda: noted.events[-1][0] == "revoked")
    return consumer


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

    await pair(kafka, topic, 4)


@on_both
async def test_a_rebalance_revokes_everything_first(kafka: Bench) -> None:
    """Also what the member keeps: aiokafka is eager."""
    topic = await kafka.topic(2)
    (_, noted), _ = await pair(kafka, topic, 2)

    revoked = [partitions for kind, partitions in noted.events if kind == "revoked"]
    assert frozenset(all_of(topic, 2)) in revoked


@on_both
async def test_a_rebalance_waits_for_a_member_that_lets_go_slowly(kafka: Bench) -> None:
    """The new member has nothing until the callback of the other has returned."""
    topic = await kafka.topic(2)
    first, noted = await member(kafka, topic)
    second = await joining_behind(noted, kafka, topic)

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
    second = await joining_behind(noted, kafka, topic)
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

    first = await newcomer(kafka, topic, Finishing())
    await until_shared(topic, 2, first)
    second, _ = await member(kafka, topic)
    await until_shared(topic, 2, first, second)

    assert [0, 1] == committed[:2]
    [place] = second.assignment()
    assert 5 == await second.committed(place)


@on_both
async def test_new_partitions_are_assigned(kafka: Bench) -> None:
    """The leader of the group sees them when its metadata are renewed."""
    topic, admin = await kafka.topic(1), await kafka.admin()
    consumer, _ = await member(kafka, topic)
    await admin.create_partitions({topic: NewPartitions(3)})

    await until_true(lambda: consumer.assignment() == all_of(topic, 3))
