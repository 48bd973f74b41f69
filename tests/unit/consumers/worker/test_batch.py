"""A partition's way of a batch: what is done when a step fails. Histories of it are in `tests/property`."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from handlers.requests.facts import Facts
from handlers.requests.plan import Plan
from schemas.clock import utc_now
from schemas.errors import BatchTooSlow, EmitFailed, FactsStale, PartitionFenced, StoreRefused, StoreUnavailable
from schemas.observation.partitions import PartUnavailable
from schemas.observation.requests import (
    BatchReport,
    DeadLetterWritten,
    PlanConflicted,
    RequestUnwritable,
    WriteRefused,
)
from schemas.records import Asked
from schemas.requests import Request
from schemas.settings import WorkerSettings
from tests.fakes.builders import NOW, TM, a_reserve, body, candidates, header
from tests.fakes.memory_store import MemoryCodeStore
from tests.fakes.serving import SOURCE, ServedPartition


def reserves(count: int) -> Sequence[bytes]:
    """Requests for one code each."""
    return [a_reserve(request_id=f"r-{number}").to_json() for number in range(count)]


def test_a_batch_is_decided_told_and_reported() -> None:
    """Readable or not, in one transaction with its offset."""
    bench = ServedPartition(
        *reserves(2),
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


def test_a_batch_of_garbage_needs_no_database() -> None:
    """The offset moves all the same."""
    bench = ServedPartition(b"garbage", b"", b"[]")

    bench.serve()

    assert (3, []) == (len(bench.visible("dead-letters.v1")), bench.database.applied)
    assert [] == bench.kafka.pending(SOURCE)


def test_a_stale_plan_is_made_anew() -> None:
    """And the conflict is told under the topic's full name, as everything is."""
    bench = ServedPartition(*reserves(2))
    bench.store.faults.refusals = [FactsStale("others were faster")]

    bench.serve()

    assert ["reserved", "reserved"] == bench.outcomes()
    assert [("t.reserve.requests.v1", 0)] == [
        (fact.topic, fact.partition) for fact in bench.observer.of(PlanConflicted)
    ]
    assert 1 == len(bench.database.applied)


def test_a_batch_that_is_always_late_is_halved() -> None:
    """After the limit of attempts; the answers still come in order, in one transaction."""
    bench = ServedPartition(*reserves(3))
    bench.store.faults.refusals = [FactsStale("others were faster")] * 2

    bench.serve()

    assert ["r-0", "r-1", "r-2"] == [body(record)["request_id"] for record in bench.visible()]
    assert [1, 2] == [len(plan.answers) for plan in bench.database.applied]
    assert 1 == len(bench.kafka.emissions)


def test_a_single_request_is_tried_for_as_long_as_it_takes() -> None:
    """There is nothing left to halve."""
    bench = ServedPartition(*reserves(1))
    bench.store.faults.refusals = [FactsStale("others were faster")] * 50

    bench.serve()

    assert (["reserved"], 50) == (bench.outcomes(), len(bench.observer.of(PlanConflicted)))


def test_a_database_that_is_away_is_waited_out() -> None:
    """A commit whose answer was lost is not made twice."""
    bench = ServedPartition(*reserves(2))
    bench.store.faults.answers_lost = 1

    bench.serve()

    assert ["reserved", "reserved"] == bench.outcomes()
    assert ["mongo"] == bench.observer.each(PartUnavailable, "part")
    assert isinstance(bench.observer.of(PartUnavailable)[0].error, StoreUnavailable)
    assert 2 == len(bench.database.reservations)


class RefusingStore(MemoryCodeStore):
    """Takes no plan that has a certain request in it."""

    async def apply(self, plan: Plan) -> None:
        """See `CodeStore.apply`."""
        if any(entry.id == "r-2" for entry in plan.new_entries):
            raise StoreRefused("code 121")
        await super().apply(plan)


def test_one_request_that_breaks_every_batch_is_found_and_set_aside() -> None:
    """A dead letter and an answer for it; the records around it are served as if it were not there."""
    bench = ServedPartition(*reserves(5))
    bench.use(RefusingStore(bench.database, SOURCE.shard, publishes_code_values=False))

    bench.serve()

    assert ["reserved", "reserved", "refused", "reserved", "reserved"] == bench.outcomes()
    assert "invalid_request" == body(bench.visible()[2])["reason"]
    (letter,) = bench.visible("dead-letters.v1")
    assert b"unprocessable" == header(letter, "dlq-reason")
    assert b"the database refuses what this request would write" == header(letter, "dlq-detail")
    [unwritable] = bench.observer.of(RequestUnwritable)
    assert ("r-2", 2) == (unwritable.subject.request_id, unwritable.subject.offset)
    assert isinstance(unwritable.error, StoreRefused)
    assert [("r-2", "unprocessable")] == [
        (one.request_id, one.reason) for one in bench.observer.each(DeadLetterWritten, "rejected")
    ]
    assert {"r-0", "r-1", "r-3", "r-4"} == bench.database.requests.keys()
    assert {("t.reserve.requests.v1", "validator")} == {
        (fact.topic, fact.cause) for fact in bench.observer.of(WriteRefused)
    }
    assert [] == bench.observer.of(PlanConflicted)


