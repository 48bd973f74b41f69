"""Rows to chunks, and what an import's document and events say of them."""

import gzip
from datetime import UTC, datetime
from random import Random

import pytest

from handlers.imports.cells import Columns, RejectedRow
from handlers.imports.chunks import Chunk, Chunker, cut
from handlers.imports.progress import (
    Tally,
    advanced,
    begun,
    columns_of,
    ended,
    event_of,
    identity_of,
    located,
    place_of,
    rejects_of,
    shard_changes,
    tally_of,
    why_not_loadable,
)
from handlers.imports.rows import Place, RowReader
from handlers.imports.texts import GzipText, PlainText
from schemas.base import CodeType
from schemas.documents import ImportDocument
from schemas.errors import ImportFailed
from schemas.records import Asked, IncomingRecord
from schemas.requests import ImportCommand, content_digest
from schemas.settings import ImporterSettings

NOW = datetime(2026, 11, 24, 2, 0, 0, 123_456, tzinfo=UTC)
RECORD = IncomingRecord("codes.import.commands.v1", 0, 7, 1_795_485_600_000, b"sale", b"{}", ())


def a_document() -> ImportDocument:
    """An import that has just begun."""
    command = ImportCommand(request_id="i1", campaign_id="sale", bucket="bucket", key="key.csv")
    return begun(Asked(command, content_digest(command), "import.commands.v1.0@7", RECORD), run="run", now=NOW)


def a_chunker(text: PlainText | GzipText | None = None, *, rows_left: int = 1_000) -> Chunker:
    """Chunks of three rows."""
    reader = RowReader(Place(), None, line_bytes_max=128)
    return Chunker(text or PlainText(), reader, code_type="tm", rows_per_chunk=lambda: 3, rows_left=rows_left)


def chunks_of(chunker: Chunker, data: bytes) -> list[Chunk]:
    """All chunks of an object that comes in one range."""
    full = [chunk for chunk in chunker.steps(data, final=True) if chunk is not None]
    rest = chunker.rest()
    return full if rest is None else [*full, rest]


def a_chunk(data: bytes) -> Chunk:
    """The only chunk of an object."""
    [chunk] = chunks_of(a_chunker(), data)
    return chunk


def test_chunks_follow_one_another() -> None:
    """Each starts where the last ended, and says how many bytes and lines that is."""
    chunks = chunks_of(a_chunker(), b"code\nA1\nA2\n\nA3\nA4\nA 5\n")

    assert [(Place(0, 0), Place(15, 5)), (Place(15, 5), Place(22, 7))] == [
        (chunk.start, chunk.end) for chunk in chunks
    ]
    assert [("A1", "A2", "A3"), ("A4",)] == [tuple(chunk.codes) for chunk in chunks]
    assert [[], [RejectedRow(7, "bad_character")]] == [chunk.rejects for chunk in chunks]
    assert [3, 2] == [chunk.rows for chunk in chunks]
    assert Columns(0, None) == chunks[0].columns


def test_a_code_is_in_a_chunk_once() -> None:
    """Its first row says its type; the others are repeats, and all are rows."""
    chunk = a_chunk(b"code,code_type\nA1,external\nA1,tm\nA2,\n")

    assert {"A1": "external", "A2": "tm"} == chunk.codes
    assert {"A1": 1} == chunk.repeats
    assert 3 == chunk.rows


def test_more_rows_than_allowed_fail_after_those_allowed() -> None:
    """The row too many is not counted."""
    chunker = a_chunker(rows_left=2)

    with pytest.raises(ImportFailed, match="too_many_rows"):
        list(chunker.steps(b"A1\nA2\nA3\n", final=True))
    rest = chunker.rest()

    assert rest is not None
    assert (("A1", "A2"), Place(6, 2)) == (tuple(rest.codes), rest.end)


def test_as_many_rows_as_allowed_do_not_fail() -> None:
    """Blank lines after them are none."""
    assert 2 == sum(chunk.rows for chunk in chunks_of(a_chunker(rows_left=2), b"A1\nA2\n\n\n"))


def test_a_truncated_gzip_keeps_the_rows_before() -> None:
    """What could be read of it is in the rest."""
    chunker = a_chunker(GzipText(0, 1_000))

    with pytest.raises(ImportFailed, match="bad_gzip"):
        list(chunker.steps(gzip.compress(b"A1\nA2\nA3")[:-4], final=True))
    rest = chunker.rest()

    assert rest is not None
    assert ("A1", "A2") == tuple(rest.codes)


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        ({}, Tally(inserted=1, in_file=2, in_campaign=0)),
        ({"A1": "i1"}, Tally(inserted=0, in_file=3, in_campaign=0)),
        ({"A1": "other"}, Tally(inserted=0, in_file=0, in_campaign=3)),
    ],
)
def test_duplicates_are_distinguished(existing: dict[str, str], expected: Tally) -> None:
    """By where the code came from: this file, or elsewhere. It does not matter where chunks start."""
    assert expected == tally_of(a_chunk(b"A1\nA1\nA1\n"), existing, "i1")


