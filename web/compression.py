"""The live stream as gzip, compressed once for all clients that get the same content.

In:       content for many clients; a client's `Accept-Encoding`.
Out:      independent pieces, which may follow `GZIP_HEADER` in any order.
Promise:  a client can decompress each piece in full when it arrives. A stream has no planned end, so no trailer.
"""

import zlib
from typing import Final

GZIP_HEADER: Final = bytes.fromhex("1f8b08000000000000ff")
LEVEL: Final = 1
"""Compresses campaigns as JSON to an eighth; higher levels take several times as long for little gain."""


def piece(content: bytes) -> bytes:
    """Compress content to whole bytes of deflate, without a final block."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush(zlib.Z_SYNC_FLUSH)


def accepts_gzip(header: str | None) -> bool:
    """Whether an `Accept-Encoding` header names gzip with a weight other than 0."""
    codings = ("".join(coding.split()).lower().partition(";q=") for coding in (header or "").split(","))
    return any(name == "gzip" and (not sign or weight.strip("0.") != "") for name, sign, weight in codings)
