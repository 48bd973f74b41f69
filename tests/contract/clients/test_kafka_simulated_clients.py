"""On the simulated Kafka only: what happens to clients that a real broker cannot do to them at a chosen moment.

- a lost request or answer: needs a connection cut between the append and the answer
- a process frozen while its client holds records; a coordinator that loads a group
- an unreadable batch, whose fetches are left out
"""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    GroupLoadInProgressError,
    IllegalStateError,
    NotEnoughReplicasAfterAppendError,
)

from tests.contract.clients.kafka_bench import READING, Bench, on_simulated, until, until_true
from tests.contract.clients.kafka_disturbing import lose, transact, values
from tests.simulation.kafka import reading
from tests.simulation.kafka.log import Damage


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
async def test_offsets_are_not_lost_while_their_coordinator_loads(kafka: Bench) -> None:
    """With `offset_answers` in place; aiokafka alone says that nothing was committed."""
    topic, consumer = await kafka.topic(), await kafka.consumer("group")
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    await consumer.commit({place: 5})
    kafka.simulated.move_coordinator("group", kafka.name("group"), loading_s=3.0)

    assert 5 == await consumer.committed(place)


@on_simulated()
async def test_a_coordinator_that_loads_answers_an_admin_client_with_an_error(kafka: Bench) -> None:
    """As a member is; aiokafka alone gives an admin client no partition, and no error."""
    topic, consumer, admin = await kafka.topic(), await kafka.consumer("group"), await kafka.admin()
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    await consumer.commit({place: 5})
    kafka.simulated.move_coordinator("group", kafka.name("group"), loading_s=3.0)

    with pytest.raises(GroupLoadInProgressError):
        await admin.list_consumer_group_offsets(kafka.name("group"), partitions=[place])


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
