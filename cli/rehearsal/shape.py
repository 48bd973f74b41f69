"""The shape of a sale: how many requests a second, by operation, from when to when.

In:       a CSV file's text, or rows.
Out:      `Shape`; the same as CSV; how many requests it has in all.
Promise:  pure. A shape that is not valid raises ValueError, with the line and the reason.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite
from typing import Final, NamedTuple, get_args

from schemas.base import Operation

OPERATIONS: Final[tuple[Operation, ...]] = get_args(Operation)
COLUMNS: Final = ("second", *OPERATIONS)
ROWS_MAX: Final = 100_000
SECONDS_MAX: Final = 86_400
PER_S_MAX: Final = 1_000_000
SLICE_S: Final = 1.0
"""Requests are counted out in slices of at most this length."""
EXACT: Final = 1e-6
"""Ten slices of a tenth of a request have one request, whatever floats make of it."""


class Row(NamedTuple):
    """From this second on, until the next row's."""

    second: float
    reserve: float
    assign: float
    release: float

    @property
    def rates(self) -> tuple[float, float, float]:
        """Requests a second, in the order of `OPERATIONS`."""
        return self[1:]


class Slice(NamedTuple):
    """Some of a row's time, with whole requests."""

    begin_s: float
    seconds: float
    counts: tuple[int, ...]
    """In the order of `OPERATIONS`."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A sale's requests by time. The last row is the end."""

    name: str
    rows: tuple[Row, ...]

    @property
    def seconds(self) -> float:
        """From the first request to the end."""
        return self.rows[-1].second

    @property
    def peak_per_s(self) -> float:
        """The most requests a second."""
        return max(sum(row.rates) for row in self.rows)

    def times(self, factor: float) -> "Shape":
        """The same shape at another rate."""
        return replace(self, rows=tuple(Row(row.second, *(rate * factor for rate in row.rates)) for row in self.rows))

    def slices(self) -> Iterator[Slice]:
        """Its time in order. A fraction of a request is carried over, so that none is lost but the last."""
        due = [0.0] * len(OPERATIONS)
        for row, following in pairwise(self.rows):
            begin_s = row.second
            while begin_s < following.second:
                seconds = min(SLICE_S, following.second - begin_s)
                due = [left + rate * seconds for left, rate in zip(due, row.rates, strict=True)]
                counts = tuple(int(left + EXACT) for left in due)
                yield Slice(begin_s, seconds, counts)
                due = [left - count for left, count in zip(due, counts, strict=True)]
                begin_s += seconds

    def counts(self) -> dict[Operation, int]:
        """Requests of each operation in all."""
        totals = [0] * len(OPERATIONS)
        for part in self.slices():
            totals = [total + count for total, count in zip(totals, part.counts, strict=True)]
        return dict(zip(OPERATIONS, totals, strict=True))

    def as_csv(self) -> str:
        """As `parsed` takes it."""
        lines = [",".join(COLUMNS), *(",".join(f"{value:.6g}" for value in row) for row in self.rows)]
        return "\n".join(lines) + "\n"


def parsed(name: str, text: str) -> Shape:
    """A shape from CSV. Raises ValueError."""
    reader = csv.reader(text.splitlines())
    header = [cell.strip().lower() for cell in next(reader, [])]
    if sorted(header) != sorted(COLUMNS):
        raise ValueError(f"the first row must be {','.join(COLUMNS)}")
    rows = []
    for cells in reader:
        if cells:
            rows.append(_row(header, cells, reader.line_num))
        if len(rows) > ROWS_MAX:
            raise ValueError(f"more than {ROWS_MAX:,} rows")
    return checked(Shape(name, tuple(rows)))


def checked(shape: Shape) -> Shape:
    """The same shape. Raises ValueError if its rows do not fit together."""
    rows: Sequence[Row] = shape.rows
    if len(rows) <= 1 or rows[0].second != 0:
        raise ValueError("there must be a row of second 0, and one of the end")
    if any(rows[-1].rates):
        raise ValueError("the last row is the end: its rates must be 0")
    if any(row.second >= following.second for row, following in pairwise(rows)):
        raise ValueError("the seconds must rise from row to row")
    if shape.seconds > SECONDS_MAX:
        raise ValueError(f"longer than {SECONDS_MAX:,} seconds")
    return shape


def _row(header: Sequence[str], cells: Sequence[str], line: int) -> Row:
    try:
        values = dict(zip(header, map(float, cells), strict=True))
    except ValueError:
        raise ValueError(f"line {line}: {len(header)} numbers are expected") from None
    if not all(isfinite(value) and 0 <= value <= PER_S_MAX for value in values.values()):
        raise ValueError(f"line {line}: each number must be between 0 and {PER_S_MAX:,}")
    return Row(*(values[name] for name in COLUMNS))
