"""Decompression with a limit: a batch of some kilobytes may stand for gigabytes.

In:       the payload of a compressed batch.
Out:      the plain payload, by codec.
Promise:  no more than `PLAIN_BYTES_MAX` is ever written, and no buffer of a size that only a sender's header
          claims is made.
"""

from collections.abc import Callable, Iterator, Mapping
from gzip import GzipFile
from io import BytesIO
from mmap import mmap
from typing import Any, Final

from aiokafka import codec as aiokafka_codec

PLAIN_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of one batch. The broker takes 1 MiB of compressed records on our topics; a worker's container has 512 MiB."""
XERIAL: Final = b"\x82SNAPPY\x00" + (1).to_bytes(4, "big") * 2
"""How snappy-java begins a stream of blocks: a name, its version, the oldest version that reads it."""
BLOCK_LENGTH_BYTES: Final = 4
OUTPUT_FULL: Final = "failed to write whole buffer"
"""What cramjam says when the plain payload is longer than the buffer it was given."""


class PlainTooLarge(Exception):
    """A payload is longer than `PLAIN_BYTES_MAX` when decompressed. Send smaller batches."""


def gzip(payload: memoryview) -> bytes:
    """One or more members; what follows the last one is an error, as for aiokafka."""
    with GzipFile(fileobj=BytesIO(payload)) as stream:
        plain = stream.read(PLAIN_BYTES_MAX + 1)
    if len(plain) > PLAIN_BYTES_MAX:
        raise PlainTooLarge
    return plain


def snappy(payload: memoryview) -> bytes:
    """Each block says its plain length first, and is refused by snappy if that is wrong."""
    library = cramjam().snappy
    blocks = list(snappy_blocks(payload)) if bytes(payload[: len(XERIAL)]) == XERIAL else [payload]
    if sum(library.decompress_raw_len(block) for block in blocks) > PLAIN_BYTES_MAX:
        raise PlainTooLarge
    return b"".join(bytes(library.decompress_raw(block)) for block in blocks)


def snappy_blocks(payload: memoryview) -> Iterator[memoryview]:
    """The blocks of snappy-java's stream.

    Raises:
        ValueError: a block is empty, or longer than what is left.
    """
    start = len(XERIAL)
    while start < len(payload):
        block_at = start + BLOCK_LENGTH_BYTES
        start = block_at + int.from_bytes(payload[start:block_at], "big", signed=True)
        if not block_at < start <= len(payload):
            raise ValueError("a block's length is wrong")
        yield payload[block_at:start]


def lz4(payload: memoryview) -> bytes:
    """Frames. Their headers need not say how long they are."""
    return into_bounded(cramjam().lz4.decompress_into, payload)


def zstd(payload: memoryview) -> bytes:
    """Frames. Their headers need not say how long they are."""
    return into_bounded(cramjam().zstd.decompress_into, payload)


def into_bounded(decompress_into: Callable[[memoryview, mmap], int], payload: memoryview) -> bytes:
    """Decompress into anonymous memory, of which only the pages that are written cost anything.

    A bytearray of this size would be filled with zeros first, 40 ms a batch.
    """
    with mmap(-1, PLAIN_BYTES_MAX) as output:
        try:
            written = decompress_into(payload, output)
        except Exception as why:
            if OUTPUT_FULL in str(why):
                raise PlainTooLarge from None
            raise
        return output[:written]


def cramjam() -> Any:  # noqa: ANN401  # aiokafka is not typed
    """The library that aiokafka compresses with; None, and so an AttributeError, if it is not installed."""
    return aiokafka_codec.cramjam


DECOMPRESSORS: Final[Mapping[str, Callable[[memoryview], bytes]]] = {
    "gzip": gzip,
    "snappy": snappy,
    "lz4": lz4,
    "zstd": zstd,
}
