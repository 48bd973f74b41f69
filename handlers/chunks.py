"""Rows to chunks: what is written in one transaction.

In:       an object's bytes in order, cut anywhere.
Out:      `Chunk`s of so many rows, the last one of fewer. ImportFailed, see `handlers.texts` and `handlers.rows`;
          `too_many_rows`.
Promise:  the same object gives the same chunks from the same place. No step does more than one piece's work.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from handlers.cells import CodeRow, Columns, RejectedRow, Row
from handlers.rows import Place, RowReader
from handlers.texts import Text
from schemas.base import CodeType
from schemas.errors import ImportFailed


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows, one after the other."""

    start: Place
    end: Place
    columns: Columns
    bytes_read: int
    """Bytes of the object that had been read for it."""
    codes: Mapping[str, CodeType]
    """Each code of these rows once, as its first row has it."""
    repeats: Mapping[str, int]
    """Further rows of the same code."""
    rejects: Sequence[RejectedRow]

    @property
    def rows(self) -> int:
        """Rows read, good or not."""
        return len(self.codes) + sum(self.repeats.values()) + len(self.rejects)


class Chunker:
    """Reads one object once."""

    def __init__(
        self, text: Text, reader: RowReader, *, code_type: CodeType, rows_per_chunk_max: int, rows_left: int
    ) -> None:
        """`code_type` is of rows that tell none; `rows_left` is how many rows the object may still have."""
        self._text = text
        self._reader = reader
        self._code_type = code_type
        self._rows_per_chunk_max = rows_per_chunk_max
        self._rows_left = rows_left
        self._begin(reader.place)

    def steps(self, data: bytes, *, final: bool = False) -> Iterator[Chunk | None]:
        """Full chunks, and None for each piece that completed none. Take all before the next bytes.

        Raises:
            ImportFailed: the object cannot be read on. The rows before that are in `rest`.
        """
        for row in self._rows(data, final=final):
            if row is None:
                yield None
                continue
            self._add(row)
            if self._count == self._rows_per_chunk_max:
                yield self._complete()

    def rest(self) -> Chunk | None:
        """The rows that no full chunk has, if any."""
        return self._complete() if self._count else None

    def _rows(self, data: bytes, *, final: bool) -> Iterator[Row | None]:
        for piece in self._text.pieces(data):
            yield from self._reader.read(piece)
            yield None
        if final:
            self._text.end()
            yield from self._reader.read(b"", final=True)

    def _begin(self, start: Place) -> None:
        self._start = self._end = start
        self._count = 0
        self._codes: dict[str, CodeType] = {}
        self._repeats: Counter[str] = Counter()
        self._rejects: list[RejectedRow] = []

    def _add(self, row: Row) -> None:
        if self._rows_left == 0:
            raise ImportFailed("too_many_rows")
        if not isinstance(row, CodeRow):
            self._rejects.append(row)
        elif row.code in self._codes:
            self._repeats[row.code] += 1
        else:
            self._codes[row.code] = row.code_type or self._code_type
        self._rows_left -= 1
        self._count += 1
        self._end = self._reader.place

    def _complete(self) -> Chunk:
        chunk = Chunk(
            start=self._start,
            end=self._end,
            columns=self._reader.columns or Columns(),
            bytes_read=self._text.taken,
            codes=self._codes,
            repeats=self._repeats,
            rejects=self._rejects,
        )
        self._begin(chunk.end)
        return chunk
