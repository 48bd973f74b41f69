"""CSV text to rows: what is a code, what is rejected and why. Cutting, or going on anywhere, changes nothing."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.imports.cells import CodeRow, Columns, RejectedRow, RejectReason, Row
from handlers.imports.rows import Place, RowReader
from schemas.base import CodeType
from schemas.errors import ImportFailed

LINE_BYTES_MAX = 128
BEGIN = Place()


def rows_of(text: bytes, *, line_bytes_max: int = LINE_BYTES_MAX) -> list[Row]:
    """All rows, read in one piece."""
    reader = RowReader(Place(), None, line_bytes_max=line_bytes_max)
    return [*reader.read(text), *reader.read(b"", final=True)]


def code(line: int, value: str, code_type: CodeType | None = None) -> Row:
    """A row with a code."""
    return CodeRow(line, value, code_type)


def rejected(line: int, reason: RejectReason) -> Row:
    """A row without one."""
    return RejectedRow(line, reason)


Found = list[tuple[Row, Place, Columns | None]]


def outcome(
    pieces: Sequence[bytes], place: Place = BEGIN, columns: Columns | None = None
) -> tuple[Found, str | None]:
    """The rows, the place and the columns after each, and why it ended if it failed."""
    reader = RowReader(place, columns, line_bytes_max=LINE_BYTES_MAX)
    found: Found = []
    try:
        for piece, final in [*((piece, False) for piece in pieces), (b"", True)]:
            found.extend((row, reader.place, reader.columns) for row in reader.read(piece, final=final))
    except ImportFailed as why:
        return found, why.reason
    return found, None


CASES: dict[str, tuple[bytes, list[Row]]] = {
    "nothing": (b"", []),
    "one code a line": (b"A1\nA2\n", [code(1, "A1"), code(2, "A2")]),
    "CRLF": (b"A1\r\nA2\r\n", [code(1, "A1"), code(2, "A2")]),
    "a last line without an end": (b"A1\nA2", [code(1, "A1"), code(2, "A2")]),
    "a last line with half an end": (b"A1\nA2\r", [code(1, "A1"), code(2, "A2")]),
    "one line without an end": (b"A1", [code(1, "A1")]),
    "a BOM": (b"\xef\xbb\xbfA1\n", [code(1, "A1")]),
    "a BOM alone": (b"\xef\xbb\xbf", []),
    "a BOM before a header": (b"\xef\xbb\xbfcode\nA1\n", [code(2, "A1")]),
    "a BOM in the middle": (b"A1\n\xef\xbb\xbfA2\n", [code(1, "A1"), rejected(2, "bad_character")]),
    "other columns without a header": (b"A1,x,y\nA2,x\n", [code(1, "A1"), code(2, "A2")]),
    "a header in any case": (b"Name,CODE\nx,A1\ny,A2\n", [code(2, "A1"), code(3, "A2")]),
    "a header with white space": (b" code , name\nA1,x\n", [code(2, "A1")]),
    "a quoted header": (b'"name","code"\r\n"x","A1"\r\n', [code(2, "A1")]),
    "a header alone": (b"code\n", []),
    "a header after blank lines": (b"\n\r\ncode\nA1\n", [code(4, "A1")]),
    "a header only in the first row": (b"A1\ncode\n", [code(1, "A1"), code(2, "code")]),
    "a code type column": (
        b"code,code_type\nA1,external\nA2,tm\nA3,\nA4\nA5,gold\nA6, TM \n",
        [
            code(2, "A1", "external"),
            code(3, "A2", "tm"),
            code(4, "A3"),
            code(5, "A4"),
            rejected(6, "code_type"),
            code(7, "A6", "tm"),
        ],
    ),
    "a code type without a header is another column": (b"A1,external\n", [code(1, "A1")]),
    "white space on both sides": (b"  A1\t\n\tA2 ,x\n", [code(1, "A1"), code(2, "A2")]),
    "white space of other languages": ("\u00a0A1\u3000\n".encode(), [code(1, "A1")]),
    "blank lines": (b"\nA1\n\n  \n\t\r\nA2\n\n", [code(2, "A1"), code(6, "A2")]),
    "very many blank lines": (
        b"A1\n" + b"\n" * 2_500 + b" \t\r\n" * 2_500 + b"A2\n",
        [code(1, "A1"), code(5_002, "A2")],
    ),
    "a blank line as long as allowed": (b"\n" + b" " * 128 + b"\nA1\n", [code(3, "A1")]),
    "a blank line that is too long": (
        b"\n\n" + b" " * 129 + b"\nA1\n",
        [rejected(3, "line_too_long"), code(4, "A1")],
    ),
    "blank lines before and after a lone CR": (b"\n\r \n\nA1\n", [rejected(2, "bad_character"), code(4, "A1")]),
    "an empty cell": (b"A1\n,x\n", [code(1, "A1"), rejected(2, "empty")]),
    "an empty quoted cell": (b'A1\n""\n', [code(1, "A1"), rejected(2, "empty")]),
    "a row too short for its code": (b"name,code\nx\n", [rejected(2, "empty")]),
    "the longest code": (b"A" * 128, [code(1, "A" * 128)]),
    "every character a code may have": (
        bytes(n for n in range(33, 127) if n not in b'",'),
        [code(1, "".join(chr(n) for n in range(33, 127) if chr(n) not in '",'))],
    ),
    "a space inside": (b"A 1\n", [rejected(1, "bad_character")]),
    "a comma inside quotes": (b'"A,1"\n', [rejected(1, "bad_character")]),
    "a quote inside quotes": (b'"A""1"\n', [rejected(1, "bad_character")]),
    "a quote in an unquoted cell": (b'A"1\n', [rejected(1, "bad_character")]),
    "NUL": (b"A\x001\nA2\n", [rejected(1, "bad_character"), code(2, "A2")]),
    "a control character": (b"A1\x7f\n", [rejected(1, "bad_character")]),
    "a letter beyond ASCII": ("Ä1\nA2\n".encode(), [rejected(1, "bad_character"), code(2, "A2")]),
    "letters beyond ASCII elsewhere": ("A1,Zoë\nA2,東京\n".encode(), [code(1, "A1"), code(2, "A2")]),
    "a lone CR": (b"A1\rA2\nA3\n", [rejected(1, "bad_character"), code(2, "A3")]),
    "a lone CR inside quotes": (b'"A\r1"\nA2\n', [rejected(1, "bad_character"), code(2, "A2")]),
    "a line end inside quotes": (b'"A\n1"\nA2\n', [rejected(1, "bad_character"), code(3, "A2")]),
    "line ends inside quotes elsewhere": (b'A1,"x\r\ny\n\nz"\nA2\n', [code(1, "A1"), code(5, "A2")]),
    "quoted codes": (b'"A1"\n"A2","x, ""y"""\n', [code(1, "A1"), code(2, "A2")]),
    "something after a closing quote": (b'"A1"x\nA2\n', [rejected(1, "bad_quoting"), code(2, "A2")]),
    "a quote that is never closed": (
        b'A1\n"A2\nA3\nA4\n',
        [code(1, "A1"), rejected(2, "bad_quoting"), code(3, "A3"), code(4, "A4")],
    ),
    "a quote that is never closed, at the end": (b'A1\n"A2', [code(1, "A1"), rejected(2, "bad_quoting")]),
    "a stray quote before quoted rows": (
        b'"A1\n"A2"\n"A3"\n',
        [rejected(1, "bad_quoting"), code(2, "A2"), code(3, "A3")],
    ),
    "a row whose quote is open for too many bytes": (
        b'A1,"' + b"\n".join(b"x" * 100 for _ in range(3)) + b'"\nA2\n',
        [
            rejected(1, "bad_quoting"),
            code(2, "x" * 100),
            rejected(3, "bad_character"),
            code(4, "A2"),
        ],
    ),
    "a line that is too long": (
        b"A1\n" + b"x" * 129 + b"\nA2\n",
        [code(1, "A1"), rejected(2, "line_too_long"), code(3, "A2")],
    ),
    "a line as long as allowed": (b"A1," + b"x" * 125 + b"\r\nA2\n", [code(1, "A1"), code(2, "A2")]),
    "a line that is too long, without an end": (b"A1\n" + b"x" * 999, [code(1, "A1"), rejected(2, "line_too_long")]),
    "a first line that is too long": (b"x" * 999 + b"\ncode\n", [rejected(1, "line_too_long"), code(2, "code")]),
    "quotes in a line that is too long": (
        b'"' * 999 + b"\nA2\n",
        [rejected(1, "line_too_long"), code(2, "A2")],
    ),
    "a line that is too long inside quotes": (
        b'A1,"x\n' + b"y" * 999 + b'"\nA2\n',
        [rejected(1, "bad_quoting"), rejected(2, "line_too_long"), code(3, "A2")],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_rows_as_they_should_be(text: bytes, expected: list[Row]) -> None:
    """Each oddity gives the rows, line numbers and reasons that its name says."""
    assert expected == rows_of(text)


def test_a_code_longer_than_allowed_is_too_long() -> None:
    """A letter of two bytes counts once."""
    text = b"A" * 129 + b"\n" + ("ä" * 128).encode() + b"\n"

    assert [rejected(1, "too_long"), rejected(2, "bad_character")] == rows_of(text, line_bytes_max=1_000)


def test_a_quote_open_over_too_many_lines_rejects_its_own_line_only() -> None:
    """The codes after a stray quote are not swallowed."""
    codes = [f"A{number}" for number in range(300)]
    text = ('"stray\n' + "\n".join(codes)).encode()

    assert [rejected(1, "bad_quoting"), *(code(n + 2, c) for n, c in enumerate(codes))] == rows_of(
        text, line_bytes_max=65_536
    )


def test_stray_quotes_in_every_line_cost_no_more_than_their_share() -> None:
    """The worst text, in which each line opens a quote anew and none closes it, is read in bounded time."""
    text = b'x","""\n' * 5_000

    assert 5_000 == len(rows_of(text, line_bytes_max=1_048_576))


def test_a_cell_may_be_as_long_as_a_line() -> None:
    """The csv module's own limit of 128 KiB does not hold here."""
    assert [code(1, "A1")] == rows_of(b"A1," + b"x" * 500_000, line_bytes_max=1_048_576)


@pytest.mark.parametrize("wrong", [b"\xff\xfeA\x001\x00", "Zoë".encode("latin-1"), b"\xc3", b"\xed\xa0\x80"])
def test_an_object_that_is_not_utf8_fails_after_the_rows_before(wrong: bytes) -> None:
    """The rows before the first wrong byte are read, the row it is in is not, nor any after it."""
    found, reason = outcome([b"A1\nA2\nA3,", wrong, b"\nA4\n"])

    assert "not_utf8" == reason
    assert [code(1, "A1"), code(2, "A2")] == [row for row, _, _ in found]
    assert Place(6, 2) == found[-1][1]


def test_memory_is_bounded_by_a_line_and_a_piece() -> None:
    """Of a line without an end nothing is kept but its length."""
    reader = RowReader(Place(), None, line_bytes_max=LINE_BYTES_MAX)

    for _ in range(100):
        assert [] == list(reader.read(b"x" * 10_000))
        assert len(reader._carry) <= 2 * LINE_BYTES_MAX

    assert [rejected(1, "line_too_long"), code(2, "A1")] == [*reader.read(b"\nA1\n"), *reader.read(b"", final=True)]
    assert Place(1_000_004, 2) == reader.place


TOKENS = (
    b"A1", b"B2,x", b"code", b"code_type", b"external", b",", b'"', b'""', b"\n", b"\r\n", b"\r", b" ", b"\t",
    b"\x00", b"\xef\xbb\xbf", "é".encode(), b"\xff", b"x" * 60, b'"\n', b"\n\n", b"tm,A3",
)  # fmt: skip
texts = st.lists(st.sampled_from(TOKENS), max_size=40).map(b"".join)


@given(text=texts, cuts=st.lists(st.integers(0, 400), max_size=8))
def test_cutting_changes_nothing(text: bytes, cuts: list[int]) -> None:
    """Pieces of any sizes give the same rows at the same places."""
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:stop] for start, stop in pairwise(edges)]
    single = [text[at : at + 1] for at in range(len(text))]

    assert outcome([text]) == outcome(pieces)
    assert outcome([text]) == outcome(single)


@given(text=texts)
def test_going_on_at_any_row_changes_nothing(text: bytes) -> None:
    """From the place after a row, with the columns known, come the rows that are left."""
    found, end = outcome([text])

    for number, (_, place, columns) in enumerate(found):
        assert (found[number + 1 :], end) == outcome([text[place.byte :]], place, columns)


@given(text=texts)
def test_places_are_of_the_text(text: bytes) -> None:
    """Bytes and lines before a place are as many as the text has there."""
    found, _ = outcome([text])

    for row, place, _ in found:
        before = text[: place.byte]
        assert before.count(b"\n") + (not before.endswith(b"\n")) == place.line
        assert 1 <= row.line <= place.line
