"""What exactly-once rests on: transactions, and what a `read_committed` reader is shown."""

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    IllegalOperation,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    UnknownTopicOrPartitionError,
)

from tests.contract.clients.kafka_bench import Bench, on_both, until, until_true
from tests.contract.clients.kafka_records import ends, read, reader, sent


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
