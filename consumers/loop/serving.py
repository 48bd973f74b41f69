"""What every role that reads Kafka is made of: a consumer, emitters by the processing guarantee, a group member.

In:   a group, topics, and what to do with a partition's records.
Out:  `serve_topics`, which serves until it is stopped, and leaves no task and no connection behind.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.loop import aiokafka_patch as lenient
from consumers.loop.group import GroupMember, OpenPartition, consumer_options, started_consumer
from consumers.loop.memory_budget import BUDGET
from consumers.loop.partition import LoopLimits, OpenEmitter
from consumers.loop.prefetch import Stopped, unless_stopped
from consumers.loop.retry import RetryPolicy
from consumers.loop.stopping import stop_consumer
from consumers.loop.tracing import UNTRACED, Tracer
from producers.emitters import (
    AcknowledgedEmitter,
    Emitter,
    TransactionalEmitter,
    idempotent_producer,
    patience_s,
    transactional_producer,
)
from schemas.errors import AbortReason
from schemas.observation.fact import Observer
from schemas.observation.partitions import Part
from schemas.observation.requests import TransactionAborted
from schemas.settings import KafkaSettings, ProcessingGuarantee, WorkerSettings


@dataclass(frozen=True, slots=True)
class KafkaSide:
    """How a role is connected to Kafka, and how it behaves there."""

    connection: Mapping[str, Any]
    """The client's options: servers and security."""
    settings: KafkaSettings
    guarantee: ProcessingGuarantee
    limits: WorkerSettings
    observer: Observer
    tracer: Tracer = UNTRACED

    @property
    def backoff_max_s(self) -> float:
        """Longest wait between two tries, seconds."""
        return self.limits.backoff_max_ms / 1000

    def retries(self, part: Part) -> RetryPolicy:
        """How whatever one part is asked is retried."""
        return RetryPolicy(part, self.observer, self.backoff_max_s)

    def loop_limits(self, batch_size_max: int) -> LoopLimits:
        """The limits of a partition's loop with this batch size."""
        return LoopLimits(
            batch_size_max=batch_size_max,
            fenced_wait_s=self.settings.session_timeout_ms / 1000,
            backoff_max_s=self.backoff_max_s,
            stop_budget_s=self.limits.stop_budget_s,
        )


async def serve_topics(
    side: KafkaSide,
    group: str,
    topics: Sequence[str],
    open_partition: OpenPartition,
    stopping: asyncio.Event,
    *,
    batch_size_max: int,
) -> None:
    """Be a member of `group` until `stopping` is set. `topics` are full names.

    Raises:
        ExceptionGroup: what ended a partition's task, unforeseen.
    """
    limits = side.loop_limits(batch_size_max)
    BUDGET.is_limited = True
    async with AsyncExitStack() as opened:
        try:
            consumer = await unless_stopped(opened.enter_async_context(open_consumer(side, group)), stopping)
        except Stopped:
            return
        open_emitter = emitter_opener(side, group, consumer)
        member = GroupMember(consumer, topics, open_partition, open_emitter, limits, side.observer)
        await member.run(stopping)


@asynccontextmanager
async def open_consumer(side: KafkaSide, group: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A started consumer, stopped at the end."""
    lenient.install()
    options = {**side.connection, **consumer_options(side.settings, group)}
    consumer = await started_consumer(options, side.retries("kafka"))
    try:
        yield consumer
    finally:
        await stop_consumer(consumer)


def emitter_opener(side: KafkaSide, group: str, consumer: AIOKafkaConsumer) -> OpenEmitter:
    """How a partition opens its emitter: with a producer of its own.

    One producer for all partitions would break both promises. A transactional id is one input partition's, or its new
    owner could not fence the former one alone. And a producer that failed once has lost count of its sequence numbers
    and fails for ever: the partition that opens another must not have to wait for all others to let go of it.
    """
    patience = patience_s(side.settings.transaction_timeout_ms)

    @asynccontextmanager
    async def transactional(source: TopicPartition) -> AsyncIterator[Emitter]:
        transactional_id = f"{group}.{source.topic}.{source.partition}"
        timeout_ms = side.settings.transaction_timeout_ms
        async with transactional_producer(side.connection, transactional_id, timeout_ms) as producer:

            def on_abort(reason: AbortReason) -> None:
                side.observer.observe(TransactionAborted(source.topic, reason))

            yield TransactionalEmitter(producer, source, group, on_abort, patience)

    @asynccontextmanager
    async def acknowledged(source: TopicPartition) -> AsyncIterator[Emitter]:
        async with idempotent_producer(side.connection) as producer:
            yield AcknowledgedEmitter(producer, source, consumer, patience)

    return transactional if side.guarantee == "exactly_once" else acknowledged
