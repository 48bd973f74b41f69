"""Bytes of CSV text to rows, in pieces of any size, with the exact place after each row.

In:       an object's text as bytes, from its first byte or from a place that was reached before.
Out:      one `CodeRow` or `RejectedRow` a row, in order, none for a blank line or a header. ImportFailed: `not_utf8`.
Promise:  how the text is cut into pieces changes nothing, nor does going on at any row's end. What is held in memory
          is bounded by a piece and `line_bytes_max`.

RFC 4180 with LF or CRLF, a BOM, a last line without an end. A quoted cell may hold commas, quotes and line ends. A
quote that is not closed within 100 lines and `line_bytes_max` bytes rejects its own line only; reading goes on with
the next one, so that one stray quote does not swallow the codes after it.

An object that is not UTF-8 fails as a whole, after the rows before the first wrong byte. Rejecting single rows would
be kinder to one stray letter, but whoever exports in another encoding gets that in all rows, and a report of a
million lines tells less than one word; and the contract says that objects are UTF-8. Codes are ASCII, so the text is
read as Latin-1 once it is known to be UTF-8: a character is then a byte, and places are exact without counting.
"""

import csv
from codecs import utf_8_decode
from collections.abc import Iterator
from typing import Final, NamedTuple

from handlers.imports.cells import WHITE, Columns, RejectedRow, RejectReason, Row, header_of, row_of
from handlers.imports.lines import Lines
from schemas.errors import ImportFailed

BOM: Final = b"\xef\xbb\xbf"
LINE_BYTES_LIMIT: Final = 1_048_576
"""The longest line that settings allow."""

csv.field_size_limit(LINE_BYTES_LIMIT)  # the module's own limit is 128 KiB, for all readers of a process


class Place(NamedTuple):
    """Between two rows."""

    byte: int = 0
    """Bytes of text before it."""
    line: int = 0
    """Lines before it."""


class RowReader:
    """Reads one object's text once."""

    def __init__(self, place: Place, columns: Columns | None, *, line_bytes_max: int) -> None:
        """`columns` is what the first row says, None if `place` is before it."""
        self.place = place
        self.columns = columns
        self._line_bytes_max = line_bytes_max
        self._undecided = b""
        self._carry = b""
        self._skipped = 0
        self._at_begin = place.byte == 0

    def read(self, data: bytes, *, final: bool = False) -> Iterator[Row]:
        """The rows that this piece completes. Take all of them before the next piece; `place` follows each.

        Raises:
            ImportFailed: `not_utf8`, after the rows before that.
        """
        good, is_utf8 = self._checked(data, final=final)
        text = self._without_bom(self._carry + good, final=final)
        lines = Lines(text.decode("latin-1"), final=final and is_utf8, line_bytes_max=self._line_bytes_max)
        yield from self._rows(lines)
        self._carry = lines.rest().encode("latin-1")
        if not is_utf8:
            raise ImportFailed("not_utf8")

    def _checked(self, data: bytes, *, final: bool) -> tuple[bytes, bool]:
        """The bytes up to the first that is not UTF-8, and whether there is none. A cut character waits."""
        data = self._undecided + data
        if data.isascii():
            self._undecided = b""
            return data, True
        try:
            _, length = utf_8_decode(data, "strict", final)
        except UnicodeDecodeError as why:
            return data[: why.start], False
        self._undecided = data[length:]
        return data[:length], True

    def _without_bom(self, text: bytes, *, final: bool) -> bytes:
        if not self._at_begin or (not final and len(text) < len(BOM) and BOM.startswith(text)):
            return text
        self._at_begin = False
        if not text.startswith(BOM):
            return text
        self.place = Place(len(BOM), 0)
        return text[len(BOM) :]

    def _rows(self, lines: Lines) -> Iterator[Row]:
        cells = csv.reader(lines, strict=True)
        if self._skipped:
            yield from self._skipping(lines)
        while self._skipped == 0 and not self._at_begin:
            lines.begin_row()
            try:
                found = next(cells, None)
            except csv.Error:
                if lines.stop == "dry":
                    return
                yield self._broken(lines)
                continue
            if found is not None:
                yield from self._row(lines, found)
            elif lines.stop == "long_line":
                yield from self._skipping(lines)
            else:
                return

    def _row(self, lines: Lines, cells: list[str]) -> Iterator[Row]:
        line = self._taken(lines)
        if len(cells) <= 1 and not lines.first.strip(WHITE):
            lines.skip_blank()
            self._taken(lines)
            return
        if self.columns is None:
            header = header_of(cells)
            self.columns = header or Columns()
            if header is not None:
                return
        yield row_of(line, cells, self.columns)

    def _broken(self, lines: Lines) -> Row:
        lines.only_first()
        return self._rejected(self._taken(lines), "bad_quoting" if '"' in lines.first else "bad_character")

    def _skipping(self, lines: Lines) -> Iterator[Row]:
        """Go past a line that is too long; it becomes a row when its end is found."""
        is_over = lines.skip_line()
        self._skipped += lines.size
        if not is_over:
            lines.begin_row()
            return
        self.place = Place(self.place.byte + self._skipped, self.place.line + 1)
        self._skipped = 0
        yield self._rejected(self.place.line, "line_too_long")

    def _rejected(self, line: int, reason: RejectReason) -> Row:
        self.columns = self.columns or Columns()
        return RejectedRow(line, reason)

    def _taken(self, lines: Lines) -> int:
        """Move past the row; gives its first line's number."""
        first = self.place.line + 1
        self.place = Place(self.place.byte + lines.size, self.place.line + lines.count)
        return first
