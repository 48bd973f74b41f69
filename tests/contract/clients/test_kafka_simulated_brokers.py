"""On the simulated Kafka only: faults that real brokers cannot be made to have at a chosen moment.

- brokers frozen, down, restarted; leaders that move, partitions without one; too few replicas; clocks that step
- markers that come late, or never (KAFKA-20734)
"""

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    KafkaConnectionError,
)

from tests.contract.clients.kafka_bench import Bench, on_simulated, until, until_true
from tests.contract.clients.kafka_disturbing import transact, values
from tests.simulation.kafka import reading


@on_simulated()
async def test_the_next_producer_waits_for_late_markers(kafka: Bench) -> None:
    """When it has started, the offset that the former one committed is there."""
    topic, former = await kafka.topic(), await kafka.producer("a")
    place, group = TopicPartition(topic, 0), kafka.name("group")
    kafka.simulated.delay_markers(3.0, 10.0)
    await former.begin_transaction()
    await former.send_and_wait(topic, b"1", partition=0)
    await former.send_offsets_to_transaction({place: 1}, group)
    await former.commit_transaction()
    assert [] == values(kafka, topic)
    began = asyncio.get_running_loop().time()
    await kafka.producer("a")

    assert asyncio.get_running_loop().time() - began > 2.5
    assert [b"1"] == values(kafka, topic)
    assert 1 == kafka.simulated.groups.get(group).offsets[place]


@on_simulated()
async def test_the_markers_of_a_partition_without_a_leader_come_late(kafka: Bench) -> None:
    """They are written when it has one; the transaction is complete only then."""
    topic, producer = await kafka.topic(2), await kafka.producer("a")
    await producer.begin_transaction()
    for number in range(2):
        await producer.send_and_wait(topic, b"%d" % number, partition=number)
    kafka.simulated.leave_leaderless(TopicPartition(topic, 0), 5.0)
    await producer.commit_transaction()
    await asyncio.sleep(1)

    assert [b"1"] == values(kafka, topic)
    await asyncio.sleep(5)
    assert [b"0", b"1"] == values(kafka, topic)


@on_simulated()
async def test_a_lost_marker_shows_the_records_with_the_next_transaction(kafka: Bench) -> None:
    """KAFKA-20734: what the next transaction of this id decides is true of both."""
    topic, producer = await kafka.topic(), await kafka.producer("a")
    place = TopicPartition(topic, 0)
    kafka.simulated.lose_markers(on=True)
    await producer.begin_transaction()
    await producer.send_and_wait(topic, b"1", partition=0)
    kafka.simulated.leave_leaderless(place, 1.0)
    await producer.abort_transaction()
    await asyncio.sleep(2)
    await transact(producer, topic, b"2")
    await asyncio.sleep(1)

    assert [b"1", b"2"] == values(kafka, topic)


@on_simulated()
async def test_too_few_replicas_take_a_record_later(kafka: Bench) -> None:
    """The producer tries again until there are enough."""
    topic, producer = await kafka.topic(), await kafka.producer()
    kafka.simulated.lack_replicas([TopicPartition(topic, 0)], 4.0)
    began = asyncio.get_running_loop().time()
    await producer.send_and_wait(topic, b"1", partition=0)

    assert asyncio.get_running_loop().time() - began > 3.5
    assert [b"1"] == values(kafka, topic)


@on_simulated(brokers=3)
async def test_a_leader_that_moves_loses_and_doubles_nothing(kafka: Bench) -> None:
    """Producers and consumers find the new one."""
    topic, producer = await kafka.topic(), await kafka.producer()
    place, consumer = TopicPartition(topic, 0), await kafka.consumer()
    consumer.assign([place])
    read: list[bytes] = []
    for number in range(6):
        await producer.send_and_wait(topic, b"%d" % number, partition=0)
        kafka.simulated.move_leader(place)

    async def has_all() -> bool:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            read.extend(record.value for record in records)
        return len(read) >= 6

    await until(has_all)
    assert [b"%d" % number for number in range(6)] == read


@on_simulated(brokers=3)
async def test_a_dead_broker_is_replaced(kafka: Bench) -> None:
    """Transactions, groups and partitions that it led go on elsewhere."""
    topic, producer = await kafka.topic(3), await kafka.producer("a")
    consumer = await kafka.consumer("group")
    consumer.subscribe([topic])
    await until_true(consumer.assignment)
    kafka.simulated.crash_broker(1)
    for number in range(3):
        await transact(producer, topic, b"%d" % number, number)

    async def has_read() -> bool:
        await consumer.getmany(timeout_ms=200)
        return all([await consumer.position(TopicPartition(topic, number)) >= 1 for number in range(3)])

    await until(has_read)
    assert [b"0", b"1", b"2"] == values(kafka, topic)


@on_simulated()
async def test_a_frozen_broker_answers_late(kafka: Bench) -> None:
    """What was sent to it waits, and is done once."""
    topic, producer = await kafka.topic(), await kafka.producer("a")
    await producer.begin_transaction()
    kafka.simulated.freeze_broker(1)
    sending = asyncio.create_task(producer.send_and_wait(topic, b"1", partition=0))
    await asyncio.sleep(5)

    assert not sending.done()
    kafka.simulated.thaw_broker(1)
    await sending
    await producer.commit_transaction()
    await asyncio.sleep(1)
    assert [b"1"] == values(kafka, topic)


@on_simulated()
async def test_a_request_that_times_out_is_sent_again(kafka: Bench) -> None:
    """And if both arrive in the end, the batch is written once."""
    topic, producer = await kafka.topic(), await kafka.producer(request_timeout_ms=1_000)
    await producer.partitions_for(topic)
    kafka.simulated.freeze_broker(1)
    sending = asyncio.create_task(producer.send_and_wait(topic, b"1", partition=0))
    await asyncio.sleep(5)
    kafka.simulated.thaw_broker(1)
    await sending
    await asyncio.sleep(1)

    assert [b"1"] == values(kafka, topic)


@on_simulated()
async def test_without_a_broker_no_client_starts(kafka: Bench) -> None:
    """KafkaConnectionError, which the service retries."""
    kafka.simulated.crash_broker(1)

    for start in (kafka.consumer, kafka.producer, kafka.admin):
        with pytest.raises(KafkaConnectionError):
            await start()


@on_simulated()
async def test_a_broker_that_restarts_is_found_again(kafka: Bench) -> None:
    """By a producer and a member that were there before; the group's offsets are kept."""
    topic, producer = await kafka.topic(), await kafka.producer("a")
    place, consumer = TopicPartition(topic, 0), await kafka.consumer("group")
    consumer.subscribe([topic])
    await until_true(consumer.assignment)
    await consumer.commit({place: 0})
    kafka.simulated.crash_broker(1)
    await asyncio.sleep(3)
    kafka.simulated.start_broker(1)
    await transact(producer, topic, b"1")

    async def has_read() -> bool:
        return bool((await consumer.getmany(timeout_ms=200)).get(place))

    await until(has_read)
    await consumer.commit({place: 1})
    assert 1 == await consumer.committed(place)


@on_simulated()
async def test_a_brokers_clock_stamps_its_records(kafka: Bench) -> None:
    """It may be set back."""
    topic = await kafka.topic(message_timestamp_type="LogAppendTime")
    reading.put(kafka.simulated, topic, b"1", b"k")
    kafka.simulated.step_clock(1, -60.0)
    reading.put(kafka.simulated, topic, b"2", b"k")
    first, second = reading.logged(kafka.simulated, "", [topic])

    assert 60_000 == first.timestamp_ms - second.timestamp_ms
