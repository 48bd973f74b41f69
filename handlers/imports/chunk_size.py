"""How many rows are written in one transaction: fewer after each try that was too large, more when it goes well.

In:       what became of each try; after how long it timed out, if it did.
Out:      `ChunkSize.rows`, from `ROWS_MIN` to the setting `importer.rows_per_chunk_max`. Pure.
Promise:  a size that the database cannot write is tried again more and more rarely: the n-th such try comes after 2^n
          chunks that went well. When the database is quick again, the full size is back after a few chunks.
"""

from dataclasses import dataclass, field
from typing import Final

ROWS_MIN: Final = 16
"""Fewer in one transaction would not help: a database that cannot write these is unavailable."""
FACTOR: Final = 2
CAUTION: Final = 2
"""A larger chunk is tried if it should take less than the last time-out, divided by this."""


@dataclass(slots=True)
class ChunkSize:
    """Lives as long as its partition is served: the next import need not learn it again."""

    rows_max: int
    rows: int = field(init=False)
    """Of the next chunk, at most."""
    _timed_out_s: float | None = field(init=False, default=None)
    """After so long a chunk timed out, the last time."""
    _good: int = field(init=False, default=0)
    """Chunks of full size that went well since the last one that failed."""
    _patience: int = field(init=False, default=1)
    """How many chunks must succeed before a larger one is tried."""
    _has_grown: bool = field(init=False, default=False)
    """Since the last failure."""

    def __post_init__(self) -> None:
        self.rows = self.rows_max

    @property
    def rows_min(self) -> int:
        """It is never smaller."""
        return min(ROWS_MIN, self.rows_max)

    @property
    def learned(self) -> int | None:
        """The size, if the database does not take the full one."""
        return None if self.rows == self.rows_max else self.rows

    def resume(self, rows: int | None) -> None:
        """Begin with what worked for the import's former owner, if that is known and smaller."""
        if rows is not None:
            self.rows = max(self.rows_min, min(self.rows, rows))

    def failed(self, rows: int, *, timed_out_s: float | None = None) -> bool:
        """A chunk of `rows` rows was too large; whether the next one is smaller for it.

        `timed_out_s` is how long the failed try itself took, if it lacked time: a refusal or a conflict comes
        quickly, and says nothing of how long a larger chunk may take.
        """
        smaller = max(min(rows, self.rows) // FACTOR, self.rows_min)
        if timed_out_s is not None:
            self._timed_out_s = timed_out_s
        if self._has_grown:
            self._patience *= FACTOR
        self.rows, self._good, self._has_grown = smaller, 0, False
        return smaller < rows

    def went_well(self, rows: int, seconds: float) -> bool:
        """A chunk of `rows` rows took `seconds`; whether the full size is reached again by that.

        A chunk that is smaller than it may be, as the last of an object, says nothing of a larger one.
        """
        if rows < self.rows:
            return False
        self._good += 1
        if self.rows == self.rows_max:
            self._trust_full_size()
            return False
        if self._good < self._patience or not self._fits(seconds * FACTOR):
            return False
        self.rows, self._has_grown = min(self.rows * FACTOR, self.rows_max), True
        return self.rows == self.rows_max

    def _fits(self, seconds: float) -> bool:
        return self._timed_out_s is None or seconds < self._timed_out_s / CAUTION

    def _trust_full_size(self) -> None:
        if self._good >= FACTOR * self._patience:
            self._patience, self._has_grown = 1, False
