"""How clients end: in time, without an error, and without a task that goes on.

On the simulated Kafka only: topics that lack replicas, which a broker alone never does.
"""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from producers.emitters import running
from producers.sending import looked_at
from producers.stopping import FLUSH_TIMEOUT_S, stopped
from tests.contract.clients.kafka_bench import PATIENCE_S, Bench, on_both, on_simulated, until_true


async def refused(kafka: Bench) -> str:
    """A topic that takes no record for want of replicas, which producers retry."""
    topic = await kafka.topic()
    kafka.simulated.lack_replicas([TopicPartition(topic, 0)], 600.0)
    return topic


def idempotent(kafka: Bench) -> AIOKafkaProducer:
    """Not started."""
    return kafka.producer_class(**kafka.connection, enable_idempotence=True)


async def hand_over(producer: AIOKafkaProducer, topic: str) -> asyncio.Future[Any]:
    """Give it a record that it cannot deliver."""
    future: asyncio.Future[Any] = await producer.send(topic, b"x", partition=0)
    future.add_done_callback(looked_at)
    return future


@on_simulated()
async def test_records_that_no_broker_takes_do_not_keep_a_producer(kafka: Bench) -> None:
    """Its stop gives them up, also the batch that it is sending again at the moment."""
    topic = await refused(kafka)
    producer = idempotent(kafka)
    async with asyncio.timeout(PATIENCE_S), running(producer):
        future = await hand_over(producer, topic)

    assert future.exception() is not None


@on_simulated()
async def test_a_stop_that_is_cancelled_leaves_no_task(kafka: Bench) -> None:
    """A partition's loop is cancelled when it takes too long to let go; the process goes on."""
    topic, before = await refused(kafka), asyncio.all_tasks()
    producer = idempotent(kafka)
    await producer.start()
    await hand_over(producer, topic)
    stopping = asyncio.create_task(stopped(producer))
    await asyncio.sleep(0.2)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping

    await until_true(lambda: not left_since(before))


@on_simulated()
async def test_a_cancelled_stop_leaves_no_task_that_looks_for_a_coordinator(kafka: Bench) -> None:
    """The client would look for it without end, also when it is closed."""
    await left_of_cancelled_stop(kafka, after_s=0.2)


@on_simulated()
async def test_a_stop_that_is_cancelled_when_it_has_given_up_closes_its_client(kafka: Bench) -> None:
    """The cancellation reaches the client's own stop, which then ends in its middle."""
    await left_of_cancelled_stop(kafka, after_s=FLUSH_TIMEOUT_S + 1.0)


@on_simulated()
async def test_a_cancelled_stop_leaves_no_request_that_waits_for_metadata(kafka: Bench) -> None:
    """A request that fails waits for new metadata, and a closed client fetches none."""
    topic, before = await kafka.topic(), asyncio.all_tasks()
    producer = idempotent(kafka)
    await producer.start()
    await producer.send_and_wait(topic, b"x")
    for broker in kafka.simulated.servers:
        kafka.simulated.freeze_broker(broker)
    await hand_over(producer, topic)
    stopping = asyncio.create_task(stopped(producer))
    await asyncio.sleep(0.2)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    for broker in kafka.simulated.servers:
        kafka.simulated.crash_broker(broker)
        kafka.simulated.thaw_broker(broker)

    await until_true(lambda: not left_since(before))


@on_both
async def test_a_stop_that_fails_leaves_no_task(kafka: Bench) -> None:
    """The client's own stop leaves the rest when its sender ends with the error of a broken connection."""
    before = asyncio.all_tasks()
    producer = await kafka.producer("a")
    closed = producer._sender.close

    async def failing() -> None:
        await closed()
        raise KafkaError("connection closed")

    producer._sender.close = failing
    with pytest.raises(KafkaError):
        await stopped(producer)

    await until_true(lambda: not left_since(before))


@on_both
async def test_clients_that_stop_leave_no_task(kafka: Bench) -> None:
    """Consumer, producers and admin client, after some work."""
    topic, before = await kafka.topic(), asyncio.all_tasks()
    consumer, producer, admin = await kafka.consumer("group"), await kafka.producer("a"), await kafka.admin()
    consumer.subscribe([topic])
    await consumer.getmany(timeout_ms=200)
    await producer.begin_transaction()
    await producer.send_and_wait(topic, b"x")
    await producer.commit_transaction()
    for stop in (consumer.stop, producer.stop, admin.close):
        await stop()

    await until_true(lambda: not left_since(before))


@on_both
async def test_a_client_may_be_stopped_twice(kafka: Bench) -> None:
    """The second time nothing happens."""
    consumer, producer = await kafka.consumer("group"), await kafka.producer()
    for _ in range(2):
        await consumer.stop()
        await producer.stop()


async def left_of_cancelled_stop(kafka: Bench, after_s: float) -> None:
    """Cancel the stop of a producer whose transaction looks for its coordinator; wait until nothing of it is left."""
    topic, before = await kafka.topic(), asyncio.all_tasks()
    producer = kafka.producer_class(**kafka.connection, transactional_id="a")
    await producer.start()
    await producer.partitions_for(topic)
    await producer.begin_transaction()
    for broker in kafka.simulated.servers:
        kafka.simulated.crash_broker(broker)
    await hand_over(producer, topic)
    stopping = asyncio.create_task(stopped(producer))
    await asyncio.sleep(after_s)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    await until_true(lambda: not left_since(before))


def left_since(before: set["asyncio.Task[Any]"]) -> list["asyncio.Task[Any]"]:
    """Tasks that have begun since."""
    return list(asyncio.all_tasks() - before)
