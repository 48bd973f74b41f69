"""On the simulated Kafka only: faults that a real broker cannot be made to have at a chosen moment.

- a lost answer to a produced batch: needs a connection cut between the append and the answer
- a process frozen while its client holds records, and a broker frozen, down, or without a partition's leader
- markers that come late, or never (KAFKA-20734); too few replicas; coordinators and leaders that move

What the service relies on there is claimed here, so that it is known what the simulated brokers do.
"""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    NotEnoughReplicasAfterAppendError,
    ProducerFenced,
)

from tests.contract.clients.kafka_bench import READING, Bench, on_simulated, until, until_true
from tests.simulation.kafka import reading
from tests.simulation.kafka.log import Damage
from tests.simulation.kernel.network import Loss

REFUSED = (ProducerFenced, KafkaError, AssertionError)


def values(kafka: Bench, topic: str) -> list[bytes | None]:
    """All committed records of a topic."""
    return [record.value for record in reading.logged(kafka.simulated, "", [topic])]


def lose(kafka: Bench, operation: str, *losses: Loss) -> None:
    """Lose these of the next calls."""
    left = iter(losses)

    def disturb(_server: str, called: str) -> Loss | None:
        return next(left, None) if called == operation else None

    kafka.simulated.network.disturb = disturb


async def transact(producer: AIOKafkaProducer, topic: str, value: bytes, partition: int = 0) -> None:
    """One record in a transaction."""
    await producer.begin_transaction()
    await producer.send_and_wait(topic, value, partition=partition)
    await producer.commit_transaction()


@on_simulated()
async def test_a_batch_whose_answer_is_lost_is_written_once(kafka: Bench) -> None:
    """The producer sends it again, and its sequence number tells."""
    topic, producer = await kafka.topic(), await kafka.producer()
    lose(kafka, "ProduceRequest", "answer", "answer", "request")
    metadata = await producer.send_and_wait(topic, b"1", partition=0)

    assert 0 == metadata.offset
    assert [b"1"] == values(kafka, topic)


@on_simulated()
async def test_an_error_after_the_append_does_not_double_a_batch(kafka: Bench) -> None:
    """NotEnoughReplicasAfterAppend is retried."""
    topic, producer = await kafka.topic(), await kafka.producer()
    kafka.simulated.fail_requests("ProduceRequest", [NotEnoughReplicasAfterAppendError], 1.0, 0.35)
    await producer.send_and_wait(topic, b"1", partition=0)

    assert [b"1"] == values(kafka, topic)


@on_simulated()
async def test_the_end_of_a_transaction_is_repeated_when_its_answer_is_lost(kafka: Bench) -> None:
    """It is committed once, and the producer goes on."""
    topic, producer = await kafka.topic(), await kafka.producer("a")
    lose(kafka, "EndTxnRequest", "answer", "request", "answer")
    await transact(producer, topic, b"1")
    await transact(producer, topic, b"2")
    await asyncio.sleep(1)

    assert [b"1", b"2"] == values(kafka, topic)


@on_simulated()
async def test_a_frozen_process_comes_back_with_stale_records(kafka: Bench) -> None:
    """It is no member any more, and another has read and committed the same ones meanwhile."""
    topic, seen, errors = await kafka.topic(), [], []
    place = TopicPartition(topic, 0)
    reading.put(kafka.simulated, topic, b"1", b"k")

    async def frozen() -> None:
        consumer = await kafka.consumer("group")
        consumer.subscribe([topic])
        seen.append((await consumer.getmany(place, timeout_ms=5_000))[place])
        await asyncio.sleep(1)  # it is frozen here
        try:
            await consumer.commit({place: 1})
        except (CommitFailedError, IllegalStateError) as why:
            errors.append(type(why))

    process = kafka.simulated.world.spawn("frozen", frozen)
    await until_true(lambda: seen)
    process.freeze()
    await read_and_committed(kafka, place)
    kafka.simulated.world.thaw(process)
    await until_true(lambda: errors)
    assert [CommitFailedError] == errors


async def read_and_committed(kafka: Bench, place: TopicPartition) -> None:
    """Another member of the group has done the first record."""
    consumer = await kafka.consumer("group")
    consumer.subscribe([place.topic])

    async def has_read() -> bool:
        return bool((await consumer.getmany(timeout_ms=500)).get(place))

    await until(has_read)
    await consumer.commit({place: 1})


