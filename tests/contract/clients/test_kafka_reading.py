"""What a reader relies on: positions, offsets by time, pauses, and the order of records."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.contract.clients.kafka_bench import Bench, on_both, until


async def filled(kafka: Bench, count: int = 3, **config: str) -> TopicPartition:
    """A partition with the records b"0", b"1", ..."""
    topic, producer = await kafka.topic(1, **config), await kafka.producer()
    for number in range(count):
        await producer.send_and_wait(topic, b"%d" % number, key=b"k", partition=0, headers=[("h", b"%d" % number)])
    return TopicPartition(topic, 0)


async def assigned(kafka: Bench, place: TopicPartition, **options: str) -> AIOKafkaConsumer:
    """A consumer without a group."""
    consumer = await kafka.consumer(**options)
    consumer.assign([place])
    return consumer


async def some(consumer: AIOKafkaConsumer, place: TopicPartition, count_max: int | None = None) -> list[bytes]:
    """The next values, as many as one fetch gives."""
    found: list[bytes] = []

    async def has_come() -> bool:
        for records in (await consumer.getmany(place, timeout_ms=100, max_records=count_max)).values():
            found.extend(record.value for record in records)
        return bool(found)

    await until(has_come)
    return found


@on_both
async def test_records_come_in_their_order_and_as_they_were_sent(kafka: Bench) -> None:
    """Key, value and headers, byte for byte."""
    place = await filled(kafka)
    consumer = await assigned(kafka, place)
    record = await consumer.getone(place)

    assert (0, b"k", b"0", (("h", b"0"),)) == (record.offset, record.key, record.value, record.headers)
    assert [b"1", b"2"] == await some(consumer, place)


@on_both
async def test_no_more_than_the_wanted_number_is_given_out(kafka: Bench) -> None:
    """The rest stays for the next call, and the position is behind what was given."""
    place = await filled(kafka, 5)
    consumer = await assigned(kafka, place)

    assert [b"0", b"1"] == await some(consumer, place, 2)
    assert 2 == await consumer.position(place)
    assert [b"2", b"3"] == await some(consumer, place, 2)
    assert [b"4"] == await some(consumer, place, 2)


@on_both
async def test_a_seek_goes_back_and_forth(kafka: Bench) -> None:
    """What was fetched before is not given out."""
    place = await filled(kafka, 5)
    consumer = await assigned(kafka, place)
    await some(consumer, place, 4)
    consumer.seek(place, 1)

    assert 1 == await consumer.position(place)
    assert [b"1"] == await some(consumer, place, 1)
    consumer.seek(place, 4)
    assert [b"4"] == await some(consumer, place)


@on_both
async def test_a_fetch_of_nothing_ends_after_its_time(kafka: Bench) -> None:
    """Not before, and with nothing."""
    place = await filled(kafka, 0)
    consumer = await assigned(kafka, place)
    began = asyncio.get_running_loop().time()

    assert {} == await consumer.getmany(place, timeout_ms=300)
    assert asyncio.get_running_loop().time() - began >= 0.29


@on_both
async def test_a_fetch_without_time_gives_what_is_there(kafka: Bench) -> None:
    """Nothing at first; later what has been fetched meanwhile."""
    place = await filled(kafka)
    consumer = await assigned(kafka, place)
    found: list[bytes] = []

    async def has_come() -> bool:
        for records in (await consumer.getmany(timeout_ms=0)).values():
            found.extend(record.value for record in records)
        return found == [b"0", b"1", b"2"]

    await until(has_come)


@on_both
async def test_a_paused_partition_gives_nothing(kafka: Bench) -> None:
    """Until it is resumed, at the same position."""
    place = await filled(kafka)
    consumer = await assigned(kafka, place)
    await some(consumer, place, 1)
    consumer.pause(place)

    assert {place} == consumer.paused()
    assert {} == await consumer.getmany(timeout_ms=300)
    consumer.resume(place)
    assert [b"1", b"2"] == await some(consumer, place)


@on_both
async def test_a_log_says_where_it_begins_and_ends(kafka: Bench) -> None:
    """Without an assignment, too."""
    place = await filled(kafka, 4)
    consumer = await kafka.consumer()

    assert {place: 0} == await consumer.beginning_offsets([place])
    assert {place: 4} == await consumer.end_offsets([place])


@on_both
async def test_offsets_are_found_by_time(kafka: Bench) -> None:
    """The first record that is not older; None if all are."""
    topic, producer = await kafka.topic(1), await kafka.producer()
    place = TopicPartition(topic, 0)
    for at_ms in (1_000, 2_000, 3_000):
        await producer.send_and_wait(topic, b"x", partition=0, timestamp_ms=at_ms)
    consumer = await kafka.consumer()

    async def found(at_ms: int) -> tuple[int, int] | None:
        at = (await consumer.offsets_for_times({place: at_ms}))[place]
        return None if at is None else (at.offset, at.timestamp)

    assert [(0, 1_000), (1, 2_000), (1, 2_000), None] == [await found(at) for at in (0, 1_500, 2_000, 3_001)]


@on_both
async def test_the_broker_stamps_records_where_the_topic_says_so(kafka: Bench) -> None:
    """Whatever the sender writes; the sender gets the same time."""
    topic, producer = await kafka.topic(1, message_timestamp_type="LogAppendTime"), await kafka.producer()
    place = TopicPartition(topic, 0)
    placed = [await producer.send_and_wait(topic, b"x", partition=0, timestamp_ms=1_000) for _ in range(2)]
    consumer = await assigned(kafka, place)
    read = [await consumer.getone(place) for _ in range(2)]

    assert [record.timestamp for record in read] == [metadata.timestamp for metadata in placed]
    assert [1, 1] == [record.timestamp_type for record in read]
    assert 1_000 < read[0].timestamp <= read[1].timestamp


@on_both
async def test_a_sender_gets_the_place_of_its_record(kafka: Bench) -> None:
    """The expirer remembers partition and offset of each request."""
    topic, producer = await kafka.topic(3), await kafka.producer()
    placed = [await producer.send_and_wait(topic, b"x", key=b"same") for _ in range(3)]

    assert 1 == len({metadata.partition for metadata in placed})
    assert [0, 1, 2] == [metadata.offset for metadata in placed]


@on_both
async def test_a_reader_from_the_latest_sees_only_what_comes(kafka: Bench) -> None:
    """`auto_offset_reset=latest`, without a committed offset."""
    place = await filled(kafka)
    consumer, producer = await assigned(kafka, place, auto_offset_reset="latest"), await kafka.producer()
    assert 3 == await consumer.position(place)
    await producer.send_and_wait(place.topic, b"new", partition=0)

    assert [b"new"] == await some(consumer, place)


@on_both
async def test_a_position_beyond_the_end_is_reset(kafka: Bench) -> None:
    """To the first record, as `auto_offset_reset` says."""
    place = await filled(kafka)
    consumer = await assigned(kafka, place)
    consumer.seek(place, 1_000)

    assert [b"0", b"1", b"2"] == await some(consumer, place)


@on_both
async def test_a_consumer_knows_topics_and_partitions(kafka: Bench) -> None:
    """Of a topic that it reads at once, of all when it asks."""
    place = await filled(kafka)
    consumer = await assigned(kafka, place)
    await some(consumer, place)

    assert {0} == consumer.partitions_for_topic(place.topic)
    assert place.topic in await consumer.topics()
    assert kafka.name("missing") not in await consumer.topics()


@on_both
async def test_a_record_without_key_and_value_can_be_sent_as_a_batch(kafka: Bench) -> None:
    """As a dead letter of an empty record; `send` refuses it."""
    topic, producer = await kafka.topic(1), await kafka.producer()
    batch = producer.create_batch()
    batch.append(timestamp=None, key=None, value=None, headers=[("dlq-reason", b"x")])
    batch.close()
    await (await producer.send_batch(batch, topic, partition=0))
    place = TopicPartition(topic, 0)
    record = await (await assigned(kafka, place)).getone(place)

    assert (None, None, (("dlq-reason", b"x"),)) == (record.key, record.value, record.headers)
    with pytest.raises(AssertionError):
        await producer.send(topic)
