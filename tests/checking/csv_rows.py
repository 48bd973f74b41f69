"""The rows of an imported object, by the rules of the contract.

In:       an object's bytes.
Out:      its rows in order: a code with its type, or the reason why the row is rejected. A header and blank lines are
          no rows.
Promise:  nothing of the importer is used. An object that cannot be read to its end gives the rows before that.
"""

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

LINES_PER_ROW_MAX: Final = 100
LINE_BYTES_MAX: Final = 65_536
"""Default of the setting."""
GZIP_MAGIC: Final = b"\x1f\x8b"
BOM: Final = "\ufeff"
WHITE: Final = " \t\r\n\v\f"
IS_CODE: Final = re.compile(r"[!#-+\--~]{1,128}").fullmatch
CODE_LENGTH_MAX: Final = 128
TYPES: Final = ("tm", "external", "")


class Row(NamedTuple):
    """A row of the file. Either `code` or `reason` is empty."""

    line: int
    code: str
    """A secret."""
    code_type: str
    """Empty: the command's."""
    reason: str


class Columns(NamedTuple):
    """Where a row has what."""

    code: int
    code_type: int | None


class RowLines(NamedTuple):
    """The cells of a row, None if its quotes are wrong, and how many lines it takes."""

    cells: Sequence[str] | None
    lines: int


def rows_of(data: bytes) -> list[Row]:
    """All rows that can be read."""
    return list(rows_in(lines_of(text_of(data))))


def text_of(data: bytes) -> str:
    """The text up to the first byte that is not readable."""
    if data.startswith(GZIP_MAGIC):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            return ""
    try:
        text = data.decode()
    except UnicodeDecodeError as why:
        whole_lines, _, _ = data[: why.start].rpartition(b"\n")
        text = whole_lines.decode()
    return text.removeprefix(BOM)


def lines_of(text: str) -> list[str]:
    """Only LF ends a line; CR before it belongs to the end."""
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def rows_in(lines: Sequence[str]) -> Iterator[Row]:
    """The rows of these lines. The first row may be a header."""
    columns: Columns | None = None
    at = 0
    while at < len(lines):
        line, number = lines[at], at + 1
        if not line.strip(WHITE):
            at += 1
            continue
        cells, count = cells_of(lines, at) if '"' in line else plain_cells(line)
        at += count
        if columns is None and cells is not None:
            header = header_of(cells)
            columns = header or Columns(0, None)
            if header is not None:
                continue
        columns = columns or Columns(0, None)
        yield row_of(number, cells, columns) if cells is not None else Row(number, "", "", why_broken(line))


def plain_cells(line: str) -> RowLines:
    """The cells of a line without quotes. A CR within it ends nothing, and is no character of a code."""
    text = line.rstrip("\r")
    if len(text) > LINE_BYTES_MAX // 4 and len(text.encode()) > LINE_BYTES_MAX:
        return RowLines(None, 1)
    return RowLines(None if "\r" in text else text.split(","), 1)


def why_broken(line: str) -> str:
    """The reason of a row whose cells cannot be separated."""
    if len(line.rstrip("\r").encode()) > LINE_BYTES_MAX:
        return "line_too_long"
    return "bad_quoting" if '"' in line else "bad_character"


def cells_of(lines: Sequence[str], at: int) -> RowLines:
    """The cells of a row with quotes, over as many lines as its last quote needs.

    A quote that stays open for too long costs its first line only.
    """
    text = lines[at]
    for count in range(1, min(LINES_PER_ROW_MAX, len(lines) - at) + 1):
        if count > 1:
            text += "\n" + lines[at + count - 1]
        if len(text.encode()) > LINE_BYTES_MAX:
            break
        cells = quoted_cells(text)
        if cells is not None:
            return RowLines(cells or None, count if cells else 1)
    return RowLines(None, 1)


CELL: Final = re.compile(r'"((?:[^"]|"")*)"(?=,|\r*\Z)|([^",\r][^,\r]*|)(?=,|\r*\Z)')
OPEN: Final = re.compile(r'"(?:[^"]|"")*\Z')


def quoted_cells(text: str) -> list[str] | None:
    """The cells; None if a quote is still open, empty if something follows a closing one."""
    cells: list[str] = []
    at = 0
    while True:
        found = CELL.match(text, at)
        if found is None:
            return None if OPEN.match(text, at) else []
        cells.append(found[2] if found[1] is None else found[1].replace('""', '"'))
        at = found.end()
        if not text.startswith(",", at):
            return cells
        at += 1


def header_of(cells: Sequence[str]) -> Columns | None:
    """The columns that a first row names; None if it is no header."""
    names = [trimmed(cell).lower() for cell in cells]
    if "code" not in names:
        return None
    return Columns(names.index("code"), names.index("code_type") if "code_type" in names else None)


def row_of(line: int, cells: Sequence[str], columns: Columns) -> Row:
    """What a row says."""
    code = trimmed(cells[columns.code]) if columns.code < len(cells) else ""
    if IS_CODE(code) is None:
        return Row(line, "", "", why_no_code(code))
    code_type = ""
    if columns.code_type is not None and columns.code_type < len(cells):
        code_type = trimmed(cells[columns.code_type]).lower()
    return Row(line, code, code_type, "") if code_type in TYPES else Row(line, "", "", "code_type")


def trimmed(cell: str) -> str:
    """Without white space at its ends, that of all languages."""
    cut = cell.strip(WHITE)
    return cut if cut.isascii() else cut.strip()


def why_no_code(cell: str) -> str:
    """The reason of a row whose code cell has no code."""
    if not cell:
        return "empty"
    return "too_long" if len(cell) > CODE_LENGTH_MAX else "bad_character"