class SlowStore(MemoryCodeStore):
    """Writes two requests in time, and no more."""

    async def apply(self, plan: Plan) -> None:
        """See `CodeStore.apply`."""
        if len(plan.new_entries) > 2:
            raise BatchTooSlow("NetworkTimeout []")
        await super().apply(plan)


def test_a_batch_that_the_database_cannot_write_in_time_is_halved() -> None:
    """At full size it would be repeated for ever; readiness and metrics show the database as the cause."""
    bench = ServedPartition(*reserves(5))
    bench.use(SlowStore(bench.database, SOURCE.shard, publishes_code_values=False))

    bench.serve()

    assert ["reserved"] * 5 == bench.outcomes()
    assert [2, 1, 2] == [len(plan.answers) for plan in bench.database.applied]
    assert ["mongo", "mongo"] == bench.observer.each(PartUnavailable, "part")


def test_a_single_request_that_takes_too_long_is_retried() -> None:
    """Nothing smaller can be tried, and it is not to blame: no dead letter."""
    bench = ServedPartition(*reserves(1))
    bench.store.faults.refusals = [BatchTooSlow("NetworkTimeout []")] * 5

    bench.serve()

    assert (["reserved"], []) == (bench.outcomes(), bench.visible("dead-letters.v1"))
    assert [StoreUnavailable] * 5 == list(map(type, bench.observer.each(PartUnavailable, "error")))


def test_a_refusal_among_conflicts_is_not_believed() -> None:
    """Only refusals count as a repeated refusal, however many conflicts come before."""
    bench = ServedPartition(*reserves(1), limits=WorkerSettings(attempts_max=2))
    bench.store.faults.refusals = [*[FactsStale("others were faster")] * 8, StoreRefused("code 121")]

    bench.serve()

    assert (["reserved"], []) == (bench.outcomes(), bench.observer.of(RequestUnwritable))


class LateRefusal(MemoryCodeStore):
    """Its commit is done, unheard and unseen for a while; whatever is written meanwhile is refused."""

    unseen = 3

    async def gather(self, requests: Sequence[Asked[Request]]) -> Facts:
        """See `CodeStore.gather`."""
        facts = await super().gather(requests)
        self.unseen -= 1
        return replace(facts, decided={}) if self.unseen >= 0 else facts

    async def apply(self, plan: Plan) -> None:
        """See `CodeStore.apply`."""
        if not plan.writes:
            return
        if self._database.requests:
            raise StoreRefused("code 121")
        await super().apply(plan)
        raise StoreUnavailable("the answer to a commit was lost")


def test_a_refusal_after_a_commit_of_which_nothing_was_heard_is_not_believed() -> None:
    """The ledger is asked before a fan is refused what is his."""
    bench = ServedPartition(*reserves(1), limits=WorkerSettings(attempts_max=1))
    bench.use(LateRefusal(bench.database, SOURCE.shard, publishes_code_values=False))

    bench.serve()

    assert (["reserved"], []) == (bench.outcomes(), bench.observer.of(RequestUnwritable))
    assert 1 == len(bench.database.reservations)


def test_a_batch_that_would_move_too_many_codes_is_halved() -> None:
    """Into transactions that end in time; it is still one batch for Kafka, and all or nothing for each request."""
    wanted = [a_reserve(request_id=f"r-{number}", quantity=100).to_json() for number in range(50)]
    bench = ServedPartition(*wanted)
    bench.database.add_codes(TM, candidates(4_890, first=11), NOW)

    bench.serve()

    assert ["reserved"] * 49 + ["refused"] == bench.outcomes()
    assert [12, 13, 12, 13] == [len(plan.answers) for plan in bench.database.applied]
    assert (1, []) == (len(bench.kafka.emissions), bench.observer.of(PlanConflicted))


def test_a_batch_that_kafka_did_not_take_is_told_again() -> None:
    """From the ledger: nothing moves twice."""
    bench = ServedPartition(*reserves(2))
    bench.emitter.failures = 1

    with pytest.raises(EmitFailed):
        bench.serve()
    assert ([], []) == (bench.outcomes(), bench.observer.of(BatchReport))
    bench.serve()

    assert ["reserved", "reserved"] == bench.outcomes()
    assert 2 == bench.observer.of(BatchReport)[0].repeats
    assert 2 == len(bench.database.reservations)


def test_a_former_owner_ends_with_its_batch() -> None:
    """What it decided stays decided, and is told by the new owner."""
    bench = ServedPartition(*reserves(1))
    new_owner = bench.kafka.open_emitter(SOURCE)

    with pytest.raises(PartitionFenced):
        bench.serve()
    bench.emitter = new_owner
    bench.serve()

    assert ["reserved"] == bench.outcomes()


def test_the_clock_without_a_test_is_utc() -> None:
    """Decisions are dated in it."""
    assert utc_now().utcoffset() is not None
