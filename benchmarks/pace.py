"""Rates from a series of progress marks.

In:   points: so many rows were done at such a time, in order; the first one is of no rows, the last one of all.
Out:  rates and costs. Pure. Between two points the pace is taken to be even.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple

TENTH: Final = 0.1


class Point(NamedTuple):
    """The progress at one moment."""

    at_s: float
    """Seconds, on any clock."""
    rows: int


def steady_rate(points: Sequence[Point]) -> float:
    """Rows per second between the first tenth and the last, without start and end."""
    rows = points[-1].rows
    return rows * (1 - 2 * TENTH) / (seconds_at(points, rows * (1 - TENTH)) - seconds_at(points, rows * TENTH))


def last_tenth_to_first_tenth(points: Sequence[Point]) -> float:
    """Time of the last tenth of the rows divided by that of the first; 1: the cost of a row is constant."""
    rows = points[-1].rows
    first = seconds_at(points, rows * TENTH) - seconds_at(points, 0)
    last = seconds_at(points, rows) - seconds_at(points, rows * (1 - TENTH))
    return last / first


def seconds_at(points: Sequence[Point], rows: float) -> float:
    """The time at which this many rows were done."""
    after = bisect_left(points, rows, key=lambda point: point.rows)
    later = points[after]
    if after == 0 or later.rows == rows:
        return later.at_s
    earlier = points[after - 1]
    share = (rows - earlier.rows) / (later.rows - earlier.rows)
    return earlier.at_s + share * (later.at_s - earlier.at_s)
