"""What claims about transactions do with records.

Out: `sent`, `read`, `reader`, `ends`; `REFUSED`, how a fenced producer refuses.
"""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError, ProducerFenced

from tests.contract.clients.kafka_bench import PATIENCE_S, Bench

REFUSED = (ProducerFenced, IllegalOperation, KafkaError, AssertionError)
"""How a fenced producer refuses, depending on the moment."""


async def sent(producer: AIOKafkaProducer, topic: str, *values: bytes) -> list[Any]:
    """Records in partition 0, acknowledged."""
    return [await producer.send_and_wait(topic, value, partition=0) for value in values]


async def read(consumer: AIOKafkaConsumer, count: int) -> list[bytes]:
    """The next records' values."""
    found: list[bytes] = []
    async with asyncio.timeout(PATIENCE_S):
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
