"""Defects of what is read from and sent to Kafka, and of expiries. Out: `STREAM_MUTANTS`."""

import asyncio
from contextlib import AbstractContextManager, AsyncExitStack, suppress
from typing import Any, Final

from consumers.expirer.assigns_watermark import KafkaAssignsWatermark
from consumers.loop import serving
from consumers.loop.group import GroupMember
from consumers.loop.partition import PartitionLoop
from consumers.worker.batch import RequestPartition
from producers.emitters import AcknowledgedEmitter, TransactionalEmitter, transactional_producer
from producers.sending import deliver
from schemas.errors import EmitFailed
from tests.simulation.mutants.focus import Focus
from tests.simulation.mutants.mutant import Mutant, swapped

GIVE_UP_S: Final = 4.0


def offset_is_read_before_the_fence() -> AbstractContextManager[None]:
    """The committed offset is read while the former owner may still commit."""

    async def serve(self: Any) -> None:
        async with AsyncExitStack() as opened:
            await self._unless_stopped(self._go_to_committed())
            emitter = await self._unless_stopped(opened.enter_async_context(self._open_emitter(self._source)))
            await self._unless_stopped(self._work.take_over())
            while not self._stopping.is_set():
                records = await self._unless_stopped(self._poll())
                if records:
                    await self._work.serve(records, emitter, self._stopping)

    return swapped(PartitionLoop, _serve=serve)


def offset_is_committed_first() -> AbstractContextManager[None]:
    """The offset is committed before its outputs are safe."""

    async def emit(self: Any, records: Any, next_offset: int | None) -> None:
        if next_offset is not None:
            await self._consumer.commit({self._source: next_offset})
        await deliver(self._producer, records, self._patience_s)

    return swapped(AcknowledgedEmitter, emit=emit)


def offset_outside_of_the_transaction() -> AbstractContextManager[None]:
    """Outputs are committed in a transaction, their offset after it."""

    async def transact(self: Any, records: Any, next_offset: int | None) -> None:
        for part, offset in ((records, None), ((), next_offset)):
            await self._producer.begin_transaction()
            await deliver(self._producer, part, self._patience_s)
            if offset is not None:
                await self._producer.send_offsets_to_transaction({self._source: offset}, self._group)
            await self._producer.commit_transaction()

    return swapped(TransactionalEmitter, _transact=transact)


def failed_transaction_is_believed() -> AbstractContextManager[None]:
    """A batch whose transaction failed is not emitted again."""
    real = TransactionalEmitter.emit

    async def emit(self: Any, records: Any, next_offset: int | None) -> None:
        with suppress(EmitFailed):
            await real(self, records, next_offset)

    return swapped(TransactionalEmitter, emit=emit)


def one_transactional_id_for_each_start() -> AbstractContextManager[None]:
    """Each start of a partition has an id of its own, so that no former owner is fenced."""
    real = transactional_producer
    starts = iter(range(1_000_000))

    def for_one_start(options: Any, transactional_id: str, timeout_ms: int) -> Any:
        return real(options, f"{transactional_id}.{next(starts)}", timeout_ms)

    return swapped(serving, transactional_producer=for_one_start)


def batch_in_hand_is_forgotten() -> AbstractContextManager[None]:
    """After a failure of Kafka a partition goes on behind the batch that it had in hand."""

    async def go_to_committed(self: Any) -> None:
        committed = await self._consumer.committed(self._source)
        position = getattr(self, "_served_to", None)
        if committed is None:
            committed = (await self._consumer.beginning_offsets([self._source]))[self._source]
        self._consumer.seek(self._source, max(committed, position or 0))

    real = PartitionLoop._poll

    async def poll(self: Any) -> Any:
        records = await real(self)
        if records:
            self._served_to = records[-1].offset + 1
        return records

    return swapped(PartitionLoop, _go_to_committed=go_to_committed, _poll=poll)


def work_goes_on_after_revocation() -> AbstractContextManager[None]:
    """A rebalance does not wait for the batches in hand, and does not stop their loops."""

    async def let_go(self: Any) -> None:
        self._loops.clear()
        self._sources = frozenset()

    return swapped(GroupMember, _let_go=let_go)


def unavailable_database_loses_the_batch() -> AbstractContextManager[None]:
    """A batch that the database does not take is acknowledged without having been decided."""
    real = RequestPartition.serve

    async def serve(self: Any, records: Any, emitter: Any, stopping: Any) -> None:
        try:
            async with asyncio.timeout(GIVE_UP_S):
                await real(self, records, emitter, stopping)
        except TimeoutError:
            await emitter.emit((), records[-1].offset + 1)

    return swapped(RequestPartition, serve=serve)


def expiry_does_not_wait_for_assigns() -> AbstractContextManager[None]:
    """An expiry is requested although assigns wait that were asked in time."""

    async def undecided_since(_self: Any) -> None:
        return None

    return swapped(KafkaAssignsWatermark, undecided_since=undecided_since)


CRASHES: Final = ("kill_at_step", "kill", "rebalance", "freeze_long", "terminate")
KAFKA: Final = ("broker_down", "kafka_answers_lost", "kafka_errors", "coordinator_moved", "too_few_replicas")
EXACTLY: Final = {"guarantee": "exactly_once", "workers": 2}
AT_LEAST: Final = {"guarantee": "at_least_once", "workers": 2}

STREAM_MUTANTS: Final = (
    Mutant(
        "offset is read before the fence",
        offset_is_read_before_the_fence,
        focus=Focus(faults=16, kinds=("late_markers", "rebalance", "freeze_long"), setup=EXACTLY),
    ),
    Mutant(
        "offset is committed first",
        offset_is_committed_first,
        seeds=(3,),
        focus=Focus(faults=30, kinds=("kill", "kill_at_step", "too_few_replicas"), fault_s=1.0, setup=AT_LEAST),
    ),
    Mutant(
        "offset outside of the transaction",
        offset_outside_of_the_transaction,
        focus=Focus(faults=20, kinds=CRASHES, setup=EXACTLY),
    ),
    Mutant(
        "failed transaction is believed",
        failed_transaction_is_believed,
        focus=Focus(faults=16, kinds=KAFKA, setup=EXACTLY),
    ),
    Mutant(
        "one transactional id for each start",
        one_transactional_id_for_each_start,
        focus=Focus(faults=20, kinds=("freeze_long", "late_markers"), setup=EXACTLY),
    ),
    Mutant("batch in hand is forgotten", batch_in_hand_is_forgotten, focus=Focus(faults=16, kinds=KAFKA)),
    Mutant(
        "work goes on after revocation",
        work_goes_on_after_revocation,
        focus=Focus(faults=12, kinds=("rebalance",), setup={"workers": 3}),
    ),
    Mutant(
        "unavailable database loses the batch",
        unavailable_database_loses_the_batch,
        focus=Focus(faults=10, kinds=("primary_down", "primary_frozen", "majority_lost")),
    ),
    Mutant(
        "expiry does not wait for assigns",
        expiry_does_not_wait_for_assigns,
        seeds=(7,),
        focus=Focus(faults=16, kinds=("freeze_long", "database_slow", "primary_frozen"), courses=("race",)),
    ),
)
