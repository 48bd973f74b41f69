"""How many rows are written at once, when the database is slow and when it is quick again."""

import pytest

from handlers.imports.chunk_size import ROWS_MIN, ChunkSize

TIMEOUT_S = 10.0


def test_each_time_out_halves_down_to_the_least() -> None:
    """Then it does not help any more, and that is said."""
    size = ChunkSize(5_000)
    sizes = []
    while size.too_slow(size.rows, TIMEOUT_S):
        sizes.append(size.rows)

    assert [2_500, 1_250, 625, 312, 156, 78, 39, 19, ROWS_MIN] == sizes
    assert ROWS_MIN == size.rows == size.rows_min


def test_a_setting_below_the_least_is_the_least() -> None:
    """One row cannot be halved."""
    size = ChunkSize(1)

    assert not size.too_slow(1, TIMEOUT_S)
    assert (1, 1) == (size.rows, size.rows_min)


@pytest.mark.parametrize("rows_in_time", [40, 700, 3_000, 4_999])
def test_a_database_that_stays_slow_is_not_tried_again(rows_in_time: int) -> None:
    """It takes time by the row: after the first time-outs there is none any more, and no size is below a quarter."""
    size = ChunkSize(5_000)
    timeouts = []
    for number in range(1_000):
        seconds = TIMEOUT_S * size.rows / rows_in_time
        if seconds > TIMEOUT_S:
            size.too_slow(size.rows, TIMEOUT_S)
            timeouts.append(number)
        else:
            assert not size.went_well(size.rows, seconds)

    assert list(range(len(timeouts))) == timeouts
    assert rows_in_time / 4 < size.rows <= rows_in_time


def test_the_full_size_is_back_soon_after_a_frozen_database() -> None:
    """Each chunk that goes well doubles the next; the last one of them says that it is done."""
    size = ChunkSize(5_000)
    while size.too_slow(size.rows, TIMEOUT_S):
        pass
    said = []
    while size.rows < 5_000:
        said.append(size.went_well(size.rows, 0.3))

    assert [False] * 8 + [True] == said
    assert not size.went_well(5_000, 0.3)


def test_a_short_chunk_tells_nothing_of_a_longer_one() -> None:
    """The last one of an object is quick because it is small."""
    size = ChunkSize(5_000)
    size.too_slow(5_000, TIMEOUT_S)

    assert not size.went_well(10, 0.01)
    assert 2_500 == size.rows
