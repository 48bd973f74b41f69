"""Large batches of several partitions are read one after the other; small ones never wait."""

import tracemalloc
from collections.abc import Iterator

import pytest

from consumers.loop import batches, memory_budget
from consumers.loop.memory_budget import MemoryBudget
from tests.fakes.fetches import CODECS, Log, a_batch

BATCH_RECORDS = 30
PARTITIONS = 24
LARGE_RECORDS = 3_000
LARGE_BYTES = 2_600_000
"""What so many need."""


@pytest.fixture(autouse=True)
def own_budget(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryBudget]:
    """As in a process with loops; a batch of `BATCH_RECORDS` needs some 15 kB, and the budget suffices for one."""
    monkeypatch.setattr(memory_budget, "FREE_BYTES", 5_000)
    monkeypatch.setattr(memory_budget, "HELD_BYTES_MAX", 20_000)
    own = MemoryBudget()
    own.is_limited = True
    monkeypatch.setattr(batches, "BUDGET", own)
    yield own
    assert 0 == own.held


def a_log(count: int = BATCH_RECORDS, batches_: int = 1) -> Log:
    """A partition's batches, compressed."""
    content = b"".join(a_batch(number * count, count, CODECS["zstd"]) for number in range(batches_))
    return Log(content, 0, count * batches_)


def offsets(log: Log, count: int) -> list[int]:
    """Of the next records of the log's fetch, at most so many."""
    return [record.offset for record in log.held.getall(count)]


def test_a_second_large_batch_waits_until_the_first_is_read() -> None:
    """It stays fetched meanwhile, and then it is read from its beginning."""
    first, second = a_log(), a_log()

    assert ([*range(10)], []) == (offsets(first, 10), offsets(second, 10))
    assert second.held.has_more()
    assert [*range(10, 30)] == offsets(first, 100)
    assert ([*range(10)], [*range(10, 30)]) == (offsets(second, 10), offsets(second, 100))


def test_each_partition_gets_its_turn() -> None:
    """Though the first one has more batches: who waits longest is next."""
    first, second, third = a_log(batches_=3), a_log(batches_=2), a_log()
    order = []
    for name, log in [("a", first), ("b", second), ("c", third)] * 9:
        order += [name] if log.held.has_more() and offsets(log, BATCH_RECORDS) else []

    assert ["a", "b", "c", "a", "b", "a"] == order
    assert (90, 60, 30) == (first.position, second.position, third.position)


def test_a_small_batch_never_waits() -> None:
    """Also while large ones do."""
    first, second, small = a_log(), a_log(), a_log(5)

    assert [*range(10)] == offsets(first, 10)
    assert [] == offsets(second, 10)
    assert [*range(5)] == offsets(small, 10)
    offsets(first, 100)
    offsets(second, 100)


def test_a_batch_larger_than_the_room_is_read_alone() -> None:
    """It would wait for ever otherwise."""
    large = a_log(100)

    assert [*range(100)] == offsets(large, 1_000)


def test_what_a_rebalance_drops_gives_its_room_back_at_once(own_budget: MemoryBudget) -> None:
    """A result that is let go of, and one whose position has changed; nobody waits for them."""
    dropped, moved, waiting, last = a_log(), a_log(), a_log(), a_log()
    offsets(dropped, 10)
    assert [] == [*offsets(moved, 10), *offsets(waiting, 10), *offsets(last, 10)]
    dropped.drop()
    assert [*range(10)] == offsets(moved, 10)
    waiting.drop()
    moved.seek(3)
    assert [] == offsets(moved, 10)
    assert 0 == own_budget.held
    assert [*range(30)] == offsets(last, 100)


def test_who_reads_without_loops_never_waits(own_budget: MemoryBudget) -> None:
    """A command may leave a partition half read, and would wait for itself."""
    own_budget.is_limited = False
    first, second = a_log(), a_log()

    assert ([*range(10)], [*range(30)]) == (offsets(first, 10), offsets(second, 100))
    offsets(first, 100)


def test_memory_does_not_grow_with_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an outage each of 24 may begin with a large batch: the budget suffices for three."""
    monkeypatch.setattr(memory_budget, "HELD_BYTES_MAX", 3 * LARGE_BYTES)
    content = a_batch(0, LARGE_RECORDS, CODECS["zstd"])
    logs = [Log(content, 0, LARGE_RECORDS) for _ in range(PARTITIONS)]
    tracemalloc.start()
    read = [len(offsets(log, 500)) for log in logs]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    for log in logs:
        log.drop()

    assert [500] * 3 + [0] * (PARTITIONS - 3) == read
    assert peak < 6 * LARGE_BYTES
