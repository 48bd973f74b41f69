"""Who is a member, who is not any more, and who may commit an offset."""

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from tests.contract.clients.kafka_bench import Bench, on_both, until, until_true
from tests.contract.clients.kafka_members import all_of, member, pair, speak_again, until_removed, until_shared


@on_both
async def test_a_member_that_falls_silent_is_removed(kafka: Bench) -> None:
    """Its session ends, and the others have its partitions."""
    topic = await kafka.topic(2)
    (first, _), (second, _) = await pair(kafka, topic, 2)

    await until_removed(first, topic, 2, other=second)


@on_both
async def test_a_member_of_an_older_generation_commits_nothing(kafka: Bench) -> None:
    """CommitFailedError: `AcknowledgedEmitter` tells by it that the partition is another's."""
    topic = await kafka.topic(2)
    (first, _), (second, _) = await pair(kafka, topic, 2)
    [place] = first.assignment()
    await until_removed(first, topic, 2, other=second)

    with pytest.raises(CommitFailedError):
        await first.commit({place: 9})
    assert await second.committed(place) is None


@on_both
async def test_a_removed_member_joins_again(kafka: Bench) -> None:
    """When it learns of it by a heartbeat; then both share again."""
    topic = await kafka.topic(2)
    (first, _), (second, _) = await pair(kafka, topic, 2)
    await until_removed(first, topic, 2, other=second)
    speak_again(first)

    await until_shared(topic, 2, first, second)


@on_both
async def test_a_member_that_leaves_is_gone_at_once(kafka: Bench) -> None:
    """`stop` says so to the group: with a session of a minute the other need not wait for its end."""
    topic = await kafka.topic(2)
    (first, _), (second, noted) = await pair(kafka, topic, 2, session_timeout_ms=60_000)
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
