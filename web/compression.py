"""The live stream as gzip, compressed once for all clients that are sent the same.

In:       what is sent to many clients at the same moment; what a client accepts.
Out:      pieces that may follow each other in any order behind `GZIP_HEADER`: no piece refers to another one.
Promise:  each piece can be read in full as soon as it has come. A stream has no planned end, so it has no trailer.
"""

import zlib
from typing import Final

GZIP_HEADER: Final = bytes.fromhex("1f8b08000000000000ff")
LEVEL: Final = 1
"""Campaigns as JSON become an eighth; higher levels take several times as long for little more."""


def piece(content: bytes) -> bytes:
    """One part of a stream: whole bytes of deflate that end no block chain."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush(zlib.Z_SYNC_FLUSH)


def accepts_gzip(header: str | None) -> bool:
    """Whether a client's `Accept-Encoding` names gzip, and not with the weight 0."""
    codings = ("".join(coding.split()).lower().partition(";q=") for coding in (header or "").split(","))
    return any(name == "gzip" and (not sign or weight.strip("0.") != "") for name, sign, weight in codings)
