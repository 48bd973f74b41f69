"""Probes of what the work itself does not ask: whether a part answers and has the topics, where the logs end.

In:       a probe of a part.
Out:      facts: the part is unavailable or available, so that an idle process knows too what is missing; the ends of
          the logs.
Promise:  the ends are current, also while batches are in hand: fetches contain them only until the prefetch is full.
          Ends only by cancellation.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Final, NoReturn

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from consumers.loop.retry import convert_stray_cancellation
from schemas.errors import BrokerUnavailable, CodeServiceError
from schemas.observation.fact import Observer
from schemas.observation.partitions import Ends, EndsRead, Part, PartAvailable, PartUnavailable

EVERY_S: Final = 2.0
"""Between two probes: one small request to each broker that leads a partition served here."""
ANSWER_TIMEOUT_S: Final = 10.0
"""A part that takes longer is unavailable."""


@asynccontextmanager
async def probed(probe: Callable[[], Awaitable[None]], part: Part, observer: Observer) -> AsyncIterator[None]:
    """Probe the part until the block is left."""
    task = asyncio.create_task(probe_repeatedly(probe, part, observer), name=f"probe {part}")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def probe_repeatedly(probe: Callable[[], Awaitable[None]], part: Part, observer: Observer) -> NoReturn:
    """Observe when a probe fails, and when one succeeds after that.

    Only a failure of its own ends in `PartAvailable`: the work may know better that a part does not serve it.
    """
    has_failed = False
    while True:
        try:
            await convert_stray_cancellation(probe())
        except CodeServiceError as why:
            observer.observe(PartUnavailable(part, why))
            has_failed = True
        else:
            if has_failed:
                observer.observe(PartAvailable(part))
            has_failed = False
        await asyncio.sleep(EVERY_S)


async def check_topics(topics: Collection[str], consumer: AIOKafkaConsumer) -> None:
    """Check that the broker has the topics, unless the consumer knows them all already.

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


async def read_ends(consumer: AIOKafkaConsumer, sources: Collection[TopicPartition], observer: Observer) -> None:
    """Read from the broker where the logs end, and observe it.

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
    """As of the last fetch, at least the last stable offset, which was read just now."""
    fetched = consumer.highwater(source) if source in consumer.assignment() else None
    return max(fetched or 0, last_stable)
