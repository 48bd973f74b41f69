"""The baseline of `reserve`: a straightforward consumer that handles one message per round trip.

It does less than the worker, to its own advantage: it finds a code in a list read beforehand, writes the holder into
the code's own document with one guarded update by `_id`, sends the result, waits for it, commits, and goes on. No
reservation, no ledger, no counts, no transaction.

Run as a process: `python -m benchmarks.per_message`, settings from the environment as the worker's.
"""

import asyncio
from datetime import UTC, datetime
from typing import Final

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from ops.settings.load import Settings, load_settings
from schemas.topics import RESERVE, RESULTS, Topics
from stores.mongo.collections import Collection
from stores.mongo.connection import connect, database

GROUP: Final = "per-message"


async def serve(settings: Settings) -> None:
    """Serve until killed."""
    client = connect(settings.mongo)
    codes: Collection = database(client, settings.mongo)["codes"]
    free = [found["_id"] async for found in codes.find({"status": "available"}, {"_id": 1})]
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
        value = await reserve(codes, free, record)
        await producer.send_and_wait(topics.full(RESULTS), value=value, key=record.key)
        await consumer.commit()


async def reserve(codes: Collection, free: list[str], record: "ConsumerRecord[bytes, bytes]") -> bytes:
    """Take the next available code for this fan."""
    asked = orjson.loads(record.value or b"{}")
    while free:
        code_id = free.pop()
        holder = {"status": "reserved", "fan_id": asked["fan_id"], "request_id": asked["request_id"]}
        changed_at = datetime.now(UTC)
        taken = await codes.update_one(
            {"_id": code_id, "status": "available"}, {"$set": {**holder, "changed_at": changed_at}}
        )
        if taken.matched_count:
            return orjson.dumps({**asked, "outcome": "reserved", "code_ids": [code_id], "decided_at": changed_at})
    return orjson.dumps({**asked, "outcome": "refused", "reason": "out_of_stock"})


if __name__ == "__main__":
    asyncio.run(serve(load_settings()))
