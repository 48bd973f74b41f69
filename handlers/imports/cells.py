"""One row's cells to a code, or to the reason why it has none.

In:   the cells of a row, each byte of the text as one character (see `handlers.imports.rows`).
Out:  `CodeRow` or `RejectedRow`; `Columns` from a header.

| reason | what is wrong with the row |
|---|---|
| `empty` | it has no code: the cell is empty, or the row is too short to have one |
| `too_long` | the code has more than 128 characters |
| `bad_character` | a character of the code is not visible ASCII, or is a comma, quote or space; or a lone CR |
| `code_type` | the `code_type` cell is neither `tm` nor `external` (in any case), nor empty |
| `bad_quoting` | a quote is not closed within the row's limits, or something follows a closing one |
| `line_too_long` | the line has more bytes than `importer.line_bytes_max` |
"""

import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from schemas.base import CodeType

RejectReason = Literal["empty", "too_long", "bad_character", "code_type", "bad_quoting", "line_too_long"]

CODE_LENGTH_MAX: Final = 128
CODE: Final = re.compile(r"[!#-+\--~]{1,128}")
"""Visible ASCII but for quote and comma."""
WHITE: Final = " \t\r\n\v\f"
CODE_TYPES: Final[dict[str, CodeType]] = {"tm": "tm", "external": "external"}


class Columns(NamedTuple):
    """Where a row has what."""

    code: int = 0
    code_type: int | None = None
    """None: every row has the command's."""


class CodeRow(NamedTuple):
    """A row with a code."""

    line: int
    """Of the row's first line; the object's first is 1."""
    code: str
    """The secret."""
    code_type: CodeType | None
    """None: the command's."""


class RejectedRow(NamedTuple):
    """A row without one."""

    line: int
    reason: RejectReason


Row = CodeRow | RejectedRow


def header_of(cells: Sequence[str]) -> Columns | None:
    """The columns that a first row names; None if it is no header."""
    names = [trimmed(cell).lower() for cell in cells]
    if "code" not in names:
        return None
    return Columns(names.index("code"), names.index("code_type") if "code_type" in names else None)


def row_of(line: int, cells: Sequence[str], columns: Columns) -> Row:
    """What a row says."""
    code = cell_of(cells, columns.code)
    if CODE.fullmatch(code) is None:
        return RejectedRow(line, why_no_code(code))
    code_type: CodeType | None = None
    if columns.code_type is not None:
        word = cell_of(cells, columns.code_type).lower()
        code_type = CODE_TYPES.get(word)
        if word and code_type is None:
            return RejectedRow(line, "code_type")
    return CodeRow(line, code, code_type)


def cell_of(cells: Sequence[str], column: int) -> str:
    """A cell, trimmed; a row that is too short has an empty one."""
    return trimmed(cells[column]) if column < len(cells) else ""


def trimmed(cell: str) -> str:
    """Without leading and trailing white space, that of all languages.

    Characters beyond ASCII count as one each from here.
    """
    cut = cell.strip(WHITE)
    return cut if cut.isascii() else cut.encode("latin-1").decode().strip()


def why_no_code(cell: str) -> RejectReason:
    """The reason word for what is no code."""
    if not cell:
        return "empty"
    return "too_long" if len(cell) > CODE_LENGTH_MAX else "bad_character"
