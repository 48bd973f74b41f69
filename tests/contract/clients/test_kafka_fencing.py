"""What one owner per partition rests on: a new transactional producer ends the one before."""

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    ProducerFenced,
)

from tests.contract.clients.kafka_bench import Bench, on_both, until
from tests.contract.clients.kafka_records import REFUSED, ends, read, reader, sent


@on_both
async def test_a_new_producer_fences_the_one_before(kafka: Bench) -> None:
    """The former one cannot commit, and its client says that this is final."""
    topic, former = await kafka.topic(), await kafka.producer("a")
    await former.begin_transaction()
    await sent(former, topic, b"former")
    await kafka.producer("a")

    with pytest.raises(REFUSED):
        await former.commit_transaction()
    assert former._txn_manager.is_fatal_error()


@on_both
async def test_a_fenced_producer_says_that_it_is_fenced(kafka: Bench) -> None:
    """The error of its commit is ProducerFenced: `TransactionalEmitter` tells it from others."""
    topic, former = await kafka.topic(), await kafka.producer("a")
    await former.begin_transaction()
    await sent(former, topic, b"former")
    await kafka.producer("a")

    with pytest.raises(ProducerFenced):
        await former.commit_transaction()


@on_both
async def test_a_fenced_producer_writes_nothing(kafka: Bench) -> None:
    """Its record fails; the log of everything has none of it."""
    topic, former = await kafka.topic(), await kafka.producer("a")
    await former.begin_transaction()
    await kafka.producer("a")

    with pytest.raises(REFUSED):
        await sent(former, topic, b"late")
    assert (0, 0) == await ends(kafka, topic)


@on_both
async def test_the_start_of_a_new_producer_aborts_what_is_open(kafka: Bench) -> None:
    """When it has started, readers are not held back any more, and the records are never seen."""
    topic, former = await kafka.topic(), await kafka.producer("a")
    await former.begin_transaction()
    await sent(former, topic, b"former")
    newer = await kafka.producer("a")

    stable, end = await ends(kafka, topic)
    assert (2, 2) == (stable, end)
    await newer.begin_transaction()
    await sent(newer, topic, b"newer")
    await newer.commit_transaction()
    assert [b"newer"] == await read(await reader(kafka, topic), 1)


@on_both
async def test_after_the_start_of_a_new_producer_the_offset_is_final(kafka: Bench) -> None:
    """What the former one commits is committed before, or never: here before."""
    topic, former = await kafka.topic(), await kafka.producer("a")
    place, consumer = TopicPartition(topic, 0), await kafka.consumer("group")
    consumer.assign([place])
    for offset in range(1, 6):
        await former.begin_transaction()
        await sent(former, topic, b"x")
        await former.send_offsets_to_transaction({place: offset}, kafka.name("group"))
        await former.commit_transaction()
        former = await kafka.producer("a")
        assert offset == await consumer.committed(place)


@on_both
async def test_a_fenced_producer_commits_no_offset(kafka: Bench) -> None:
    """Neither in its open transaction nor in a new one."""
    topic, former = await kafka.topic(), await kafka.producer("a")
    place, consumer = TopicPartition(topic, 0), await kafka.consumer("group")
    consumer.assign([place])
    await former.begin_transaction()
    await kafka.producer("a")

    with pytest.raises(REFUSED):
        await former.send_offsets_to_transaction({place: 7}, kafka.name("group"))
    assert await consumer.committed(place) is None


@on_both
async def test_a_transaction_that_times_out_is_aborted(kafka: Bench) -> None:
    """By the broker; its producer is fenced then."""
    topic, producer = await kafka.topic(), await kafka.producer("a", transaction_timeout_ms=1_000)
    await producer.begin_transaction()
    await sent(producer, topic, b"forgotten")

    async def is_stable() -> bool:
        return (await ends(kafka, topic))[0] == 2

    await until(is_stable)
    with pytest.raises(REFUSED):
        await producer.commit_transaction()
