"""Clients of a scene: they send a load's requests, and read the results.

In:   a scene and a load.
Out:  requests on their topics; `Answers`: when each result was sent, and how many refused.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.load import Load, Record, records
from benchmarks.processes import check_alive
from benchmarks.scene import Scene
from schemas.topics import RESULTS, TopicSpec

SEND_SIZE: Final = 10_000
"""Requests that may be on their way at once."""
POLL_MS: Final = 1_000
SILENCE_POLLS_MAX: Final = 60
"""Polls without a new result after which a run has failed."""
REFUSED: Final = b'"outcome":"refused"'


@dataclass(frozen=True, slots=True)
class Answers:
    """The results of a load."""

    times_ms: Sequence[int]
    """When each was sent, in order; Unix time."""
    refused: int


async def send(scene: Scene, load: Load) -> None:
    """Send all requests of a load, as fast as Kafka takes them."""
    producer = AIOKafkaProducer(bootstrap_servers=scene.servers, linger_ms=5)
    await producer.start()
    rest = records(load)
    while part := list(islice(rest, SEND_SIZE)):
        await asyncio.gather(*[await hand_over(producer, scene, record) for record in part])
    await producer.stop()


async def hand_over(producer: AIOKafkaProducer, scene: Scene, record: Record) -> asyncio.Future[Any]:
    """One request to the client; its result will have the same key."""
    topic, key = scene.topics.prefix + record.topic, record.request_id.encode()
    future: asyncio.Future[Any] = await producer.send(topic, value=record.value, key=key, partition=record.partition)
    return future


@asynccontextmanager
async def results(scene: Scene) -> AsyncIterator[AIOKafkaConsumer]:
    """A reader of the results from now on."""
    consumer = AIOKafkaConsumer(bootstrap_servers=scene.servers, isolation_level="read_committed")
    await consumer.start()
    try:
        await at_end(consumer, scene, RESULTS)
        yield consumer
    finally:
        await consumer.stop()


async def at_end(consumer: AIOKafkaConsumer, scene: Scene, topic: TopicSpec) -> None:
    """Assign all partitions of a topic, at their ends."""
    partitions = [TopicPartition(scene.topics.full(topic), number) for number in range(scene.partitions(topic))]
    consumer.assign(partitions)
    await consumer.seek_to_end(*partitions)
    for partition in partitions:  # fixes the position: until then it could move with the end
        await consumer.position(partition)


async def answers(consumer: AIOKafkaConsumer, count: int, processes: Sequence[asyncio.subprocess.Process]) -> Answers:
    """All results of a load.

    Raises:
        TimeoutError: no new result came.
        RuntimeError: a process ended.
    """
    times: list[int] = []
    refused = silent = 0
    while len(times) < count:
        check_alive(processes)
        polled = await consumer.getmany(timeout_ms=POLL_MS)
        silent = 0 if polled else silent + 1
        if silent > SILENCE_POLLS_MAX:
            raise TimeoutError(f"{len(times)} of {count} results, and no more")
        found = [record for records_ in polled.values() for record in records_]
        times += [record.timestamp for record in found]
        refused += sum(REFUSED in record.value for record in found)
    return Answers(sorted(times), refused)
