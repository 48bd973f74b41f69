"""Rows to chunks: what is written in one transaction.

In:       an object's bytes in order, cut anywhere.
Out:      `Chunk`s of `rows_per_chunk` rows, the last one of fewer; `cut`, which makes two of a chunk that is too
          large to be written. ImportFailed, see `handlers.imports.texts` and `handlers.imports.rows`;
          `too_many_rows`.
Promise:  what a campaign gets and how its rows are counted does not depend on where chunks start. No step does more
          than one piece's work.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from handlers.imports.cells import CodeRow, Columns, RejectedRow, Row
from handlers.imports.rows import Place, RowReader
from handlers.imports.texts import Text
from schemas.base import CodeType
from schemas.errors import ImportFailed


class RowRead(NamedTuple):
    """A row, and where the next one may start."""

    row: Row
    end: Place


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows, one after the other."""

    start: Place
    end: Place
    columns: Columns
    bytes_read: int
    """Bytes of the object up to its last row; of a gzip, up to the piece that this row ends in."""
    code_type: CodeType
    """Of rows that name none."""
    codes: Mapping[str, CodeType]
    """Each code of these rows once, as its first row has it."""
    repeats: Mapping[str, int]
    """Further rows of the same code."""
    rejects: Sequence[RejectedRow]
    in_order: Sequence[RowRead] = field(repr=False)
    """All of them again; `cut` needs to know which row ends where."""

    @property
    def rows(self) -> int:
        """Rows read, good or not."""
        return len(self.in_order)


class Chunker:
    """Reads one object once."""

    def __init__(
        self,
        text: Text,
        reader: RowReader,
        *,
        code_type: CodeType,
        rows_per_chunk: Callable[[], int],
        rows_left: int,
    ) -> None:
        """`code_type` is of rows that name none; `rows_left` is how many rows the object may still have.

        `rows_per_chunk` is called at the start of each chunk.
        """
        self._text = text
        self._reader = reader
        self._code_type = code_type
        self._rows_per_chunk = rows_per_chunk
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
            if len(self._in_order) >= self._rows_max:
                yield self._complete()

    def rest(self) -> Chunk | None:
        """The rows that no full chunk has, if any."""
        return self._complete() if self._in_order else None

    def _rows(self, data: bytes, *, final: bool) -> Iterator[Row | None]:
        for piece in self._text.pieces(data):
            yield from self._reader.read(piece)
            yield None
        if final:
            self._text.end()
            yield from self._reader.read(b"", final=True)

    def _begin(self, start: Place) -> None:
        self._start = start
        self._rows_max = self._rows_per_chunk()
        self._in_order: list[RowRead] = []

    def _add(self, row: Row) -> None:
        if self._rows_left == 0:
            raise ImportFailed("too_many_rows")
        self._rows_left -= 1
        self._in_order.append(RowRead(row, self._reader.place))

    def _complete(self) -> Chunk:
        chunk = chunk_of(
            self._in_order,
            start=self._start,
            columns=self._reader.columns or Columns(),
            bytes_read=self._text.bytes_up_to(self._reader.place.byte),
            code_type=self._code_type,
        )
        self._begin(chunk.end)
        return chunk


def chunk_of(
    in_order: Sequence[RowRead], *, start: Place, columns: Columns, bytes_read: int, code_type: CodeType
) -> Chunk:
    """These rows, at least one, as a chunk."""
    codes: dict[str, CodeType] = {}
    repeats: Counter[str] = Counter()
    rejects: list[RejectedRow] = []
    for row, _ in in_order:
        if not isinstance(row, CodeRow):
            rejects.append(row)
        elif row.code in codes:
            repeats[row.code] += 1
        else:
            codes[row.code] = row.code_type or code_type
    return Chunk(start, in_order[-1].end, columns, bytes_read, code_type, codes, repeats, rejects, in_order)


def cut(chunk: Chunk, rows: int) -> tuple[Chunk, Chunk | None]:
    """Its first `rows` rows, at least one, and the others; None if there are no others.

    A code that repeats one of the first part is the second part's own: it is in the campaign by then, by the same
    import, and `tally_of` counts it as what it is.
    """
    if rows >= chunk.rows:
        return chunk, None
    first = _part(chunk, chunk.in_order[:rows], chunk.start)
    return first, _part(chunk, chunk.in_order[rows:], first.end)


def since(chunk: Chunk, byte: int) -> Chunk | None:
    """Its rows that end after this place; None if there are none."""
    written = bisect_right(chunk.in_order, byte, key=lambda read: read.end.byte)
    if written == 0:
        return chunk
    return cut(chunk, written)[1]


def _part(chunk: Chunk, in_order: Sequence[RowRead], start: Place) -> Chunk:
    """In proportion to the text: exact for a plain object, and near enough for the progress of a gzip."""
    bytes_read = chunk.bytes_read * in_order[-1].end.byte // max(chunk.end.byte, 1)
    return chunk_of(in_order, start=start, columns=chunk.columns, bytes_read=bytes_read, code_type=chunk.code_type)
