"""How many rows are written in one transaction: fewer after each chunk that was too slow, more when it goes well.

In:       what became of each try, and how long it took.
Out:      `ChunkSize.rows`, from `ROWS_MIN` to the setting `importer.rows_per_chunk_max`. Pure.
Promise:  a size that the database cannot write in time is not tried again while it is as slow as it was; when it is
          quick again, the full size is back after a few chunks.
"""

from dataclasses import dataclass, field
from typing import Final

ROWS_MIN: Final = 16
"""Fewer in one transaction would not help: a database that cannot write these is unavailable."""
FACTOR: Final = 2
CAUTION: Final = 2
"""A larger chunk is tried if it should take less than the time in which a chunk was given up, divided by this."""


@dataclass(slots=True)
class ChunkSize:
    """Lives as long as its partition is served: the next import need not learn it again."""

    rows_max: int
    rows: int = field(init=False)
    """Of the next chunk, at most."""
    _gave_up_s: float = field(init=False, default=0.0)
    """After so long a chunk was given up, the last time."""

    def __post_init__(self) -> None:
        self.rows = self.rows_max

    @property
    def rows_min(self) -> int:
        """It is never smaller."""
        return min(ROWS_MIN, self.rows_max)

    def too_slow(self, rows: int, seconds: float) -> bool:
        """A chunk of so many rows was given up after so long; whether the next one is smaller for it."""
        smaller = max(min(rows, self.rows) // FACTOR, self.rows_min)
        is_smaller = smaller < rows
        self.rows, self._gave_up_s = smaller, seconds
        return is_smaller

    def went_well(self, rows: int, seconds: float) -> bool:
        """A chunk of so many rows took so long; whether the full size is reached again by that.

        A chunk that is smaller than it may be, as the last of an object, tells nothing of a larger one.
        """
        if self.rows == self.rows_max or rows < self.rows:
            return False
        if seconds * FACTOR >= self._gave_up_s / CAUTION:
            return False
        self.rows = min(self.rows * FACTOR, self.rows_max)
        return self.rows == self.rows_max