@on_simulated()
async def test_a_killed_member_keeps_its_partitions_until_its_session_ends(kafka: Bench) -> None:
    """Nobody says for it that it leaves."""
    topic, given = await kafka.topic(), []
    clock = asyncio.get_running_loop().time

    async def killed() -> None:
        consumer = kafka.consumer_class(**kafka.connection, **READING, group_id=kafka.name("group"))
        await consumer.start()
        consumer.subscribe([topic])
        await until_true(consumer.assignment)
        given.append(consumer)
        await asyncio.sleep(1_000)

    process = kafka.simulated.world.spawn("killed", killed)
    await until_true(lambda: given)
    killed_at = clock()
    kafka.simulated.world.kill(process)
    other = await kafka.consumer("group")
    other.subscribe([topic])
    await until_true(other.assignment)

    session_s = READING["session_timeout_ms"] / 1000
    assert session_s - 0.5 <= clock() - killed_at <= session_s + 1


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
    """KafkaConnectionError, which the service waits out."""
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
async def test_offsets_are_not_lost_while_their_coordinator_loads(kafka: Bench) -> None:
    """With `offset_fetch` in place; aiokafka alone says that nothing was committed."""
    topic, consumer = await kafka.topic(), await kafka.consumer("group")
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    await consumer.commit({place: 5})
    kafka.simulated.move_coordinator("group", kafka.name("group"), loading_s=3.0)

    assert 5 == await consumer.committed(place)


@on_simulated()
async def test_a_coordinator_that_loads_answers_an_admin_client_for_no_partition(kafka: Bench) -> None:
    """Without an error: who asks must look whether all partitions are there."""
    topic, consumer, admin = await kafka.topic(), await kafka.consumer("group"), await kafka.admin()
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    await consumer.commit({place: 5})
    kafka.simulated.move_coordinator("group", kafka.name("group"), loading_s=3.0)

    assert {} == await admin.list_consumer_group_offsets(kafka.name("group"), partitions=[place])


@on_simulated()
async def test_a_forced_rebalance_lets_every_member_join_again(kafka: Bench) -> None:
    """And commits of the former generation fail meanwhile or succeed, but never after it."""
    topic, consumer = await kafka.topic(), await kafka.consumer("group")
    consumer.subscribe([topic])
    await until_true(consumer.assignment)
    generation = consumer._coordinator.generation
    kafka.simulated.force_rebalance(kafka.name("group"))

    await until_true(lambda: consumer._coordinator.generation > generation)
    await until_true(consumer.assignment)


@on_simulated()
async def test_a_brokers_clock_stamps_its_records(kafka: Bench) -> None:
    """It may be set back."""
    topic = await kafka.topic(message_timestamp_type="LogAppendTime")
    reading.put(kafka.simulated, topic, b"1", b"k")
    kafka.simulated.step_clock(1, -60.0)
    reading.put(kafka.simulated, topic, b"2", b"k")
    first, second = reading.logged(kafka.simulated, "", [topic])

    assert 60_000 == first.timestamp_ms - second.timestamp_ms


@on_simulated()
async def test_an_unreadable_batch_is_one_record_at_its_last_offset(kafka: Bench) -> None:
    """As the patched consumer gives it: with its range, and its bytes for the dead letter."""
    topic = await kafka.topic()
    place = TopicPartition(topic, 0)
    reading.put_unreadable(kafka.simulated, place, Damage("zstd", "ZstdError", b"whole batch"), records=3)
    consumer: AIOKafkaConsumer = await kafka.consumer()
    consumer.assign([place])
    record = await consumer.getone(place)

    batch = record.checksum
    assert (2, None, 0, 2, b"whole batch") == (
        record.offset,
        record.value,
        batch.first_offset,
        batch.last_offset,
        batch.content,
    )
    assert 3 == await consumer.position(place)


@on_simulated()
async def test_an_idle_reader_costs_only_its_own_timer(kafka: Bench) -> None:
    """A fetch of nothing for 250 ms is a handful of steps; so a history may have many idle partitions."""
    topic, loop = await kafka.topic(), kafka.simulated.world.loop
    consumer = await kafka.consumer()
    consumer.assign([TopicPartition(topic, 0)])
    await consumer.getmany(timeout_ms=1_000)
    before = loop.steps
    for _ in range(100):
        await consumer.getmany(timeout_ms=250)

    assert loop.steps - before <= 600
