"""Gzip compression of the live stream, done once for all clients that are sent the same bytes.

In:       content that is sent to many clients at the same moment; a client's `Accept-Encoding`.
Out:      pieces that can follow `GZIP_HEADER` in any order: no piece refers to another one.
Promise:  a client can decompress each piece as soon as it arrives. A stream does not end, so it has no trailer.
"""

import zlib
from typing import Final

GZIP_HEADER: Final = bytes.fromhex("1f8b08000000000000ff")
LEVEL: Final = 1
"""Shrinks campaigns as JSON to an eighth; higher levels take several times as long for little gain."""


def piece(content: bytes) -> bytes:
    """Compress one part of a stream: complete bytes of deflate, without a final block."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush(zlib.Z_SYNC_FLUSH)


def accepts_gzip(header: str | None) -> bool:
    """Whether `Accept-Encoding` names gzip with a weight above 0."""
    codings = ("".join(coding.split()).lower().partition(";q=") for coding in (header or "").split(","))
    return any(name == "gzip" and (not sign or weight.strip("0.") != "") for name, sign, weight in codings)
