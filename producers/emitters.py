"""A batch's outputs and the offsets of what caused them, together: the two ways to do that.

In:       records to send, and the next offset to read.
Out:      `TransactionalEmitter` (exactly_once): one Kafka transaction; a read_committed reader sees all or nothing.
          `AcknowledgedEmitter` (at_least_once): all acknowledged, then the offset is committed.
Promise:  an offset never moves before its outputs are safe.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
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

from producers.sending import Unsent, deliver
from producers.stopping import stopped
from schemas.errors import AbortReason, EmitFailed, PartitionFenced
from schemas.records import OutgoingRecord

REQUEST_BYTES_MAX: Final = 10 * 1024 * 1024
"""A dead letter of the largest record the broker takes must fit, with its headers."""
BATCH_BYTES_MAX: Final = 256 * 1024
"""Of one partition's records in one request."""
EMIT_PATIENCE_S: Final = 15.0
"""A batch whose records make no progress for so long is given up: one topic that takes nothing (it was deleted, its
leader is gone) would otherwise hold up its partition for as long as the client repeats, which is for ever."""
PATIENCES_PER_TRANSACTION: Final = 4
"""A transaction must be given up well before the broker ends it."""
ABORT_TIMEOUT_S: Final = 2.0
"""For an abort that frees readers at once; without it the next producer of this id aborts the transaction."""

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

    def __init__(
        self,
        producer: AIOKafkaProducer,
        source: TopicPartition,
        group: str,
        on_abort: OnAbort,
        patience_s: float = EMIT_PATIENCE_S,
    ) -> None:
        self._producer = producer
        self._source = source
        self._group = group
        self._on_abort = on_abort
        self._patience_s = patience_s

    async def emit(self, records: Sequence[OutgoingRecord], next_offset: int | None) -> None:
        """See `Emitter.emit`."""
        try:
            await self._transact(records, next_offset)
        except (ProducerFenced, IllegalOperation) as why:
            self._on_abort("fenced")
            raise PartitionFenced("a newer producer has this partition's transactional id") from why
        except asyncio.CancelledError:
            self._on_abort("cancelled")
            raise
        except (KafkaError, TimeoutError) as why:
            self._on_abort("failed")
            raise emit_failed("transaction failed", why) from why

    async def _transact(self, records: Sequence[OutgoingRecord], next_offset: int | None) -> None:
        """Whatever is raised: this producer commits nothing any more, and the next one with its id ends what is open.

        A commit whose answer did not come in time may have happened. The next producer waits for its end before the
        partition reads where to go on.
        """
        await self._producer.begin_transaction()
        try:
            # Records and offset in one transaction: committed apart, a crash between the two would lose results, or
            # send them twice.
            await deliver(self._producer, records, self._patience_s)
            async with asyncio.timeout(self._patience_s):
                if next_offset is not None:
                    await self._producer.send_offsets_to_transaction({self._source: next_offset}, self._group)
                await self._producer.commit_transaction()
        except BaseException:
            # Without an abort, `read_committed` readers wait here until the broker ends the transaction.
            await aborted(self._producer)
            raise


class AcknowledgedEmitter:
    """One input partition's idempotent producer, and the consumer's own commit."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        source: TopicPartition,
        consumer: AIOKafkaConsumer,
        patience_s: float = EMIT_PATIENCE_S,
    ) -> None:
        self._producer = producer
        self._source = source
        self._consumer = consumer
        self._patience_s = patience_s

    async def emit(self, records: Sequence[OutgoingRecord], next_offset: int | None) -> None:
        """See `Emitter.emit`."""
        try:
            # In this order: an offset that is committed before its outputs are safe loses them in a crash.
            await deliver(self._producer, records, self._patience_s)
            if next_offset is not None:
                async with asyncio.timeout(self._patience_s):
                    await self._consumer.commit({self._source: next_offset})
        except (CommitFailedError, IllegalStateError) as why:
            raise PartitionFenced("the group gave this partition to another process") from why
        except (KafkaError, TimeoutError) as why:
            raise emit_failed("produce or commit failed", why) from why


def patience_s(transaction_timeout_ms: int) -> float:
    """How long a batch may make no progress."""
    return min(EMIT_PATIENCE_S, transaction_timeout_ms / 1000 / PATIENCES_PER_TRANSACTION)


def emit_failed(what: str, why: Exception) -> EmitFailed:
    """In our words; with the topics that are known to be at fault."""
    topics = why.topics if isinstance(why, Unsent) else frozenset()
    return EmitFailed(f"{what}: {why if isinstance(why, Unsent) else type(why).__name__}", topics)


async def aborted(producer: AIOKafkaProducer) -> None:
    """Abort the transaction if that can be done soon. Records that no broker takes would keep it waiting for ever."""
    with suppress(KafkaError, TimeoutError, AssertionError):  # its state machine asserts: a commit is under way
        async with asyncio.timeout(ABORT_TIMEOUT_S):
            if not producer._txn_manager.is_fatal_error():  # noqa: SLF001  # as its own context manager looks there
                await producer.abort_transaction()


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
        await stopped(producer)
