"""Chunks that are cut at a row's end, and where the rows after a place start."""

import pytest

from handlers.imports.chunks import Chunk, Chunker, cut, since
from handlers.imports.progress import advanced, tally_of
from handlers.imports.rows import Place, RowReader
from handlers.imports.texts import PlainText
from schemas.documents import ImportDocument
from tests.unit.handlers.imports.test_chunks import NOW, a_document, chunks_of

CUT = b'\xef\xbb\xbfcode,code_type\r\nA1,external\r\n\r\nA1,\nA 2,\n"A3",tm\nOLD,\nA1,tm\nA3,\nOLD,\nA4,'
"""Nine rows: a blank line, quotes, repeats, a rejected row, a code that the campaign has, and no end of the last."""


def a_long_chunk() -> Chunk:
    """`CUT` in one chunk."""
    reader = RowReader(Place(), None, line_bytes_max=128)
    chunker = Chunker(PlainText(), reader, code_type="tm", rows_per_chunk=lambda: 100, rows_left=100)
    [chunk] = chunks_of(chunker, CUT)
    return chunk


@pytest.mark.parametrize("rows", range(1, 10))
def test_a_chunk_is_cut_at_any_row(rows: int) -> None:
    """Its parts, written one after the other, leave the same codes, counts and place as the whole."""
    chunk = a_long_chunk()

    def written(parts: list[Chunk]) -> tuple[ImportDocument, dict[str, str]]:
        document, there = a_document(), {"OLD": "another"}
        for part in parts:
            existing = {code: there[code] for code in part.codes if code in there}
            document = advanced(document, part, tally_of(part, existing, document.id), now=NOW)
            there = {**dict.fromkeys(part.codes, document.id), **there}
        return document, there

    first, second = cut(chunk, rows)

    parts = [first] if second is None else [first, second]
    assert [rows, 9 - rows][: len(parts)] == [part.rows for part in parts]
    assert written([chunk]) == written(parts)
    assert chunk.start == first.start
    assert second is None or first.end == second.start


def test_the_rest_of_a_chunk_is_what_comes_after_a_place() -> None:
    """All of it at its start, nothing of it at its end, and at each row's end the rows after that."""
    chunk = a_long_chunk()
    places = [chunk.start.byte, *(read.end.byte for read in chunk.in_order)]

    rests = [since(chunk, byte) for byte in places]

    assert [9, 8, 7, 6, 5, 4, 3, 2, 1, 0] == [0 if rest is None else rest.rows for rest in rests]
    assert places[:-1] == [rest.start.byte for rest in rests if rest is not None]
    assert chunk is rests[0]


def test_chunks_become_as_large_as_they_may_be_when_they_begin() -> None:
    """Not within one."""
    sizes = iter([1, 2, 3, 4])
    reader = RowReader(Place(), None, line_bytes_max=128)
    chunker = Chunker(PlainText(), reader, code_type="tm", rows_per_chunk=lambda: next(sizes), rows_left=100)

    assert [1, 2, 1] == [chunk.rows for chunk in chunks_of(chunker, b"A1\nA2\nA3\nA4\n")]
