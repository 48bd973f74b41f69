"""A bare transactional echo: what Kafka's transactions alone cost in latency.

In:   `python -m benchmarks.systems.echo`, settings from the environment as the worker's.
Out:  each reserve request, sent back as a result in one transaction per poll, with its offset; until it is killed.
"""

import asyncio
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from ops.settings.load import Settings, load_settings
from schemas.topics import RESERVE, RESULTS, Topics

GROUP: Final = "echo"
POLL_MS: Final = 60_000


async def serve(settings: Settings) -> None:
    """A task and a producer for each partition, as the worker has."""
    topics = Topics(settings.topics.prefix)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka.bootstrap_servers,
        group_id=settings.kafka.group_prefix + GROUP,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    await consumer.start()
    topic = topics.full(RESERVE)
    count = settings.topics.partitions.get(RESERVE.name, RESERVE.partitions)
    sources = [TopicPartition(topic, number) for number in range(count)]
    consumer.assign(sources)
    await asyncio.gather(*(serve_partition(settings, consumer, source) for source in sources))


async def serve_partition(settings: Settings, consumer: AIOKafkaConsumer, source: TopicPartition) -> None:
    """Poll, send, commit."""
    results = Topics(settings.topics.prefix).full(RESULTS)
    group = settings.kafka.group_prefix + GROUP
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka.bootstrap_servers, transactional_id=f"{group}.{source.partition}"
    )
    await producer.start()
    while True:
        records = (await consumer.getmany(source, timeout_ms=POLL_MS)).get(source, [])
        if not records:
            continue
        async with producer.transaction():
            sent = [await producer.send(results, value=record.value, key=record.key) for record in records]
            await asyncio.gather(*sent)
            await producer.send_offsets_to_transaction({source: records[-1].offset + 1}, group)


if __name__ == "__main__":
    asyncio.run(serve(load_settings()))
