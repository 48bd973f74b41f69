"""A partition's way of a batch: one transaction, and the same answers after a failed one.

Histories of batches are in `tests/property`.
"""

import pytest

from schemas.clock import utc_now
from schemas.errors import EmitFailed, PartitionFenced
from schemas.observation.answers import AnswersVisible
from schemas.observation.requests import BatchReport, PlanConflicted
from schemas.requests import ReleaseRequest, expirer_request_id
from schemas.topics import RELEASE
from tests.fakes.builders import NOW, TM, a_reserve, candidates
from tests.fakes.kafka import Source
from tests.fakes.serving import SOURCE, ServedPartition, reserve_bodies


def test_a_batch_is_decided_published_and_reported() -> None:
    """Readable or not, in one transaction with its offset."""
    bench = ServedPartition(
        *reserve_bodies(2),
        b"garbage",
        a_reserve(request_id="r-0").to_json(),
        a_reserve(request_id="r-9", quantity=50).to_json(),
    )

    bench.serve()

    assert ["reserved", "reserved", "reserved", "refused"] == bench.outcomes()
    assert [b"garbage"] == [record.value for record in bench.visible("dead-letters.v1")]
    assert 1 == len(bench.kafka.emissions)
    assert [] == bench.kafka.pending(SOURCE)
    (report,) = bench.observer.of(BatchReport)
    assert ("t.reserve.requests.v1", 0) == (report.topic, report.partition)
    assert ({"reserved": 3, "refused": 1}, {"out_of_stock": 1}) == (report.outcomes, report.refusals)
    assert (0, 4) == (report.first_offset, report.last_offset)
    assert ({"not_json": 1}, 1, 0) == (report.rejections, report.repeats, report.replies_refused)
    assert {"decode", "gather", "plan", "apply", "emit"} == report.seconds.keys()


def test_the_time_to_the_answer_is_counted_when_it_can_be_read() -> None:
    """By operation and outcome, requests of one timestamp together; never for a transaction that failed."""
    bench = ServedPartition(*reserve_bodies(2), b"garbage")
    bench.emitter.failures = 1

    with pytest.raises(EmitFailed):
        bench.serve()
    assert [] == bench.observer.of(AnswersVisible)
    bench.serve()

    now_ms = int(NOW.timestamp() * 1000)
    expected = {("reserve", "reserved", now_ms): 2, ("reserve", "rejected", now_ms): 1}
    assert [AnswersVisible(expected, now_ms)] == bench.observer.of(AnswersVisible)  # type: ignore[arg-type]  # plain tuples


def test_an_expirers_release_has_an_operation_of_its_own() -> None:
    """No sender waits for it, so no objective counts it."""
    bench = ServedPartition(*reserve_bodies(1))
    bench.serve()
    expiry = ReleaseRequest(
        request_id=expirer_request_id("r-0", 1), campaign_id=TM.campaign_id, reservation_id="r-0", reason="expired"
    )
    releases = ServedPartition(
        expiry.to_json(), source=Source(RELEASE.name, 0), database=bench.database, observer=bench.observer
    )

    releases.serve()

    operations = [asked.operation for answers in bench.observer.of(AnswersVisible) for asked in answers.counts]
    assert ["reserve", "expire"] == operations


def test_a_batch_of_garbage_needs_no_database() -> None:
    """The offset moves all the same."""
    bench = ServedPartition(b"garbage", b"", b"[]")

    bench.serve()

    assert (3, []) == (len(bench.visible("dead-letters.v1")), bench.database.applied)
    assert [] == bench.kafka.pending(SOURCE)


def test_a_batch_that_would_move_too_many_codes_is_halved() -> None:
    """Into transactions that end in time; it is still one batch for Kafka, and all or nothing for each request."""
    wanted = [a_reserve(request_id=f"r-{number}", quantity=100).to_json() for number in range(50)]
    bench = ServedPartition(*wanted)
    bench.database.add_codes(TM, candidates(4_890, first=11), NOW)

    bench.serve()

    assert ["reserved"] * 49 + ["refused"] == bench.outcomes()
    assert [12, 13, 12, 13] == [len(plan.answers) for plan in bench.database.applied]
    assert (1, []) == (len(bench.kafka.emissions), bench.observer.of(PlanConflicted))


def test_a_batch_that_kafka_did_not_take_is_published_again() -> None:
    """From the ledger: nothing moves twice."""
    bench = ServedPartition(*reserve_bodies(2))
    bench.emitter.failures = 1

    with pytest.raises(EmitFailed):
        bench.serve()
    assert ([], []) == (bench.outcomes(), bench.observer.of(BatchReport))
    bench.serve()

    assert ["reserved", "reserved"] == bench.outcomes()
    assert 2 == bench.observer.of(BatchReport)[0].repeats
    assert 2 == len(bench.database.reservations)


def test_a_former_owner_ends_with_its_batch() -> None:
    """What it decided stays decided, and the new owner publishes it."""
    bench = ServedPartition(*reserve_bodies(1))
    new_owner = bench.kafka.open_emitter(SOURCE)

    with pytest.raises(PartitionFenced):
        bench.serve()
    bench.emitter = new_owner
    bench.serve()

    assert ["reserved"] == bench.outcomes()


def test_the_clock_without_a_test_is_utc() -> None:
    """Decisions are dated in it."""
    assert utc_now().utcoffset() is not None
