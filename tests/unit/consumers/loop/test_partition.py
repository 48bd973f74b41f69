"""A partition's loop: where it starts, what it reports of each batch, and when it ends."""

import asyncio
from collections.abc import Sequence

import pytest

from consumers.loop.partition import as_incoming
from producers.emitters import Emitter
from schemas.errors import PartitionPaused
from schemas.observation.partitions import (
    BatchTaken,
    LoopTurned,
    PartAvailable,
    PartitionFencedOff,
    PartitionHalted,
    PartUnavailable,
    PositionReached,
)
from schemas.records import IncomingRecord
from tests.fakes.consumer import TP, MemoryConsumer, a_consumer_record
from tests.fakes.observer import ObservedFacts
from tests.fakes.partition_loop import RecordedWork, run_loop


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
        "the end of the last batch is not observed: the loop stops"
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


def test_a_partition_that_was_revoked_is_left_quietly() -> None:
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


def test_a_paused_partition_is_fetched_no_more_and_turns_until_the_stop() -> None:
    """The position is where the records begin that are not served: they count as lag."""
    consumer = MemoryConsumer(end=5, committed_offset=0)
    work, observer = RecordedWork(consumer, PartitionPaused(3, 1)), ObservedFacts()

    assert 1 == run_loop(consumer, work, observer, seconds=3.5)
    assert ([TP], []) == (consumer.paused, work.served)
    assert [PartitionHalted(TP.topic, 3, 3)] == observer.of(PartitionHalted)
    assert [0, 1] == observer.each(PositionReached, "position")
    assert 4 == len(observer.of(LoopTurned))
    assert [] == observer.of(PartUnavailable)


def test_a_paused_partition_that_was_revoked_is_left_quietly() -> None:
    """The group may take it at the very moment."""
    consumer = MemoryConsumer(end=1, committed_offset=0)
    work, observer = RecordedWork(consumer), ObservedFacts()

    async def serve(records: Sequence[IncomingRecord], emitter: Emitter, stopping: asyncio.Event) -> None:
        consumer.revoked = True
        raise PartitionPaused(3, 1)

    work.serve = serve  # type: ignore[method-assign]  # revoked while it serves
    run_loop(consumer, work, observer)

    assert [] == observer.of(PartitionHalted)
