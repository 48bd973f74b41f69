"""Asking what the work itself does not ask: whether a part answers and has the topics, where the logs end.

In:       a question to a part.
Out:      `waits_for` and `answered`, so that an idle process knows too what is missing; `heard`, the ends of logs.
Promise:  the ends are those of now, also while batches are in hand: fetches tell of them only until what is read
          ahead is full. Ends only by cancellation.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Final, NoReturn

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from consumers.loop.retry import seen_through
from schemas.errors import BrokerUnavailable, CodeServiceError
from schemas.observation.fact import Observer
from schemas.observation.partitions import Ends, EndsRead, Part, PartAvailable, PartUnavailable

EVERY_S: Final = 2.0
"""Between two questions: one small request to each broker that leads a partition served here."""
ANSWER_TIMEOUT_S: Final = 10.0
"""A part that takes longer is away."""


@asynccontextmanager
async def watched(ask: Callable[[], Awaitable[None]], part: Part, observer: Observer) -> AsyncIterator[None]:
    """Watch until the block is left."""
    task = asyncio.create_task(watch(ask, part, observer), name=f"watch {part}")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def watch(ask: Callable[[], Awaitable[None]], part: Part, observer: Observer) -> NoReturn:
    """Ask again and again; tell when the part falls silent, and when it answers after that.

    It says `answered` only for a silence of its own: work may know better that a part does not serve it.
    """
    silent = False
    while True:
        try:
            await seen_through(ask())
        except CodeServiceError as why:
            observer.observe(PartUnavailable(part, why))
            silent = True
        else:
            if silent:
                observer.observe(PartAvailable(part))
            silent = False
        await asyncio.sleep(EVERY_S)


async def look_for(topics: Collection[str], consumer: AIOKafkaConsumer) -> None:
    """Ask the broker for the topics, unless the consumer knows them all already.

    Raises:
        BrokerUnavailable: it lacks some of them, or gives no answer in time.
    """
    if all(consumer.partitions_for_topic(topic) for topic in topics):
        return
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            missing = sorted(set(topics) - await consumer.topics())
    except (KafkaError, TimeoutError) as why:
        raise BrokerUnavailable(f"Kafka: {type(why).__name__}") from None
    if missing:
        raise BrokerUnavailable(f"Kafka: no topic {', '.join(missing)}: run `codes migrate`")


async def hear_ends(consumer: AIOKafkaConsumer, sources: Collection[TopicPartition], observer: Observer) -> None:
    """Ask the broker where the logs end, and tell it.

    Raises:
        BrokerUnavailable: no answer in time.
    """
    if not sources:
        return
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            stable = await consumer.end_offsets(list(sources))
    except (KafkaError, TimeoutError) as why:
        raise BrokerUnavailable(f"Kafka: {type(why).__name__}") from None
    observer.observe(
        EndsRead(
            {
                (source.topic, source.partition): Ends(end, high_watermark(consumer, source, end))
                for source, end in stable.items()
            }
        )
    )


def high_watermark(consumer: AIOKafkaConsumer, source: TopicPartition, last_stable: int) -> int:
    """As the last fetch told it, at least the last stable offset, which is asked for anew."""
    fetched = consumer.highwater(source) if source in consumer.assignment() else None
    return max(fetched or 0, last_stable)
