"""A batch that meets conflicts or a slow or unavailable database: retried or halved, and no dead letter."""

from handlers.requests.plan import Plan
from schemas.errors import BatchTooSlow, FactsStale, StoreUnavailable
from schemas.observation.partitions import PartUnavailable
from schemas.observation.requests import PlanConflicted
from tests.fakes.builders import body
from tests.fakes.memory_store import MemoryCodeStore
from tests.fakes.serving import SOURCE, ServedPartition, reserve_bodies


def test_a_stale_plan_is_made_anew() -> None:
    """The conflict is observed under the topic's full name."""
    bench = ServedPartition(*reserve_bodies(2))
    bench.store.faults.refusals = [FactsStale("others were faster")]

    bench.serve()

    assert ["reserved", "reserved"] == bench.outcomes()
    assert [("t.reserve.requests.v1", 0)] == [
        (fact.topic, fact.partition) for fact in bench.observer.of(PlanConflicted)
    ]
    assert 1 == len(bench.database.applied)


def test_a_batch_that_is_always_late_is_halved() -> None:
    """After the limit of attempts; the answers still come in order, in one transaction."""
    bench = ServedPartition(*reserve_bodies(3))
    bench.store.faults.refusals = [FactsStale("others were faster")] * 2

    bench.serve()

    assert ["r-0", "r-1", "r-2"] == [body(record)["request_id"] for record in bench.visible()]
    assert [1, 2] == [len(plan.answers) for plan in bench.database.applied]
    assert 1 == len(bench.kafka.emissions)


def test_a_single_request_is_tried_for_as_long_as_it_takes() -> None:
    """There is nothing left to halve."""
    bench = ServedPartition(*reserve_bodies(1))
    bench.store.faults.refusals = [FactsStale("others were faster")] * 50

    bench.serve()

    assert (["reserved"], 50) == (bench.outcomes(), len(bench.observer.of(PlanConflicted)))


def test_a_batch_is_retried_while_the_database_is_unavailable() -> None:
    """A commit whose answer was lost is not made twice."""
    bench = ServedPartition(*reserve_bodies(2))
    bench.store.faults.answers_lost = 1

    bench.serve()

    assert ["reserved", "reserved"] == bench.outcomes()
    assert ["mongo"] == bench.observer.each(PartUnavailable, "part")
    assert isinstance(bench.observer.of(PartUnavailable)[0].error, StoreUnavailable)
    assert 2 == len(bench.database.reservations)


class SlowStore(MemoryCodeStore):
    """Writes two requests in time, and no more."""

    async def apply(self, plan: Plan) -> None:
        """See `CodeStore.apply`."""
        if len(plan.new_entries) > 2:
            raise BatchTooSlow("NetworkTimeout []")
        await super().apply(plan)


def test_a_batch_that_the_database_cannot_write_in_time_is_halved() -> None:
    """At full size it would be repeated for ever; readiness and metrics show the database as the cause."""
    bench = ServedPartition(*reserve_bodies(5))
    bench.use(SlowStore(bench.database, SOURCE.shard, publishes_code_values=False))

    bench.serve()

    assert ["reserved"] * 5 == bench.outcomes()
    assert [2, 1, 2] == [len(plan.answers) for plan in bench.database.applied]
    assert ["mongo", "mongo"] == bench.observer.each(PartUnavailable, "part")


def test_a_single_request_that_takes_too_long_is_retried() -> None:
    """Nothing smaller can be tried, and it is not to blame: no dead letter."""
    bench = ServedPartition(*reserve_bodies(1))
    bench.store.faults.refusals = [BatchTooSlow("NetworkTimeout []")] * 5

    bench.serve()

    assert (["reserved"], []) == (bench.outcomes(), bench.visible("dead-letters.v1"))
    assert [StoreUnavailable] * 5 == list(map(type, bench.observer.each(PartUnavailable, "error")))
