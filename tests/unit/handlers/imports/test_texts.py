"""An object's bytes to its text: plain and gzip, whole, cut, padded, and bombs."""

import gzip
import zlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.imports.texts import PIECE_BYTES, GzipText, PlainText
from schemas.errors import ImportFailed

NO_LIMIT = 1 << 40


def unfolded(data: bytes, step: int, start: int = 0) -> bytes:
    """The text of a gzip that comes in ranges of so many bytes."""
    text = GzipText(start, NO_LIMIT)
    found = b"".join(piece for at in range(0, len(data), step) for piece in text.pieces(data[at : at + step]))
    text.end()
    assert len(data) == text.taken
    return found


def test_a_plain_text_is_cut_into_pieces() -> None:
    """None is larger than a piece may be, and all together are the same."""
    data = bytes(2 * PIECE_BYTES + 1)
    text = PlainText()

    pieces = list(text.pieces(data))
    text.end()

    assert data == b"".join(pieces)
    assert [PIECE_BYTES, PIECE_BYTES, 1] == [len(piece) for piece in pieces]
    assert 100 == text.bytes_up_to(100)


@given(
    members=st.lists(st.binary(max_size=300), min_size=1, max_size=4),
    step=st.integers(1, 200),
    padding=st.integers(0, 40),
    start=st.integers(0, 400),
)
def test_members_ranges_and_padding_change_nothing(members: list[bytes], step: int, padding: int, start: int) -> None:
    """Members follow one another, ranges cut anywhere, zeros after the end are no text; `start` skips text."""
    data = b"".join(gzip.compress(member) for member in members) + bytes(padding)

    assert b"".join(members)[start:] == unfolded(data, step, start)


def test_many_tiny_members_are_read_in_bounded_time() -> None:
    """What follows a member is not copied as often as there are members."""
    data = gzip.compress(b"A\n", mtime=0) * 50_000

    assert b"A\n" * 50_000 == unfolded(data, len(data))


@pytest.mark.parametrize("cut", [1, 9, 30, 500])
def test_a_truncated_gzip_is_bad(cut: int) -> None:
    """Also if only the last byte of its check sum is missing."""
    data = gzip.compress(Random(1).randbytes(2_000))
    text = GzipText(0, NO_LIMIT)
    list(text.pieces(data[:-cut]))

    with pytest.raises(ImportFailed, match="bad_gzip"):
        text.end()


@pytest.mark.parametrize(
    "data",
    [b"code\nA1\n", gzip.compress(b"A1\n") + b"A2\n", gzip.compress(b"A1\n" * 99)[:-8] + bytes(8)],
    ids=["no gzip", "something after it", "wrong check sum"],
)
def test_what_is_no_gzip_is_bad(data: bytes) -> None:
    """Text under the name of a gzip, something after its end, a wrong check sum."""
    text = GzipText(0, NO_LIMIT)

    with pytest.raises(ImportFailed, match="bad_gzip"):
        list(text.pieces(data))


def test_a_bomb_is_too_large_and_comes_in_small_pieces() -> None:
    """A fifth of a gigabyte of zeros in 200 kB ends at the limit, and is never in memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    text = GzipText(0, 100 << 20)
    total = largest = 0

    def read() -> None:
        nonlocal total, largest
        for piece in text.pieces(bomb):
            total, largest = total + len(piece), max(largest, len(piece))

    with pytest.raises(ImportFailed, match="too_large"):
        read()
    assert PIECE_BYTES == largest
    assert (100 << 20) >= total > (99 << 20)
