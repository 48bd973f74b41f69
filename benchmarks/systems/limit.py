"""The limit of the worker: the same kind of statements and transactions on bytes that were prepared before.

In:   `python -m benchmarks.systems.limit LOAD FREE SKIP`: the load as JSON, the number of codes of the campaign, and
      how many of them former runs have taken; settings from the environment as the worker's.
Out:  MongoDB's and Kafka's transactions of each batch, as of a worker. Nothing is decoded, read, decided or encoded.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.load import TOPICS, Kind, Load
from benchmarks.reference.fill import in_draw_order
from benchmarks.reference.model import Client, connect, reference
from benchmarks.reference.ready import Partition, Ready, ready_of
from benchmarks.reference.statements import Batch, send, write
from ops.settings.load import Settings, load_settings
from schemas.topics import Topics

GROUP: Final = "limit"
POLL_MS: Final = 60_000
KINDS: Final = {topic: kind for kind, topic in TOPICS.items()}
BATCH_BYTES_MAX: Final = 256 * 1024
"""As the service's producers have it."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all partitions of the process use."""

    settings: Settings
    client: Client
    consumer: AIOKafkaConsumer
    turns: asyncio.Semaphore
    campaign_id: str

    @property
    def group(self) -> str:
        """The consumer group."""
        return self.settings.kafka.group_prefix + GROUP

    @property
    def topics(self) -> Topics:
        """The scene's topics."""
        return Topics(self.settings.topics.prefix)


async def serve(settings: Settings, load: Load, free: Sequence[str]) -> None:
    """Serve the whole load."""
    prepared = ready_of(load, free)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka.bootstrap_servers,
        group_id=settings.kafka.group_prefix + GROUP,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    client = connect(settings)
    turns = asyncio.Semaphore(settings.mongo.transactions_max)
    shared = Shared(settings, client, consumer, turns, load.campaigns[0])
    await consumer.start()
    try:
        consumer.assign([source_of(shared, place) for place in prepared])
        await asyncio.gather(*(serve_partition(shared, place, items) for place, items in prepared.items()))
    finally:
        await consumer.stop()
        client.close()


def source_of(shared: Shared, place: Partition) -> TopicPartition:
    """An input partition by its full name."""
    return TopicPartition(shared.topics.prefix + place[0], place[1])


async def serve_partition(shared: Shared, place: Partition, items: Sequence[Ready]) -> None:
    """All records of one partition, batch by batch."""
    source, shard = source_of(shared, place), f"{place[0]}.{place[1]}"
    producer = AIOKafkaProducer(
        bootstrap_servers=shared.settings.kafka.bootstrap_servers,
        transactional_id=f"{shared.group}.{shard}",
        max_batch_size=BATCH_BYTES_MAX,
    )
    await producer.start()
    done, version = 0, 1
    async with await shared.client.start_session() as session:
        while done < len(items):
            polled = await shared.consumer.getmany(
                source, timeout_ms=POLL_MS, max_records=shared.settings.worker.batch_size_max
            )
            records = polled[source]
            part = items[done : done + len(records)]
            batch = Batch(KINDS[place[0]], shared.campaign_id, shard, version, part)
            if batch.new:
                async with shared.turns:
                    await write(reference(shared.client, shared.settings), batch, session)
                version += 1
            await send(producer, batch, shared.topics, source, records[-1].offset + 1, shared.group)
            done += len(records)
    await producer.stop()


def load_of(text: str) -> Load:
    """A load from its JSON."""
    fields = orjson.loads(text)
    return Load(**{**fields, "kind": Kind(fields["kind"]), "campaigns": tuple(fields["campaigns"])})


def main(load: Load, stock: int, skip: int) -> None:
    """Run until everything is served."""
    free = in_draw_order(load.campaigns[0], stock)[skip:]
    asyncio.run(serve(load_settings(), load, free))


if __name__ == "__main__":
    main(load_of(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
