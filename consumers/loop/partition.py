"""The loop of one partition: poll records and serve them, until it is stopped.

In:       records of one topic partition, in order.
Out:      the outputs of the partition's work, through its emitter.
Promise:  with `exactly_once`, every former owner is fenced in Kafka before the committed offset is read. After any
          failure of Kafka the partition starts again from the committed offset.

With `at_least_once` no producer is fenced: the group only refuses a former owner's offset commit, and a reader may
see twice what that owner had sent. With both guarantees, `take_over` kills the last owner's session in MongoDB, which
aborts its open transaction. If the server refuses the kill, its time-out ends the transaction (60 s by default).
Until then writes to the same documents conflict with it, and it may still commit; the ledger then has its outcomes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from consumers.loop.prefetch import Stopped, unless_stopped
from consumers.loop.retry import convert_stray_cancellation
from producers.emitters import Emitter
from schemas.errors import CodeServiceError, Dropped, EmitFailed, PartitionFenced, PartitionPaused
from schemas.observation.fact import Observer
from schemas.observation.partitions import (
    BatchTaken,
    LoopTurned,
    PartAvailable,
    PartitionFencedOff,
    PartitionHalted,
    PartUnavailable,
    PositionReached,
)
from schemas.records import IncomingRecord, UnreadableBatch

POLL_TIMEOUT_MS: Final = 250
"""Longest wait for records: the interval at which an idle loop reports a turn."""
PAUSED_TURN_S: Final = 1.0
"""Interval at which the loop of a paused partition reports a turn."""
RESTART_WAIT_S: Final = 0.5
"""Before a partition starts again; it doubles up to the longest wait of the settings."""
DOUBLINGS_MAX: Final = 20
"""Far beyond the longest wait that can be set, and far below what a float can hold."""

T = TypeVar("T")

OpenEmitter = Callable[[TopicPartition], AbstractAsyncContextManager[Emitter]]


class PartitionWork(Protocol):
    """What is done with a partition's records."""

    async def take_over(self) -> None:
        """Before the first records: end what a former owner left open. Retries while a part is unavailable."""

    async def serve(self, records: Sequence[IncomingRecord], emitter: Emitter, stopping: asyncio.Event) -> None:
        """Process records up to the commit of their offsets; long work ends early when `stopping` is set.

        Raises:
            PartitionPaused: the records behind its offset are not to be served.
        """


@dataclass(frozen=True, slots=True)
class LoopLimits:
    """How a partition's loop behaves."""

    batch_size_max: int
    fenced_wait_s: float
    """After being fenced: long enough for the group to revoke the partition, if it is going to."""
    backoff_max_s: float
    stop_budget_s: float
    """Seconds a running batch may take after revocation; then it is cancelled."""


