"""Whether the broker ends every transaction, whatever happens to it meanwhile: KAFKA-20734.

Kafka 4.3.0 and 4.3.1 take a partition whose leader is not known at the moment for a deleted one, and never write the
end of a transaction there. What was aborted is then committed by the next transaction of the same id.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from tests.integration.own_broker import SESSION_S, OwnBroker, own_broker

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(600)]

TOPIC: Final = "answers"
PARTITIONS: Final = 8
IDS: Final = 60
FROZEN_S: Final = 3 * SESSION_S
START_TIMEOUT_S: Final = 120.0
READ_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 5.0


async def test_what_was_aborted_while_the_broker_was_silent_is_never_seen(tmp_path: Path) -> None:
    """Many transactions are to be aborted, and their values are sent again under the same transactional ids."""
    async with own_broker(tmp_path / "broker") as broker:
        await make_topic(broker)
        firsts = [await started(broker, number) for number in range(IDS)]
        for number, first in enumerate(firsts):
            await first.begin_transaction()
            await send_all_of(first, number)
        async with broker.frozen():
            aborts = [asyncio.create_task(first.abort_transaction()) for first in firsts]
            await asyncio.sleep(FROZEN_S)  # what is tested is this silence
        await asyncio.gather(*aborts, return_exceptions=True)
        await asyncio.gather(*(send_again(broker, number) for number in range(IDS)))
        seen = await committed_values(broker)
        await asyncio.gather(*(stopped(first) for first in firsts))

    assert dict.fromkeys(all_values(), 1) == seen


def all_values() -> Iterator[bytes]:
    """One of each id for each partition."""
    return (value_of(number, partition) for number in range(IDS) for partition in range(PARTITIONS))


def value_of(number: int, partition: int) -> bytes:
    return f"{number}/{partition}".encode()


async def make_topic(broker: OwnBroker) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.settings.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])
    await admin.close()


async def started(broker: OwnBroker, number: int) -> AIOKafkaProducer:
    """A producer with one of the ids, however long the broker takes to recover."""
    async with asyncio.timeout(START_TIMEOUT_S):
        while True:
            servers = broker.settings.bootstrap_servers
            producer = AIOKafkaProducer(bootstrap_servers=servers, transactional_id=f"id-{number}")
            try:
                await producer.start()
            except (KafkaError, AssertionError):  # aiokafka is sure that a cluster names a broker
                await producer.stop()
                await asyncio.sleep(0.2)
            else:
                return producer


async def send_all_of(producer: AIOKafkaProducer, number: int) -> None:
    """Its values, one to each partition, inside a transaction."""
    sent = [
        await producer.send(TOPIC, value=value_of(number, partition), partition=partition)
        for partition in range(PARTITIONS)
    ]
    await asyncio.gather(*sent)


async def send_again(broker: OwnBroker, number: int) -> None:
    """As a worker does that takes a partition over: a new producer with the id, the same outputs, a commit."""
    producer = await started(broker, number)
    try:
        async with producer.transaction():
            await send_all_of(producer, number)
    finally:
        await producer.stop()


async def stopped(producer: AIOKafkaProducer) -> None:
    """A fenced producer may not end by itself."""
    with suppress(KafkaError, TimeoutError):
        await asyncio.wait_for(producer.stop(), STOP_TIMEOUT_S)


async def committed_values(broker: OwnBroker) -> Mapping[bytes, int]:
    """How often each is seen, up to the end of each partition; a transaction without its end hides what follows."""
    seen: Counter[bytes] = Counter()
    reader = AIOKafkaConsumer(
        bootstrap_servers=broker.settings.bootstrap_servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await reader.start()
    try:
        partitions = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
        reader.assign(partitions)
        with suppress(TimeoutError):
            async with asyncio.timeout(READ_TIMEOUT_S):
                while not seen.total() or not await is_at_the_end(reader, partitions):
                    for records in (await reader.getmany(timeout_ms=500)).values():
                        seen.update(record.value for record in records)
    finally:
        await reader.stop()
    return seen


async def is_at_the_end(reader: AIOKafkaConsumer, partitions: list[TopicPartition]) -> bool:
    """Whether all that was ever written to each partition is behind the reader."""
    ends = {partition: reader.highwater(partition) for partition in partitions}
    return all([ends[place] is not None and await reader.position(place) >= ends[place] for place in partitions])
