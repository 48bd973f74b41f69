"""The shape of a sale: what a file may hold, and that no request of it is lost."""

from collections import Counter

import pytest

from cli.rehearsal.arrivals import arrivals
from cli.rehearsal.built_in import BUILT_IN
from cli.rehearsal.shape import Row, Shape, checked, parsed

HEADER = "second,reserve,assign,release\n"
SALE = parsed("sale.csv", f"{HEADER}0,4,0,0\n2.5,0.3,0.5,0.25\n\n12.5,0,0,0\n")


def test_a_shape_counts_its_requests() -> None:
    """A rate holds until the next row; fractions of a request are carried over."""
    assert {"reserve": 13, "assign": 5, "release": 2} == SALE.counts()
    assert (12.5, 4.0) == (SALE.seconds, SALE.peak_per_s)


def test_a_rate_multiplies_requests_and_not_time() -> None:
    """The sale takes as long as before."""
    twice = SALE.times(2)

    assert {"reserve": 26, "assign": 10, "release": 5} == twice.counts()
    assert SALE.seconds == twice.seconds


def test_columns_may_be_in_any_order() -> None:
    """As in a table that somebody has rearranged."""
    found = parsed("sale.csv", "Release, assign,reserve,second\n1,2,3,0\n0,0,0,10\n")

    assert Row(0, 3, 2, 1) == found.rows[0]


def test_a_written_shape_is_read_again() -> None:
    """What `codes rehearse shape` prints is what `--shape` takes."""
    assert SALE == parsed(SALE.name, SALE.as_csv())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the first row must be"),
        ("second,reserve\n0,1\n", "the first row must be"),
        (f"{HEADER}0,1,0\n", "line 2: 4 numbers are expected"),
        (f"{HEADER}0,1,0,many\n", "line 2: 4 numbers are expected"),
        (f"{HEADER}0,1,0,-1\n", "line 2: each number"),
        (f"{HEADER}0,1,0,nan\n", "line 2: each number"),
        (f"{HEADER}0,1,0,0\n", "one of the end"),
        (f"{HEADER}1,1,0,0\n2,0,0,0\n", "a row of second 0"),
        (f"{HEADER}0,1,0,0\n2,1,0,0\n", "the last row is the end"),
        (f"{HEADER}0,1,0,0\n2,1,0,0\n2,0,0,0\n", "must rise"),
        (f"{HEADER}0,1,0,0\n86401,0,0,0\n", "longer than 86,400 seconds"),
    ],
)
def test_a_shape_that_is_not_valid_says_why(text: str, said: str) -> None:
    """With the line, where one line is the cause."""
    with pytest.raises(ValueError, match=said):
        parsed("sale.csv", text)


def test_the_number_of_rows_has_a_limit() -> None:
    """A day by seconds fits in."""
    with pytest.raises(ValueError, match="more than 100,000 rows"):
        parsed("sale.csv", HEADER + "0,1,0,0\n" * 100_001)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_shape_is_valid(name: str) -> None:
    """Also written to a file."""
    shape = BUILT_IN[name]()

    assert shape == checked(shape)
    assert shape.counts() == parsed(name, shape.as_csv()).counts()


def test_the_opening_follows_the_calculation_of_sizes() -> None:
    """40 per cent of the reserves in the first minute; nothing is assigned or released before it was reserved."""
    shape = BUILT_IN["opening"]()
    first = Shape("first minute", (*(row for row in shape.rows if row.second < 60), Row(60, 0, 0, 0)))

    assert 0.40 == pytest.approx(first.counts()["reserve"] / shape.counts()["reserve"], abs=0.01)
    held = 0
    for part in shape.slices():
        reserve, assign, release = part.counts
        held += reserve - assign - release
        assert held > 0


def test_requests_arrive_in_order_and_in_their_second() -> None:
    """As many as the shape counts; the same each time, at random distances."""
    found = list(arrivals(SALE))

    assert found == sorted(found) == list(arrivals(SALE))
    assert SALE.counts() == Counter(arrival.operation for arrival in found)
    slices = ((0, 1), (1, 2), (2, 2.5))
    assert [4, 4, 2] == [sum(begin <= arrival.at_s < end for arrival in found) for begin, end in slices]
    assert len(found) == len({arrival.at_s for arrival in found})
