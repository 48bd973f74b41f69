"""A write that the database refuses: the request that causes it becomes a dead letter, and only that one."""

from collections.abc import Sequence
from dataclasses import replace

from handlers.requests.facts import Facts
from handlers.requests.plan import Plan
from schemas.errors import FactsStale, StoreRefused, StoreUnavailable
from schemas.observation.requests import DeadLetterWritten, PlanConflicted, RequestUnwritable, WriteRefused
from schemas.records import Asked
from schemas.requests import Request
from schemas.settings import WorkerSettings
from tests.fakes.builders import body, header
from tests.fakes.memory_store import MemoryCodeStore
from tests.fakes.serving import SOURCE, ServedPartition, reserve_bodies


class RefusingStore(MemoryCodeStore):
    """Takes no plan that has a certain request in it."""

    async def apply(self, plan: Plan) -> None:
        """See `CodeStore.apply`."""
        if any(entry.id == "r-2" for entry in plan.new_entries):
            raise StoreRefused("code 121")
        await super().apply(plan)


def test_one_request_that_breaks_every_batch_is_found_and_rejected() -> None:
    """It gets a dead letter and an answer; the other records are served as if it were not there."""
    bench = ServedPartition(*reserve_bodies(5))
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
        (rejected.request_id, rejected.reason) for rejected in bench.observer.each(DeadLetterWritten, "rejected")
    ]
    assert {"r-0", "r-1", "r-3", "r-4"} == bench.database.requests.keys()
    assert {("t.reserve.requests.v1", "validator")} == {
        (fact.topic, fact.cause) for fact in bench.observer.of(WriteRefused)
    }
    assert [] == bench.observer.of(PlanConflicted)


def test_a_refusal_among_conflicts_is_not_believed() -> None:
    """Only refusals count as a repeated refusal, however many conflicts come before."""
    bench = ServedPartition(*reserve_bodies(1), limits=WorkerSettings(attempts_max=2))
    bench.store.faults.refusals = [*[FactsStale("others were faster")] * 8, StoreRefused("code 121")]

    bench.serve()

    assert (["reserved"], []) == (bench.outcomes(), bench.observer.of(RequestUnwritable))


class LateRefusal(MemoryCodeStore):
    """Its commit succeeds without an answer and is not visible for a while; every write meanwhile is refused."""

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


def test_a_refusal_after_a_commit_without_an_answer_is_not_believed() -> None:
    """The ledger is read before a fan is refused what the fan holds."""
    bench = ServedPartition(*reserve_bodies(1), limits=WorkerSettings(attempts_max=1))
    bench.use(LateRefusal(bench.database, SOURCE.shard, publishes_code_values=False))

    bench.serve()

    assert (["reserved"], []) == (bench.outcomes(), bench.observer.of(RequestUnwritable))
    assert 1 == len(bench.database.reservations)
