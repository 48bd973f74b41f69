"""A batch's outputs and the offsets of what caused them, together: the two ways to do that.

In:       records to send, and the next offset to read.
Out:      `TransactionalEmitter` (exactly_once): one Kafka transaction; a read_committed reader sees all or nothing.
          `AcknowledgedEmitter` (at_least_once): all acknowledged, then the offset is committed.
Promise:  an offset never moves before its outputs are safe.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalOperation,
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    ProducerFenced,
)

from schemas.errors import AbortReason, EmitFailed, PartitionFenced
from schemas.records import OutgoingRecord

REQUEST_BYTES_MAX: Final = 10 * 1024 * 1024
"""A dead letter of the largest record the broker takes must fit, with its headers."""
BATCH_BYTES_MAX: Final = 256 * 1024
"""Of one partition's records in one request."""


OnAbort = Callable[[AbortReason], None]
"""Told once for each transaction that ends without effect."""


class Emitter(Protocol):
    """Who sends a partition's outputs."""

    async def emit(self, records: Sequence[OutgoingRecord], next_offset: int | None) -> None:
        """Send all, then (or with it) commit `next_offset`; None commits no offset.

        Raises:
            PartitionFenced: another process owns the partition now. Nothing is visible.
            EmitFailed: Kafka did not take it. The emitter is of no more use: the partition opens another one and
                starts again from its committed offset.
        """


class TransactionalEmitter:
    """One input partition's transactional producer; its id fences a former owner of the partition."""

    def __init__(self, producer: AIOKafkaProducer, source: TopicPartition, group: str, on_abort: OnAbort) -> None:
        self._producer = producer
        self._source = source
        self._group = group
        self._on_abort = on_abort

    async def emit(self, records: Sequence[OutgoingRecord], next_offset: int | None) -> None:
        """See `Emitter.emit`."""
        try:
            async with self._producer.transaction():
                await send_all(self._producer, records)
                if next_offset is not None:
                    await self._producer.send_offsets_to_transaction({self._source: next_offset}, self._group)
        except (ProducerFenced, IllegalOperation) as why:
            self._on_abort("fenced")
            raise PartitionFenced("a newer producer has this partition's transactional id") from why
        except asyncio.CancelledError:
            self._on_abort("cancelled")
            raise
        except KafkaError as why:
            self._on_abort("failed")
            raise EmitFailed(f"transaction failed: {type(why).__name__}") from why


class AcknowledgedEmitter:
    """One input partition's idempotent producer, and the consumer's own commit."""

    def __init__(self, producer: AIOKafkaProducer, source: TopicPartition, consumer: AIOKafkaConsumer) -> None:
        self._producer = producer
        self._source = source
        self._consumer = consumer

    async def emit(self, records: Sequence[OutgoingRecord], next_offset: int | None) -> None:
        """See `Emitter.emit`."""
        try:
            await send_all(self._producer, records)
            if next_offset is not None:
                await self._consumer.commit({self._source: next_offset})
        except (CommitFailedError, IllegalStateError) as why:
            raise PartitionFenced("the group gave this partition to another process") from why
        except KafkaError as why:
            raise EmitFailed(f"produce or commit failed: {type(why).__name__}") from why


async def send_all(producer: AIOKafkaProducer, records: Sequence[OutgoingRecord]) -> None:
    """Send all records and wait until the broker has them.

    Raises:
        KafkaError: the first record that failed.
        IllegalOperation: the transaction ended while records were handed over, and none of them says why.
    """
    sent: list[asyncio.Future[Any]] = []
    try:
        for record in records:
            sent.append(await hand_over(producer, record))  # noqa: PERF401  # those before a failure say why it failed
    except IllegalOperation as ended:
        raise failure_of(sent) or ended from None
    await asyncio.gather(*sent)


async def hand_over(producer: AIOKafkaProducer, record: OutgoingRecord) -> asyncio.Future[Any]:
    """Give a record to the producer; the future tells when the broker has it."""
    if record.key is None and record.value is None:
        return await hand_over_headers(producer, record)
    future: asyncio.Future[Any] = await producer.send(
        record.topic,
        value=record.value,
        key=record.key,
        partition=record.partition,
        headers=list(record.headers),
    )
    return future


async def hand_over_headers(producer: AIOKafkaProducer, record: OutgoingRecord) -> asyncio.Future[Any]:
    """The same for a record with neither key nor value: Kafka takes one, aiokafka's `send` does not."""
    batch = producer.create_batch()
    batch.append(timestamp=None, key=None, value=None, headers=list(record.headers))
    batch.close()
    future: asyncio.Future[Any] = await producer.send_batch(batch, record.topic, partition=record.partition)
    return future


def failure_of(sent: Sequence[asyncio.Future[Any]]) -> BaseException | None:
    """Why a transaction took no more records: the first error among those it took. All are looked at in the end."""
    for future in sent:
        future.add_done_callback(asyncio.Future.exception)
    failures = (future.exception() for future in sent if future.done())
    return next((why for why in failures if why is not None), None)


@asynccontextmanager
async def transactional_producer(
    options: Mapping[str, Any], transactional_id: str, timeout_ms: int
) -> AsyncIterator[AIOKafkaProducer]:
    """A producer whose start fences every other one with this id, and ends their open transactions."""
    producer = AIOKafkaProducer(
        **options,
        transactional_id=transactional_id,
        transaction_timeout_ms=timeout_ms,
        max_request_size=REQUEST_BYTES_MAX,
        max_batch_size=BATCH_BYTES_MAX,
    )
    async with running(producer):
        yield producer


@asynccontextmanager
async def idempotent_producer(options: Mapping[str, Any]) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that repeats what got lost on the way, without doubling it."""
    producer = AIOKafkaProducer(
        **options,
        enable_idempotence=True,
        max_request_size=REQUEST_BYTES_MAX,
        max_batch_size=BATCH_BYTES_MAX,
    )
    async with running(producer):
        yield producer


@asynccontextmanager
async def running(producer: AIOKafkaProducer) -> AsyncIterator[None]:
    """Start it and, whatever happens, stop it: its background tasks end no other way.

    Raises:
        KafkaConnectionError: the cluster is not there, or has just come back and knows of no broker yet.
    """
    try:
        try:
            await producer.start()
        except AssertionError as why:  # aiokafka is sure that the cluster's first answer names a broker
            raise KafkaConnectionError("Kafka names no broker yet") from why
        yield
    finally:
        await producer.stop()