def test_the_counts_add_up_after_each_chunk() -> None:
    """rows_read = inserted + duplicates + rejected; and the checkpoint is where the chunk ended."""
    document = a_document()
    for chunk in chunks_of(a_chunker(), b"code\nA1\nA1\nA 2\nA3\nA4\n"):
        existing = {"A3": "other"} if "A3" in chunk.codes else {}
        document = advanced(document, chunk, tally_of(chunk, existing, "i1"), now=NOW)
        event = event_of(document)
        assert event.rows_read == event.inserted + event.duplicates + event.rejected
        assert event.duplicates == event.duplicates_in_file + event.duplicates_in_campaign

    assert (5, 2, 1, 1, 1) == (
        event.rows_read,
        event.inserted,
        event.duplicates_in_file,
        event.duplicates_in_campaign,
        event.rejected,
    )
    assert Place(21, 6) == place_of(document)
    assert Columns(0, None) == columns_of(document)


def test_progress_counts_the_bytes_whose_rows_are_in_a_chunk() -> None:
    """Not those that were read in advance: 27,500 rows of 50,000 are 55 percent, though all is there already."""
    data = b"".join(b"CODE%06d\n" % number for number in range(50_000))
    chunker = Chunker(
        PlainText(),
        RowReader(Place(), None, line_bytes_max=128),
        code_type="tm",
        rows_per_chunk=lambda: 5_500,
        rows_left=50_000,
    )
    chunks = [chunk for chunk in chunker.steps(data, final=True) if chunk is not None]
    document = located(a_document(), etag='"e"', size_bytes=len(data), gzip=False, now=NOW)
    for chunk in chunks[:5]:
        document = advanced(document, chunk, Tally(chunk.rows, 0, 0), now=NOW)

    assert (27_500, 0.55) == (document.rows_read, document.bytes_read / len(data))
    first, _ = cut(chunks[0], 550)
    assert 0.011 == first.bytes_read / len(data)


def test_the_progress_of_a_gzip_is_that_of_its_pieces() -> None:
    """It rises with the rows, and is nowhere near the end while half of them are to come."""
    chance = Random(7)
    data = gzip.compress(b"".join(b"%020x\n" % chance.getrandbits(80) for _ in range(60_000)))
    reader = RowReader(Place(), None, line_bytes_max=128)
    text = GzipText(0, 1 << 30)
    chunker = Chunker(text, reader, code_type="tm", rows_per_chunk=lambda: 6_000, rows_left=60_000)
    shares = [chunk.bytes_read / len(data) for chunk in chunker.steps(data, final=True) if chunk is not None]

    assert shares == sorted(shares)
    assert 0.5 <= shares[4] < 0.6


def test_events_are_distinguished_by_where_the_import_is() -> None:
    """The same state has the same identity; the end has one of its own, whatever it counts."""
    first = a_document()
    seen = located(first, etag='"e"', size_bytes=100, gzip=False, now=NOW)
    moved = advanced(seen, a_chunk(b"A1\n"), Tally(1, 0, 0), now=NOW)
    end = ended(moved, "completed", None, None, now=NOW)

    identities = [identity_of(document) for document in (first, seen, moved, end)]

    assert 4 == len(set(identities))
    assert identity_of(end) == identity_of(ended(moved, "failed", "bad_gzip", None, now=NOW))
    assert 100 == end.bytes_read


@pytest.mark.parametrize(
    ("size", "gzip_", "expected"),
    [(0, False, "empty"), (10, False, None), (11, False, "too_large"), (11, True, None), (21, True, "too_large")],
)
def test_sizes_that_cannot_be_loaded(size: int, gzip_: bool, expected: str | None) -> None:
    """A text counts as text from the start, a gzip only when it is unfolded."""
    document = located(a_document(), etag='"e"', size_bytes=size, gzip=gzip_, now=NOW)

    assert expected == why_not_loadable(document, ImporterSettings(object_bytes_max=20, text_bytes_max=10))


def test_a_chunk_without_rejects_writes_none() -> None:
    """One with some writes their lines and reasons, never what was in them."""
    assert rejects_of(a_chunk(b"A1\n"), "i1") is None
    found = rejects_of(a_chunk(b"A1\nA 2\n,\n"), "i1")

    assert found is not None
    assert ("i1:2", 2, (2, 3), ("bad_character", "empty")) == (found.id, found.line, found.lines, found.reasons)


def test_shards_count_what_was_inserted() -> None:
    """One for each code type, its version one higher."""
    types: list[CodeType] = ["tm", "external", "tm"]
    first = shard_changes(a_document(), types, [], shard="import.commands.v1.0", now=NOW)
    again = shard_changes(
        a_document(), types, [change.after for change in first], shard="import.commands.v1.0", now=NOW
    )

    assert [("sale:tm:import.commands.v1.0", 2), ("sale:external:import.commands.v1.0", 1)] == [
        (change.after.id, change.after.available) for change in first
    ]
    assert [(0, 1), (0, 1), (1, 2), (1, 2)] == [
        (change.version_before, change.after.version) for change in (*first, *again)
    ]
    assert [4, 2] == [change.after.available for change in again]


def test_a_first_chunk_without_codes_makes_the_campaign_known() -> None:
    """Its shard counts zero; a later chunk without codes changes nothing."""
    [shard] = [change.after for change in shard_changes(a_document(), [], [], shard="import.commands.v1.0", now=NOW)]

    assert ("tm", 0, 1) == (shard.code_type, shard.available, shard.version)
    assert () == shard_changes(a_document(), [], [shard], shard="import.commands.v1.0", now=NOW)
