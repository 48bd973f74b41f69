"""Chunks of generated objects, plain and gzip: `make fuzz` reads 100,000 of them."""

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from random import Random
from typing import Final, NamedTuple, get_args

import pytest

from handlers.imports.cells import CODE, CodeRow, RejectReason, Row
from handlers.imports.chunks import Chunk, Chunker
from handlers.imports.rows import Place, RowReader
from handlers.imports.texts import GZIP_WINDOW, GzipText, PlainText
from schemas.errors import ImportFailed
from tests.fakes.fuzz_files import FILE_KINDS, FuzzedFile, a_fuzzed_file
from tests.fakes.fuzz_seed import TIMES, seeded

FILES: Final = 10_000 * TIMES
LINE_BYTES_MAX: Final = 512
ROWS_MAX: Final = 150
TEXT_BYTES_MAX: Final = 4_000
REASONS: Final = frozenset({"bad_gzip", "too_large", "too_many_rows", "not_utf8"})


class Read(NamedTuple):
    """What came of an object."""

    chunks: Sequence[Chunk]
    reason: str | None

    @property
    def rows(self) -> Sequence[tuple[Row, Place]]:
        """All rows, with the places after them."""
        return [read for chunk in self.chunks for read in chunk.in_order]


def read(file: FuzzedFile, pieces: Sequence[bytes], rows_per_chunk: int) -> Read:
    """Read it as the importer does; any exception but ImportFailed is a defect."""
    chunker = Chunker(
        GzipText(0, TEXT_BYTES_MAX) if file.is_gzip else PlainText(),
        RowReader(Place(), None, line_bytes_max=LINE_BYTES_MAX),
        code_type="tm",
        rows_per_chunk=lambda: rows_per_chunk,
        rows_left=ROWS_MAX,
    )
    chunks: list[Chunk] = []
    reason: str | None = None
    try:
        chunks.extend(all_full(chunker, pieces))
    except ImportFailed as why:
        reason = str(why)
    rest = chunker.rest()
    return Read(chunks if rest is None else [*chunks, rest], reason)


def all_full(chunker: Chunker, pieces: Sequence[bytes]) -> Iterator[Chunk]:
    for number, piece in enumerate(pieces):
        yield from filter(None, chunker.steps(piece, final=number == len(pieces) - 1))


def in_pieces(random: Random, data: bytes) -> Sequence[bytes]:
    """Cut anywhere; a byte each, for a short one now and then."""
    if len(data) < 200 and random.random() < 0.2:
        return [*(data[at : at + 1] for at in range(len(data))), b""]
    edges = sorted(random.randrange(len(data) + 1) for _ in range(random.randrange(5)))
    return [data[start:stop] for start, stop in zip([0, *edges], [*edges, len(data)], strict=True)]


@pytest.mark.timeout(60 + 40 * TIMES)
def test_every_object_is_rows_and_perhaps_a_reason() -> None:
    """No other exception; codes are codes, no row is lost or counted twice, and cutting changes nothing."""
    random, ends = seeded(), Counter[tuple[str, str | None]]()
    for number in range(FILES):
        file = a_fuzzed_file(random, number)
        try:
            whole = read(file, [file.data], 1_000_000)
            check(file, whole)
            parts = read(file, in_pieces(random, file.data), random.choice((1, 7, 1_000)))
            check_same(file, whole, parts)
        except Exception as why:
            raise AssertionError(f"file {number}, {file.kind}: {file.data[:1_000]!r}") from why
        ends[file.kind, whole.reason] += 1

    assert set(FILE_KINDS) == {kind for kind, _ in ends}
    assert REASONS | {None} == {reason for _, reason in ends}


def check(file: FuzzedFile, found: Read) -> None:
    """What must be true of the rows of an object, whatever it is."""
    assert found.reason in REASONS | {None}, "a word, and nothing of the object"
    text = text_of(file)
    last = Place()
    for row, place in found.rows:
        assert last.byte < place.byte <= len(text)
        assert last.line < row.line <= place.line
        check_row(row, text[last.byte : place.byte])
        last = place
    for chunk in found.chunks:
        assert chunk.rows == len(chunk.codes) + sum(chunk.repeats.values()) + len(chunk.rejects)
        assert set(chunk.repeats) <= set(chunk.codes)


def check_same(file: FuzzedFile, whole: Read, parts: Read) -> None:
    """Cutting a text changes nothing; how much of a gzip is read before its damage or its limit depends on it."""
    if file.is_gzip and {whole.reason, parts.reason} & {"bad_gzip", "too_large"}:
        common = min(len(whole.rows), len(parts.rows))
        assert whole.rows[:common] == parts.rows[:common]
    else:
        assert (whole.rows, whole.reason) == (parts.rows, parts.reason)


def check_row(row: Row, text: bytes) -> None:
    """A code is in its row's text; a rejected row has a reason of the list, and nothing else."""
    if isinstance(row, CodeRow):
        assert CODE.fullmatch(row.code)
        assert row.code.encode() in text
    else:
        assert row.reason in get_args(RejectReason)


def text_of(file: FuzzedFile) -> bytes:
    """The object's text up to where zlib itself finds it damaged."""
    if not file.is_gzip:
        return file.data
    text, member = bytearray(), zlib.decompressobj(GZIP_WINDOW)
    with suppress(zlib.error):
        for at in range(len(file.data)):
            text += member.decompress(file.data[at : at + 1])
            member = zlib.decompressobj(GZIP_WINDOW) if member.eof else member
    return bytes(text)
