"""A partition's loop after a failure of Kafka: it starts again from the committed offset, after a growing pause."""

import asyncio
from collections.abc import Sequence
from statistics import median

import pytest
from aiokafka.errors import KafkaConnectionError

from consumers.loop.partition import restart_wait_s
from producers.emitters import Emitter
from schemas.errors import Dropped, EmitFailed, PartitionFenced
from schemas.observation.partitions import PartitionFencedOff, PartUnavailable
from schemas.records import IncomingRecord
from tests.fakes.consumer import TP, MemoryConsumer
from tests.fakes.observer import ObservedFacts
from tests.fakes.partition_loop import RecordedWork, run_loop


@pytest.mark.parametrize(
    "error", [EmitFailed("aborted"), KafkaConnectionError("unavailable"), asyncio.CancelledError()]
)
def test_after_a_failure_of_kafka_it_starts_again_from_what_is_committed(error: BaseException) -> None:
    """With a new emitter: the transaction of the old one is over."""
    consumer = MemoryConsumer(end=2, committed_offset=0)
    work, observer = RecordedWork(consumer, error), ObservedFacts()

    assert 2 == run_loop(consumer, work, observer)
    assert [[0, 1]] == work.served
    (waited,) = observer.of(PartUnavailable)
    assert "kafka" == waited.part
    assert isinstance(waited.error, EmitFailed | Dropped)


def test_an_error_of_ours_is_observed_as_it_is() -> None:
    """Only the client's errors are translated."""
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
    assert median(pauses) < 8, "one more doubling would be half of all; a busy machine prolongs a few"
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


def test_a_wait_is_a_number_after_any_number_of_failures() -> None:
    """Floats end at two to the 1024."""
    assert restart_wait_s(10**9) == restart_wait_s(20)
