"""What exactly-once rests on: transactions, fencing, and what a `read_committed` reader is shown."""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    IllegalOperation,
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
    UnknownTopicOrPartitionError,
)

from tests.contract.clients.kafka_bench import Bench, on_both, until, until_true

REFUSED = (ProducerFenced, IllegalOperation, KafkaError, AssertionError)
"""How a fenced producer refuses, depending on the moment."""


async def sent(producer: AIOKafkaProducer, topic: str, *values: bytes) -> list[Any]:
    """Records in partition 0, acknowledged."""
    return [await producer.send_and_wait(topic, value, partition=0) for value in values]


async def read(consumer: AIOKafkaConsumer, count: int) -> list[bytes]:
    """The next records' values."""
    found: list[bytes] = []
    async with asyncio.timeout(90):
        while len(found) < count:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [record.value for record in records]
    return found


async def reader(kafka: Bench, topic: str, isolation: str = "read_committed") -> AIOKafkaConsumer:
    """A consumer at the topic's beginning."""
    consumer = await kafka.consumer(isolation_level=isolation)
    consumer.assign([TopicPartition(topic, 0)])
    return consumer


async def ends(kafka: Bench, topic: str) -> tuple[int, int]:
    """The last stable offset, and the next offset."""
    place = TopicPartition(topic, 0)
    found = [
        await (await kafka.consumer(isolation_level=level)).end_offsets([place])
        for level in ("read_committed", "read_uncommitted")
    ]
    return found[0][place], found[1][place]


@on_both
async def test_a_committed_transaction_is_seen_whole(kafka: Bench) -> None:
    """Its records come in their order, and a marker follows them."""
    topic, producer = await kafka.topic(), await kafka.producer("a")
    await producer.begin_transaction()
    await sent(producer, topic, b"1", b"2")
    await producer.commit_transaction()

    assert [b"1", b"2"] == await read(await reader(kafka, topic), 2)


@on_both
async def test_an_aborted_transaction_is_never_seen(kafka: Bench) -> None:
    """What comes after it is."""
    topic, producer = await kafka.topic(), await kafka.producer("a")
    await producer.begin_transaction()
    await sent(producer, topic, b"aborted")
    await producer.abort_transaction()
    await producer.begin_transaction()
    await sent(producer, topic, b"committed")
    await producer.commit_transaction()

    assert [b"committed"] == await read(await reader(kafka, topic), 1)


@on_both
async def test_a_reader_of_everything_sees_aborted_records(kafka: Bench) -> None:
    """But never a marker."""
    topic, producer = await kafka.topic(), await kafka.producer("a")
    await producer.begin_transaction()
    await sent(producer, topic, b"aborted")
    await producer.abort_transaction()
    await sent(await kafka.producer(), topic, b"plain")

    assert [b"aborted", b"plain"] == await read(await reader(kafka, topic, "read_uncommitted"), 2)


@on_both
async def test_an_open_transaction_holds_back_what_follows_it(kafka: Bench) -> None:
    """Also the records of others, until it ends."""
    topic, producer = await kafka.topic(), await kafka.producer("a")
    await sent(await kafka.producer(), topic, b"before")
    await producer.begin_transaction()
    await sent(producer, topic, b"open")
    await sent(await kafka.producer(), topic, b"behind")
    consumer = await reader(kafka, topic)

    assert [b"before"] == await read(consumer, 1)
    assert {} == await consumer.getmany(timeout_ms=300)
    await producer.commit_transaction()
    assert [b"open", b"behind"] == await read(consumer, 2)


@on_both
async def test_the_end_of_a_log_depends_on_the_isolation(kafka: Bench) -> None:
    """For a `read_committed` reader it ends at the first open transaction."""
    topic, producer = await kafka.topic(), await kafka.producer("a")
    await sent(await kafka.producer(), topic, b"0")
    await producer.begin_transaction()
    await sent(producer, topic, b"1", b"2")

    assert (1, 3) == await ends(kafka, topic)
    await producer.commit_transaction()

    async def is_at_end() -> bool:
        return await ends(kafka, topic) == (4, 4)

    await until(is_at_end)


