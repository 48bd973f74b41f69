"""A partition's walk: every place once, largest gap first, and nothing counts as walked that is still to be had."""

import pytest

from handlers.code_ids import PLACES
from stores.mongo.walk import PARTS_MAX, Part, Walk, Walked, gaps_between, merged, numbers_of, parts_of

HALF = PLACES // 2
NOBODY = Walked()


def read(walk: Walk, width: int, of_all: Walked = NOBODY, fresh: dict[str, int] | None = None) -> Part | None:
    """The next window, read to its end."""
    window = walk.window(width, of_all)
    if window is not None:
        walk.read(window.high, fresh or {})
    return window


def test_parts_are_joined_and_gaps_are_what_is_left() -> None:
    """In order, however they overlap."""
    parts = [Part(50, 60), Part(0, 10), Part(10, 20), Part(15, 30)]

    assert [Part(0, 30), Part(50, 60)] == merged(parts)
    assert [Part(30, 50), Part(60, PLACES)] == gaps_between(parts)
    assert [Part(0, PLACES)] == gaps_between([])
    assert [] == gaps_between([Part(0, PLACES)])


def test_a_walk_begins_at_home_and_goes_on() -> None:
    """To the end of the places, then from the first one."""
    walk = Walk(HALF)

    assert Part(HALF, HALF + 100) == read(walk, 100)
    assert Part(HALF + 100, HALF + 200) == read(walk, 100)
    assert Part(HALF + 200, PLACES) == read(walk, PLACES)
    assert Part(0, HALF) == read(walk, PLACES)
    assert read(walk, PLACES) is None


def test_what_others_have_walked_is_not_read_again() -> None:
    """A walk ends where another part begins, and goes on behind it."""
    others = Walked([Part(HALF + 50, PLACES)])
    walk = Walk(HALF)
    read(walk, 10)

    assert Part(HALF + 10, HALF + 50) == read(walk, PLACES, others)
    assert Part(0, HALF) == read(walk, PLACES, others)
    assert read(walk, PLACES, others) is None


def test_a_walk_does_not_begin_where_another_partition_is() -> None:
    """Unless so little is left there that it is read at once."""
    others = Walked([Part(0, HALF)], frozenset({HALF}))

    assert all((read(Walk(0), 10, others) or Part(0, 0)).low > HALF for _ in range(20))
    assert Part(HALF, PLACES) == read(Walk(0), HALF, others)


def test_a_stale_walk_begins_elsewhere() -> None:
    """Two partitions at the same place would be in each other's way again and again."""
    walk = Walk(0)
    read(walk, 10, fresh={"c-1": 7})

    walk.forget()

    assert [Part(0, 7)] == walk.parts()
    assert (read(walk, 10) or Part(0, 0)).low > 10


def test_only_what_nobody_can_have_any_more_is_walked() -> None:
    """The part ends in front of the first code that is left, once those that are being taken are somebody's."""
    walk = Walk(0)
    read(walk, 100, fresh={"c-1": 10, "c-2": 20, "c-3": 30})

    assert [Part(0, 10)] == walk.parts()
    assert [Part(0, 20)] == walk.parts({"c-1"})
    assert [Part(0, 100)] == walk.parts({"c-1", "c-2", "c-3"})
    walk.used(["c-1", "c-2"])
    assert [Part(0, 30)] == walk.parts()


def test_a_part_with_codes_left_is_kept_when_the_walk_goes_on_elsewhere() -> None:
    """Its codes are still to be had, and after a restart they are found there."""
    others = Walked([Part(100, HALF)])
    walk = Walk(0, [Part(0, 10)])
    read(walk, PLACES, others, {"c-1": PLACES - 5})
    read(walk, PLACES, others)

    assert Part(HALF, PLACES - 5) in walk.parts()
    assert walk.window(10, others) is None


def test_the_last_part_is_where_the_walk_is() -> None:
    """Others must not begin there."""
    walk = Walk(0, [Part(500, 1_000)])
    read(walk, 10, Walked([Part(5_000, PLACES)]))

    assert Part(1_000, 1_010) == walk.parts()[-1]


def test_only_so_many_parts_are_stored() -> None:
    """The smallest are read once more."""
    walk = Walk(0, [Part(number * 100, number * 100 + number) for number in range(1, 200)])

    assert PARTS_MAX == len(walk.parts())
    assert Part(199 * 100, 199 * 100 + 199) in walk.parts()


@pytest.mark.parametrize(
    ("numbers", "parts"),
    [((), []), ((0, 5, 7, 9), [Part(0, 5), Part(7, 9)]), ((5, 3), []), ((1, 2, 3), [Part(1, 2)]), ((-1, 2), [])],
)
def test_numbers_that_are_no_parts_are_left_out(numbers: tuple[int, ...], parts: list[Part]) -> None:
    """Somebody may have edited the document."""
    assert parts == parts_of(numbers)
    assert parts == parts_of(numbers_of(parts))
