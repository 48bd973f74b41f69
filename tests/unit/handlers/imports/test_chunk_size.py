"""How many rows are written at once, when the database is slow and when it is quick again."""

from collections.abc import Callable

import pytest

from handlers.imports.chunk_size import ROWS_MIN, ChunkSize

TIMEOUT_S = 10.0
QUICK_S = 0.1

Database = Callable[[int], float]
"""How many seconds a chunk of so many rows would take."""


def time_out(size: ChunkSize) -> bool:
    """The next chunk times out."""
    return size.failed(size.rows, timed_out_s=TIMEOUT_S)


def tried(size: ChunkSize, database: Database, tries: int) -> list[int]:
    """Write so many chunks, or try to; gives the numbers of those that timed out."""
    timeouts = []
    for number in range(tries):
        seconds = database(size.rows)
        if seconds > TIMEOUT_S:
            time_out(size)
            timeouts.append(number)
        else:
            size.went_well(size.rows, seconds)
    return timeouts


def a_cliff_at(rows_max: int) -> Database:
    """A database that is quick up to so many rows, and never done with one more."""
    return lambda rows: QUICK_S if rows <= rows_max else 2 * TIMEOUT_S


def test_each_time_out_halves_down_to_the_least() -> None:
    """Then it does not help any more, and that is said."""
    size = ChunkSize(5_000)
    sizes = []
    while time_out(size):
        sizes.append(size.rows)

    assert [2_500, 1_250, 625, 312, 156, 78, 39, 19, ROWS_MIN] == sizes
    assert ROWS_MIN == size.rows == size.rows_min


def test_a_setting_below_the_least_is_the_least() -> None:
    """One row cannot be halved."""
    size = ChunkSize(1)

    assert not time_out(size)
    assert (1, 1) == (size.rows, size.rows_min)


@pytest.mark.parametrize("rows_in_time", [40, 700, 3_000, 4_999])
def test_a_database_that_stays_slow_is_not_tried_again(rows_in_time: int) -> None:
    """It takes time by the row: after the first time-outs there is none any more, and no size is below a quarter."""
    size = ChunkSize(5_000)
    timeouts = tried(size, lambda rows: TIMEOUT_S * rows / rows_in_time, 1_000)

    assert list(range(len(timeouts))) == timeouts
    assert rows_in_time / 4 < size.rows <= rows_in_time


@pytest.mark.parametrize("rows_in_time", [17, 400, 2_500, 4_999])
def test_a_size_that_failed_is_tried_more_and_more_rarely(rows_in_time: int) -> None:
    """Quick below a limit and endless above it: of 10,000 tries a handful time out, further and further apart."""
    size = ChunkSize(5_000)
    timeouts = tried(size, a_cliff_at(rows_in_time), 10_000)
    first = next(number for number in range(len(timeouts)) if number not in timeouts)
    apart = [after - before for before, after in zip(timeouts[first:], timeouts[first + 1 :], strict=False)]

    assert sorted(apart) == apart
    assert len(timeouts) <= 8 + 14


def test_a_cliff_that_is_gone_is_forgotten() -> None:
    """The full size is back, and stays; a new cliff is learned from the beginning."""
    size = ChunkSize(5_000)
    tried(size, a_cliff_at(400), 100)
    quick = tried(size, a_cliff_at(5_000), 1_000)
    again = tried(size, a_cliff_at(400), 10)

    assert [] == quick
    assert [0, 1, 2, 3, 5, 8] == again


def test_the_full_size_is_back_soon_after_a_frozen_database() -> None:
    """Each chunk that goes well doubles the next; the last one of them says that it is done."""
    size = ChunkSize(5_000)
    while time_out(size):
        pass
    said = []
    while size.rows < 5_000:
        said.append(size.went_well(size.rows, 0.3))

    assert [False] * 8 + [True] == said
    assert not size.went_well(5_000, 0.3)


def test_quick_conflicts_say_nothing_of_time() -> None:
    """They halve the size; as soon as there are none, it grows again, whatever the chunks take."""
    size = ChunkSize(5_000)
    while size.failed(size.rows):
        pass
    sizes = []
    while size.rows < 5_000:
        size.went_well(size.rows, 1.0)
        sizes.append(size.rows)

    assert [32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 5_000] == sizes


def test_a_conflict_does_not_replace_the_time_of_a_time_out() -> None:
    """What a larger chunk may take is known from the last one that lacked time."""
    size = ChunkSize(5_000)
    time_out(size)
    size.failed(size.rows)

    assert not size.went_well(size.rows, TIMEOUT_S / 4)
    assert 1_250 == size.rows
    size.went_well(size.rows, TIMEOUT_S / 5)
    assert 2_500 == size.rows


def test_a_short_chunk_says_nothing_about_a_longer_one() -> None:
    """The last one of an object is quick because it is small."""
    size = ChunkSize(5_000)
    time_out(size)

    assert not size.went_well(10, 0.01)
    assert 2_500 == size.rows


@pytest.mark.parametrize(
    ("own", "former", "expected"), [(5_000, 625, 625), (400, 5_000, 400), (5_000, None, 5_000), (5_000, 3, ROWS_MIN)]
)
def test_an_heir_begins_with_what_worked(own: int, former: int | None, expected: int) -> None:
    """The smaller of both; a size below the least is the least."""
    size = ChunkSize(own)
    size.resume(former)

    assert expected == size.rows