@on_both
async def test_a_position_moves_over_markers(kafka: Bench) -> None:
    """At the end of the log it is the log's end, so lag is 0."""
    topic, producer = await kafka.topic(), await kafka.producer("a")
    for value in (b"1", b"2"):
        await producer.begin_transaction()
        await sent(producer, topic, value)
        await producer.commit_transaction()
    consumer = await reader(kafka, topic)
    await read(consumer, 2)

    async def is_at_end() -> bool:
        await consumer.getmany(timeout_ms=100)
        return bool(4 == await consumer.position(TopicPartition(topic, 0)))

    await until(is_at_end)


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
async def test_offsets_are_committed_with_the_transaction(kafka: Bench) -> None:
    """Not before: while it is open, the former offset is the committed one."""
    topic, producer = await kafka.topic(), await kafka.producer("a")
    place, group, admin = TopicPartition(topic, 0), kafka.name("group"), await kafka.admin()

    async def committed() -> int:
        return int((await admin.list_consumer_group_offsets(group, partitions=[place]))[place].offset)

    await producer.begin_transaction()
    await producer.send_offsets_to_transaction({place: 7}, group)
    assert -1 == await committed()
    await producer.commit_transaction()
    await kafka.producer("a")
    assert 7 == await committed()


@on_both
async def test_offsets_of_an_aborted_transaction_are_forgotten(kafka: Bench) -> None:
    """The former ones stay."""
    topic, producer = await kafka.topic(), await kafka.producer("a")
    place, consumer = TopicPartition(topic, 0), await kafka.consumer("group")
    consumer.assign([place])
    await consumer.commit({place: 3})
    await producer.begin_transaction()
    await producer.send_offsets_to_transaction({place: 7}, kafka.name("group"))
    await producer.abort_transaction()
    await kafka.producer("a")

    assert 3 == await consumer.committed(place)


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


@on_both
async def test_an_empty_transaction_can_be_committed(kafka: Bench) -> None:
    """A batch without outputs and offset leaves nothing behind."""
    topic, producer = await kafka.topic(), await kafka.producer("a")
    await producer.begin_transaction()
    await producer.commit_transaction()

    assert (0, 0) == await ends(kafka, topic)


@on_both
async def test_many_transactions_follow_each_other(kafka: Bench) -> None:
    """The next one waits until the markers of the last one are written; nothing is lost or doubled."""
    topic, producer = await kafka.topic(), await kafka.producer("a")
    for number in range(10):
        await producer.begin_transaction()
        await sent(producer, topic, b"%d" % number)
        await producer.commit_transaction()

    assert [b"%d" % number for number in range(10)] == await read(await reader(kafka, topic), 10)


@on_both
async def test_outside_of_a_transaction_nothing_is_sent(kafka: Bench) -> None:
    """By a transactional producer."""
    topic, producer = await kafka.topic(), await kafka.producer("a")

    with pytest.raises(IllegalOperation):
        await producer.send(topic, b"x")


@on_both
async def test_a_topic_that_is_missing_takes_nothing(kafka: Bench) -> None:
    """After the request's time-out; the topic is not made by that."""
    producer = await kafka.producer(request_timeout_ms=1_000)

    with pytest.raises(UnknownTopicOrPartitionError):
        await producer.send(kafka.name("missing"), b"x")


@on_both
async def test_a_record_that_is_too_large_for_its_topic_fails_alone(kafka: Bench) -> None:
    """The transaction commits what was taken, if nobody looks: so the service looks at every future."""
    topic = await kafka.topic(max_message_bytes="1000")
    producer = await kafka.producer("a")
    await producer.begin_transaction()
    await sent(producer, topic, b"small")
    with pytest.raises((MessageSizeTooLargeError, OutOfOrderSequenceNumber)):
        await sent(producer, topic, b"x" * 5_000)
    await producer.abort_transaction()

    async def is_stable() -> bool:
        return (await ends(kafka, topic))[0] == 2

    await until(is_stable)


@on_both
async def test_two_producers_with_other_ids_do_not_meet(kafka: Bench) -> None:
    """Both commit."""
    topic, first, second = await kafka.topic(), await kafka.producer("a"), await kafka.producer("b")
    for producer in (first, second):
        await producer.begin_transaction()
    await sent(first, topic, b"1")
    await sent(second, topic, b"2")
    await second.commit_transaction()
    await first.commit_transaction()

    assert [b"1", b"2"] == await read(await reader(kafka, topic), 2)


@on_both
async def test_a_reader_knows_where_an_open_transaction_begins(kafka: Bench) -> None:
    """After a fetch, also of nothing: the expirer looks there."""
    topic, producer = await kafka.topic(), await kafka.producer("a")
    place, consumer = TopicPartition(topic, 0), await reader(kafka, topic)
    await sent(await kafka.producer(), topic, b"0")
    await producer.begin_transaction()
    await sent(producer, topic, b"open")
    assert [b"0"] == await read(consumer, 1)

    await until_true(lambda: consumer.last_stable_offset(place) == 1 and consumer.highwater(place) == 2)
