"""A straightforward consumer: a message, an update, a result, a commit, one after the other (`stock_list.py`).

In:   `python -m benchmarks.systems.per_message`, settings from the environment as the worker's.
Out:  one result per reserve request, until it is killed.
"""

import asyncio
from typing import Final

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.systems.stock_list import StockList
from ops.settings.load import Settings, load_settings
from schemas.topics import RESERVE, RESULTS, Topics

GROUP: Final = "per-message"


async def serve(settings: Settings) -> None:
    """Serve until killed."""
    stock = StockList(settings)
    await stock.read()
    topics = Topics(settings.topics.prefix)
    consumer = AIOKafkaConsumer(
        topics.full(RESERVE),
        bootstrap_servers=settings.kafka.bootstrap_servers,
        group_id=settings.kafka.group_prefix + GROUP,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap_servers)
    await producer.start()
    await consumer.start()
    async for record in consumer:
        value = await stock.reserve(orjson.loads(record.value or b"{}"))
        await producer.send_and_wait(topics.full(RESULTS), value=value, key=record.key)
        await consumer.commit()


if __name__ == "__main__":
    asyncio.run(serve(load_settings()))
