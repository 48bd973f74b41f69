"""A program of its own: batches with changed bytes through the parser. `python -m ... SEED COUNT` prints the count.

Each has a right checksum, and a changed byte or some behind the header, before or after compression; most have a
header name that is not UTF-8, so that the slow parser reads them. What comes out must be records, or one that says
that the batch cannot be read.
"""

import sys
from collections.abc import Callable
from random import Random
from typing import Final

from aiokafka import codec

from tests.fakes.fetches import HEADER, a_batch, read, with_payload

COMPRESS: Final[tuple[Callable[[bytes], bytes], ...]] = (
    bytes,
    codec.gzip_encode,
    codec.snappy_encode,
    codec.lz4_encode,
    codec.zstd_encode,
)
NAME: Final = "note-bad"
CHANGES_MAX: Final = 4
TELLING: Final = (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF)
"""Bytes that make lengths negative, very long or endless."""


def changed(content: bytes, random: Random) -> bytes:
    """With some other bytes, most of them such as hurt."""
    found = bytearray(content)
    for _ in range(random.randint(1, CHANGES_MAX)):
        found[random.randrange(len(found))] = random.choice((*TELLING, random.randrange(256)))
    return bytes(found)


def a_mutation(random: Random) -> bytes:
    """One batch at offset 10."""
    batch = a_batch(10, random.randint(1, 4), name=NAME)
    payload = batch[HEADER:]
    if random.random() < 0.8:
        payload = payload.replace(NAME.encode(), b"note-\xff\xfe\xfd")
    number = random.randrange(len(COMPRESS))
    if random.random() < 0.8:
        return with_payload(batch, COMPRESS[number](changed(payload, random)), number)
    return with_payload(batch, changed(COMPRESS[number](payload), random), number)


def main(seed: int, count: int) -> None:
    """Read so many."""
    random = Random(seed)  # no secret
    for _ in range(count):
        batch = a_mutation(random)
        found, position = read(batch, 10)
        assert position > 10, "the position must move"
        assert found
        assert [record.offset for record in found] == sorted({record.offset for record in found})
    sys.stdout.write(str(count))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