class PartitionLoop:
    """Lives from a partition's assignment to its revocation."""

    def __init__(
        self,
        source: TopicPartition,
        consumer: AIOKafkaConsumer,
        work: PartitionWork,
        open_emitter: OpenEmitter,
        limits: LoopLimits,
        observer: Observer,
    ) -> None:
        self._source = source
        self._consumer = consumer
        self._work = work
        self._open_emitter = open_emitter
        self._limits = limits
        self._observer = observer
        self._stopping = asyncio.Event()
        self._failures = 0
        """Consecutive failures of Kafka; 0 after each emitted batch."""

    def stop(self) -> None:
        """Finish the batch in progress, then end `run`; without a batch, end it at once."""
        self._stopping.set()

    async def run(self) -> None:
        """Serve until stopped, starting again after each failure of Kafka."""
        while not self._stopping.is_set():
            try:
                await convert_stray_cancellation(self._serve_until_paused())
            except Stopped:
                return
            except PartitionFenced:
                self._observer.observe(PartitionFencedOff(self._source.topic, self._source.partition))
                await self._pause(self._limits.fenced_wait_s)
            except IllegalStateError:
                return  # the group has revoked the partition
            except (EmitFailed, Dropped, KafkaError) as why:
                self._observer.observe(PartUnavailable("kafka", kafka_unavailable(why)))
                await self._pause(min(restart_wait_s(self._failures), self._limits.backoff_max_s))
                self._failures += 1

    async def _serve_until_paused(self) -> None:
        try:
            await self._serve()
        except PartitionPaused as why:
            await self._stay_paused(why)

    async def _stay_paused(self, why: PartitionPaused) -> None:
        """Until the stop. It turns all the same: it does not hang, and a restart must be somebody's decision."""
        topic, partition = self._source
        # Fetched records that nobody takes would hold memory, and a broker's other partitions back.
        self._consumer.pause(self._source)
        await self._unless_stopped(self._poll())
        self._observer.observe(PositionReached(topic, partition, why.next_offset))
        self._observer.observe(PartitionHalted(topic, partition, why.dead_letters))
        while not self._stopping.is_set():
            self._observer.observe(LoopTurned(topic, partition))
            await self._pause(PAUSED_TURN_S)

    async def _serve(self) -> None:
        async with AsyncExitStack() as opened:
            # The order is the promise. The producer's start ends the former owner's transaction in Kafka, and
            # `take_over` the one in MongoDB; only then is the committed offset final. Read earlier, it could miss a
            # batch that the former owner commits late, and that batch would be emitted twice.
            emitter = await self._unless_stopped(opened.enter_async_context(self._open_emitter(self._source)))
            await self._unless_stopped(self._work.take_over())
            await self._unless_stopped(self._go_to_committed())
            self._observer.observe(PartAvailable("kafka"))
            while not self._stopping.is_set():
                records = await self._unless_stopped(self._poll())
                if records:
                    self._observer.observe(taken(records))
                    await self._work.serve(records, emitter, self._stopping)
                    self._failures = 0
                self._observer.observe(LoopTurned(self._source.topic, self._source.partition))
                await self._unless_stopped(self._report_position())

    async def _unless_stopped(self, asking: Awaitable[T]) -> T:
        """The result, unless the loop is stopped meanwhile.

        During a rebalance, fetches block until this loop ends. The whole group would also wait for a MongoDB that
        does not answer `take_over`. Records that were fetched are not lost: the next loop starts at the committed
        offset.

        Raises:
            Stopped: the loop is stopped.
        """
        return await unless_stopped(asking, self._stopping)

    async def _go_to_committed(self) -> None:
        """Start where the last committed batch ended; commit a start where there is none, so that lag is known."""
        committed = await self._consumer.committed(self._source)
        if committed is None:
            committed = (await self._consumer.beginning_offsets([self._source]))[self._source]
            await self._consumer.commit({self._source: committed})
        self._consumer.seek(self._source, committed)
        self._observer.observe(PositionReached(self._source.topic, self._source.partition, committed))

    async def _report_position(self) -> None:
        """Report the next offset, behind transaction markers too.

        Not after a stop: long work that it ended early has left its record unanswered.
        """
        if not self._stopping.is_set():
            position = await self._consumer.position(self._source)
            self._observer.observe(PositionReached(self._source.topic, self._source.partition, position))

    async def _poll(self) -> list[IncomingRecord]:
        found = await self._consumer.getmany(
            self._source, timeout_ms=POLL_TIMEOUT_MS, max_records=self._limits.batch_size_max
        )
        return [as_incoming(record) for record in found.get(self._source, ())]

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def taken(records: Sequence[IncomingRecord]) -> BatchTaken:
    """A batch by its place and age."""
    first, last = records[0], records[-1]
    return BatchTaken(first.topic, first.partition, first.offset, first.timestamp_ms, last.timestamp_ms)


def restart_wait_s(failures: int) -> float:
    """Seconds to wait after a failure, given the number of failures before it."""
    return RESTART_WAIT_S * 2.0 ** min(failures, DOUBLINGS_MAX)


def kafka_unavailable(why: Exception) -> CodeServiceError:
    """Convert an error of the client to one of ours."""
    return why if isinstance(why, CodeServiceError) else EmitFailed(f"Kafka: {type(why).__name__}")


def as_incoming(record: "ConsumerRecord[bytes, bytes]") -> IncomingRecord:
    """Convert the client's record; `checksum` may carry an unreadable batch: see consumers/loop/aiokafka_patch.py."""
    batch = record.checksum if isinstance(record.checksum, UnreadableBatch) else None
    return IncomingRecord(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=record.key,
        value=record.value if batch is None else batch.content,
        headers=tuple(record.headers),
        batch=batch,
    )
