"""A partition's loop: where it starts, how it starts again, and when it ends."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from consumers.loop.partition import PartitionLoop, as_incoming, restart_wait_s
from producers.emitters import Emitter
from schemas.errors import Dropped, EmitFailed, PartitionFenced
from schemas.observation.partitions import (
    BatchTaken,
    LoopTurned,
    PartAvailable,
    PartitionFencedOff,
    PartUnavailable,
    PositionReached,
)
from schemas.records import IncomingRecord
from tests.fakes.consumer import TP, MemoryConsumer, a_consumer_record
from tests.fakes.kafka import MemoryKafka, Source
from tests.fakes.observer import ObservedFacts
from tests.fakes.partition_loop import LIMITS, RecordedWork, open_memory_emitter, run_loop
from tests.fakes.time import run


def test_it_starts_where_the_last_committed_batch_ended() -> None:
    """And takes no more at once than it may; what a former owner left open has ended before."""
    consumer = MemoryConsumer(end=5, committed_offset=2)
    work, observer = RecordedWork(consumer), ObservedFacts()

    assert 1 == run_loop(consumer, work, observer)
    assert [[2, 3], [4]] == work.served
    assert [] == consumer.commits
    assert [-1] == work.taken_over_at
    assert [(TP.topic, 3)] * 2 == observer.places(LoopTurned)
    assert [2, 4] == [batch.offset for batch in observer.of(BatchTaken)]
    assert [2, 4] == observer.each(PositionReached, "position"), (
        "the end of the last batch is not told any more: the loop stops"
    )
    assert ["kafka"] == observer.each(PartAvailable, "part")


def test_work_that_a_stop_cut_short_has_reached_nothing() -> None:
    """Its record is not answered: lag must not fall for the moment before the next owner takes it."""
    consumer = MemoryConsumer(end=1, committed_offset=0)
    work, observer = RecordedWork(consumer), ObservedFacts()

    async def serve(records: Sequence[IncomingRecord], emitter: Emitter, stopping: asyncio.Event) -> None:
        work.done()

    work.serve = serve  # type: ignore[method-assign]  # long work that ends early
    run_loop(consumer, work, observer)

    assert ([BatchTaken(TP.topic, 3, 0, 1_000, 1_000)], [0]) == (
        observer.of(BatchTaken),
        observer.each(PositionReached, "position"),
    )


def test_where_nothing_was_committed_it_commits_the_beginning() -> None:
    """So that lag is known, and retention cannot skip a record unseen."""
    consumer = MemoryConsumer(end=5, committed_offset=None, beginning=3)
    work = RecordedWork(consumer)

    run_loop(consumer, work, ObservedFacts())

    assert ([3], [[3, 4]]) == (consumer.commits, work.served)


def test_without_records_it_turns_all_the_same() -> None:
    """Health is shown by turning."""
    observer = ObservedFacts()
    consumer = MemoryConsumer(committed_offset=0)

    run_loop(consumer, RecordedWork(consumer), observer, seconds=1.1)

    assert 4 == len(observer.of(LoopTurned)), "the fifth poll ends with the stop"


@pytest.mark.parametrize("error", [EmitFailed("aborted"), KafkaConnectionError("away"), asyncio.CancelledError()])
def test_after_a_failure_of_kafka_it_starts_again_from_what_is_committed(error: BaseException) -> None:
    """With a new emitter: the transaction of the old one is over."""
    consumer = MemoryConsumer(end=2, committed_offset=0)
    work, observer = RecordedWork(consumer, error), ObservedFacts()

    assert 2 == run_loop(consumer, work, observer)
    assert [[0, 1]] == work.served
    (waited,) = observer.of(PartUnavailable)
    assert "kafka" == waited.part
    assert isinstance(waited.error, EmitFailed | Dropped)


def test_an_error_of_ours_is_told_as_it_is() -> None:
    """Only what the client raises is put in our words."""
    consumer = MemoryConsumer(end=1, committed_offset=0)
    error = EmitFailed("aborted")
    observer = ObservedFacts()

    run_loop(consumer, RecordedWork(consumer, error), observer)

    assert [PartUnavailable("kafka", error)] == observer.of(PartUnavailable)


def test_pauses_grow_up_to_the_limit_and_not_beyond() -> None:
    """An outage of hours must not end the process by an overflow."""
    consumer = MemoryConsumer(end=1, committed_offset=0)
    work = RecordedWork(consumer, *[EmitFailed("aborted")] * 1_200)

    run_loop(consumer, work, ObservedFacts())

    pauses = [after - before for before, after in zip(work.at_s, work.at_s[1:], strict=False)]
    wanted = [0.5, 1, 2, 4, 5, 5]
    assert wanted == [min(least, round(pause, 3)) for least, pause in zip(wanted, pauses, strict=False)]
    assert max(pauses) < 8, "one more doubling, whatever time the garbage collector takes"
    assert [[0]] == work.served


def test_a_batch_that_went_all_the_way_ends_the_series() -> None:
    """The next outage starts with a short pause."""
    consumer = MemoryConsumer(end=4, committed_offset=0)
    work = RecordedWork(consumer, *[EmitFailed("aborted")] * 4)
    once = work.serve

    async def serve(records: Sequence[IncomingRecord], emitter: Emitter, stopping: asyncio.Event) -> None:
        await once(records, emitter, stopping)
        if work.served == [[0, 1]]:
            work.errors.append(EmitFailed("again"))

    work.serve = serve  # type: ignore[method-assign]  # the second outage is arranged after the first
    run_loop(consumer, work, ObservedFacts())

    assert 0.5 <= round(work.at_s[-1] - work.at_s[-2], 3) < 4, "without the batch between them it would be 5"
    assert [[0, 1], [2, 3]] == work.served


def test_a_fenced_partition_waits_for_the_group_to_take_it() -> None:
    """Or it would fence the new owner in turn."""
    consumer = MemoryConsumer(end=1, committed_offset=0)
    work, observer = RecordedWork(consumer, PartitionFenced("newer")), ObservedFacts()

    run_loop(consumer, work, observer)

    assert ([(TP.topic, 3)], []) == (
        observer.places(PartitionFencedOff),
        observer.of(PartUnavailable),
    )
    assert 10 <= work.at_s[1] - work.at_s[0] < 11


@pytest.mark.parametrize("call", ["committed", "beginning_offsets", "commit", "position", "getmany"])
def test_a_stop_does_not_wait_for_the_client(call: str) -> None:
    """In a rebalance the client answers only after the new assignment, which waits for the loop to end."""
    consumer = MemoryConsumer(committed_offset=None)

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    setattr(consumer, call, never)

    async def scene() -> float:
        loop = PartitionLoop(TP, consumer, RecordedWork(consumer), open_memory_emitter, LIMITS, ObservedFacts())
        task = asyncio.create_task(loop.run())
        await asyncio.sleep(60)
        assert not task.done()
        start = asyncio.get_running_loop().time()
        loop.stop()
        await asyncio.wait_for(task, 60)
        return asyncio.get_running_loop().time() - start

    assert run(scene()) < 0.1


def test_a_stop_does_not_wait_for_the_database() -> None:
    """Without a batch in hand, a slow MongoDB must not hold the whole group in its rebalance."""
    consumer = MemoryConsumer()
    work = RecordedWork(consumer)

    async def never() -> None:
        await asyncio.Event().wait()

    work.take_over = never  # type: ignore[method-assign]  # a database that gives no answer

    async def scene() -> None:
        loop = PartitionLoop(TP, consumer, work, open_memory_emitter, LIMITS, ObservedFacts())
        task = asyncio.create_task(loop.run())
        await asyncio.sleep(1)
        loop.stop()
        await asyncio.wait_for(task, 0.1)

    run(scene())


def test_a_stop_does_not_wait_for_a_producer_to_start() -> None:
    """Its start may wait for the broker to end a former owner's transaction."""
    closed: list[bool] = []

    @asynccontextmanager
    async def never_opens(source: TopicPartition) -> AsyncIterator[Emitter]:
        try:
            await asyncio.Event().wait()
            yield MemoryKafka().open_emitter(Source(source.topic, source.partition))
        finally:
            closed.append(True)

    async def scene() -> None:
        consumer = MemoryConsumer(committed_offset=0)
        loop = PartitionLoop(TP, consumer, RecordedWork(consumer), never_opens, LIMITS, ObservedFacts())
        task = asyncio.create_task(loop.run())
        await asyncio.sleep(1)
        loop.stop()
        await asyncio.wait_for(task, 0.1)

    run(scene())
    assert [True] == closed


def test_a_partition_that_was_taken_away_is_left_quietly() -> None:
    """No failure, no second start."""
    consumer = MemoryConsumer(committed_offset=0)
    consumer.revoked = True
    observer = ObservedFacts()

    assert 1 == run_loop(consumer, RecordedWork(consumer), observer)
    assert ([], []) == (
        observer.of(PartUnavailable),
        observer.places(PartitionFencedOff),
    )


def test_anything_unforeseen_ends_the_loop() -> None:
    """And with it the process, uncommitted."""
    consumer = MemoryConsumer(end=1, committed_offset=0)

    with pytest.raises(ZeroDivisionError):
        run_loop(consumer, RecordedWork(consumer, ZeroDivisionError()), ObservedFacts())
    assert 0 == consumer.committed_offset


def test_a_record_is_taken_as_it_came() -> None:
    """Free of the client."""
    expected = IncomingRecord(TP.topic, 3, 7, 1_000, b"k", b"v", (("a", b"b"),))

    assert expected == as_incoming(a_consumer_record(7))


def test_a_wait_is_a_number_after_any_number_of_failures() -> None:
    """Floats end at two to the 1024."""
    assert restart_wait_s(10**9) == restart_wait_s(20)
