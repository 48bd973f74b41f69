"""Rates and costs from how far something was, and the file that is loaded meanwhile."""

import csv
import io

import pytest

from benchmarks.codes_file import codes, content
from benchmarks.pace import Point, last_tenth_to_first_tenth, seconds_at, steady_rate

EVEN = [Point(0.0, 0), Point(5.0, 500), Point(10.0, 1000)]


def test_the_rate_leaves_out_a_slow_start_and_a_slow_end() -> None:
    """Between the first tenth and the last, the pace is even."""
    slow_ends = [Point(0.0, 0), Point(60.0, 100), Point(68.0, 900), Point(160.0, 1000)]

    assert 100.0 == pytest.approx(steady_rate(EVEN))
    assert 100.0 == pytest.approx(steady_rate(slow_ends))


def test_the_last_tenth_is_compared_with_the_first() -> None:
    """1 if a row costs the same at the end, 3 if three times as much."""
    slower = [Point(0.0, 0), Point(1.0, 100), Point(9.0, 900), Point(12.0, 1000)]

    assert 1.0 == pytest.approx(last_tenth_to_first_tenth(EVEN))
    assert 3.0 == pytest.approx(last_tenth_to_first_tenth(slower))


def test_a_point_reported_twice_counts_when_it_was_first_reached() -> None:
    """An import's end event repeats the rows of its last progress event."""
    assert 10.0 == seconds_at([*EVEN, Point(99.0, 1000)], 1000)


def test_the_file_holds_different_codes_in_no_order() -> None:
    """As many as asked for, of one length, the same each time."""
    rows = list(csv.DictReader(io.StringIO(content(10_000).decode())))

    assert [{"code": code, "code_type": "tm"} for code in codes(0, 10_000)] == rows
    assert 10_000 == len({row["code"] for row in rows})
    assert {16} == {len(row["code"]) for row in rows}
    assert rows != sorted(rows, key=lambda row: row["code"])
