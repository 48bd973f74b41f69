"""A partition with too many consecutive dead letters is paused; what is behind them stays unanswered."""

import pytest

from consumers.worker.breaker import Breaker, Breakers
from schemas.errors import PartitionPaused, StoreRefused
from schemas.settings import WorkerSettings
from tests.fakes.builders import a_record
from tests.fakes.rejections import a_rejected
from tests.fakes.serving import SOURCE, ServedPartition, reserve_bodies

BAD = b"not JSON"


def served(*values: bytes, limit: int) -> ServedPartition:
    return ServedPartition(*values, limits=WorkerSettings(attempts_max=2, dead_letters_max=limit))


def paused(bench: ServedPartition) -> PartitionPaused:
    with pytest.raises(PartitionPaused) as raised:
        bench.serve()
    return raised.value


def letters(bench: ServedPartition) -> int:
    return len(bench.visible("dead-letters.v1"))


def committed(bench: ServedPartition) -> int:
    return bench.kafka.committed[SOURCE]


def test_the_records_behind_the_limit_stay_unanswered() -> None:
    """The dead letters up to it are committed, with what stood before them."""
    first, last = reserve_bodies(2)
    bench = served(first, BAD, BAD, BAD, BAD, last, limit=3)

    why = paused(bench)

    assert (3, 4) == (why.dead_letters, why.next_offset)
    assert (["reserved"], 3, 4) == (bench.outcomes(), letters(bench), committed(bench))


def test_a_paused_partition_serves_nothing_and_commits_nothing() -> None:
    """Also when the group gives it to the same process again."""
    bench = served(BAD, BAD, *reserve_bodies(1), limit=2)
    paused(bench)
    bench.use(bench.store)

    why = paused(bench)

    assert (2, 2) == (why.dead_letters, why.next_offset)
    assert ([], 2) == (bench.outcomes(), committed(bench))


def test_the_count_goes_on_across_batches() -> None:
    """A readable record between them begins it anew."""
    bench = served(BAD, BAD, *reserve_bodies(1), BAD, limit=3)
    bench.serve()
    for value in (BAD, BAD):
        bench.kafka.send(SOURCE, value, bench.context.clock())

    assert 6 == paused(bench).next_offset
    assert 5 == letters(bench)


def test_without_a_limit_nothing_is_paused() -> None:
    """That is the default."""
    bench = ServedPartition(*[BAD] * 50)

    bench.serve()

    assert (50, 0) == (letters(bench), WorkerSettings().dead_letters_max)


def test_requests_that_the_database_refuses_count_too() -> None:
    """They are dead letters, although they are readable; their batch is finished first."""
    bench = served(*reserve_bodies(2), limit=2)
    bench.store.faults.refusals = [StoreRefused("validator")] * 50

    why = paused(bench)

    assert (2, 2) == (why.dead_letters, why.next_offset)
    assert (2, 2) == (letters(bench), committed(bench))


def test_where_another_process_has_served_on_the_pause_is_over() -> None:
    """It had the partition in between, and decided for itself."""
    breaker = Breaker(limit=1, run=1, is_open=True)
    with pytest.raises(PartitionPaused):
        breaker.check(7)
    with pytest.raises(PartitionPaused):
        breaker.check(7)

    breaker.check(9)

    assert (0, False) == (breaker.run, breaker.is_open)


def test_each_partition_has_its_own() -> None:
    """For as long as the process lives."""
    breakers = Breakers(limit=1)
    with pytest.raises(PartitionPaused):
        breakers.of("reserve.requests.v1.0").count([a_record(BAD)], [a_rejected(a_record(BAD))], None)

    assert breakers.of("reserve.requests.v1.0").is_open
    assert not breakers.of("reserve.requests.v1.1").is_open
