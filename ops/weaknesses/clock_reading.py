"""Looks for records from the future, where brokers give records their timestamps.

In:       topics with `LogAppendTime`, and the leaders of their partitions.
Out:      `FutureRecord` for each partition that has one.
Promise:  nothing is written, and no record is read: the brokers look in their time indexes. A clock that is behind is
          not found, nor one that is ahead by less than the age of the newest record.

No request that a broker answers has its time, except for a record that is written.
"""

from collections.abc import Mapping
from datetime import timedelta
from time import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from ops.broker.client import client_options
from ops.weaknesses.clocks import FutureRecord
from schemas.settings import KafkaSettings

Leaders = Mapping[TopicPartition, int]


async def future_records(settings: KafkaSettings, leaders: Leaders) -> list[FutureRecord]:
    """The first record from the future of each partition.

    Raises:
        KafkaError: a broker gave no answer, or the user may not describe a topic.
    """
    if not leaders:
        return []
    consumer = AIOKafkaConsumer(**client_options(settings))
    try:
        await consumer.start()
        found = await consumer.offsets_for_times(dict.fromkeys(leaders, now_ms()))
        answered_ms = now_ms()
    finally:
        await consumer.stop()
    return [
        FutureRecord(leaders[partition], partition.topic, timedelta(milliseconds=record.timestamp - answered_ms))
        for partition, record in found.items()
        if record is not None and record.timestamp > answered_ms
    ]


def now_ms() -> int:
    """This machine's time."""
    return round(time() * 1000)
