"""An object's bytes to its text, in pieces of bounded size, whatever a gzip unfolds to.

In:       the object's bytes in order, cut anywhere.
Out:      pieces of text of at most `PIECE_BYTES`. ImportFailed: `bad_gzip`, `too_large`.
Promise:  a piece is made when it is asked for; a gzip bomb costs time up to the limit, never memory.
"""

import zlib
from collections.abc import Iterator
from typing import Final, Protocol

from schemas.errors import ImportFailed

PIECE_BYTES: Final = 256 * 1024
SLICE_BYTES: Final = 16 * 1024
"""Of a gzip, unfolded at once. What is left of it is copied at each member's end, and members may be tiny."""
GZIP_WINDOW: Final = 31
"""zlib's word for a gzip header and trailer."""


class Text(Protocol):
    """How an object is read."""

    def bytes_up_to(self, place: int) -> int:
        """Bytes of the object that the text up to this place is made of, as exactly as is known."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """The text in these bytes of the object. Take all pieces before the next bytes."""

    def end(self) -> None:
        """Raises ImportFailed if the object ends within a character or a gzip member."""


class PlainText:
    """The object is the text; it may be read from any place."""

    def bytes_up_to(self, place: int) -> int:
        """The very place: what was prefetched behind it is not read yet."""
        return place

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """See `Text.pieces`."""
        for at in range(0, len(data), PIECE_BYTES):
            yield data[at : at + PIECE_BYTES]

    def end(self) -> None:
        """Any end is a good one."""


class GzipText:
    """The object is a gzip of one member or more; read from its first byte, it gives the text from `start` on."""

    def __init__(self, start: int, text_bytes_max: int) -> None:
        self.taken = 0
        """Bytes of the object that the pieces so far were made of."""
        self._to_skip = start
        self._left = text_bytes_max
        self._member = zlib.decompressobj(GZIP_WINDOW)
        self._fresh = True
        """Between two members."""

    def bytes_up_to(self, place: int) -> int:  # noqa: ARG002  # of a gzip only the newest piece's place is known
        """What the pieces so far were made of, at most a piece more than the rows."""
        return self.taken

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """See `Text.pieces`; those before `start` are empty."""
        for at in range(0, len(data), SLICE_BYTES):
            yield from self._pieces_of_slice(data[at : at + SLICE_BYTES])

    def _pieces_of_slice(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._fresh and self.taken and not data.strip(b"\0"):
                self.taken += len(data)  # padding, as tape archives and some tools leave it
                return
            piece, rest = self._unfold(data)
            self.taken += len(data) - len(rest)
            data = rest
            yield self._wanted(piece)
        while not self._fresh and (piece := self._unfold(b"")[0]):  # zlib had taken more than it gave
            yield self._wanted(piece)

    def end(self) -> None:
        """Raises ImportFailed(`bad_gzip`) within a member: the object was cut."""
        if not self._fresh:
            raise ImportFailed("bad_gzip")

    def _unfold(self, data: bytes) -> tuple[bytes, bytes]:
        """One piece, and the bytes not used for it."""
        self._fresh = False
        try:
            piece = self._member.decompress(data, PIECE_BYTES)
        except zlib.error:
            raise ImportFailed("bad_gzip") from None
        if not self._member.eof:
            return piece, self._member.unconsumed_tail
        rest = self._member.unused_data
        self._member, self._fresh = zlib.decompressobj(GZIP_WINDOW), True
        return piece, rest

    def _wanted(self, piece: bytes) -> bytes:
        self._left -= len(piece)
        if self._left < 0:
            raise ImportFailed("too_large")
        skipped = min(self._to_skip, len(piece))
        self._to_skip -= skipped
        return piece[skipped:]
