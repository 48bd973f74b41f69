"""Batches that the broker keeps and no Python client can read, sent as a careless sender would.

A broker (4.2 was tried) takes each batch apart before it keeps it, and refuses a payload that is no such stream, an
unknown codec, and a wrong count or length. What is left are differences between Java's decompressors and ours, and
what happens to a log after that.

Out: `CODECS`, `TailBuilder`, `send_with_tail`; `corrupt_log` and `change_log`, which change what the local broker has
     on its disk.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from aiokafka.record.util import calc_crc32c

from devstack.folder import layout_of
from tests.fakes.fetches import corrupted

CODECS: Final = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
LENGTH_AT, CRC_AT, ATTRIBUTES_AT = 8, 17, 21
PAYLOAD_AT: Final = 70
"""Somewhere behind the header."""
LENGTH_FROM: Final = 12
"""A batch's length counts what comes behind it."""
TAIL: Final = b"\x01\x02\x03\x04garbage"


class TailBuilder(_DefaultRecordBatchBuilderPy):  # type: ignore[misc]  # marked final; only tests build such batches
    """Builds a compressed batch with bytes behind the end of the stream; length and checksum are right."""

    def __init__(self, codec: str) -> None:
        super().__init__(2, CODECS[codec], 0, -1, -1, -1, 100_000)

    def build(self) -> bytearray:
        """See the class."""
        batch = bytearray(super().build()) + TAIL
        batch[LENGTH_AT:LENGTH_FROM] = (len(batch) - LENGTH_FROM).to_bytes(4, "big")
        batch[CRC_AT:ATTRIBUTES_AT] = calc_crc32c(bytes(batch[ATTRIBUTES_AT:])).to_bytes(4, "big")
        return batch


async def send_with_tail(servers: str, topic: str, codec: str, values: Sequence[dict[str, Any]]) -> int:
    """Send the values in one such batch to partition 0; gives its first offset.

    Raises:
        KafkaError: the broker does not take it.
    """
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        batch = producer.create_batch()
        batch._builder = TailBuilder(codec)
        for value in values:
            batch.append(key=b"k", value=orjson.dumps(value), timestamp=None)
        batch.close()
        sent = await (await producer.send_batch(batch, topic, partition=0))
    offset: int = sent.offset
    return offset


def corrupt_log(topic: str, first_offset: int) -> None:
    """Change one bit of the payload of the batch that begins there in partition 0: its checksum is wrong now."""
    change_log(topic, 0, first_offset, lambda batch: corrupted(batch, PAYLOAD_AT))


def change_log(topic: str, partition: int, first_offset: int, change: Callable[[bytes], bytes]) -> bytes:
    """Write another batch of the same length in the place of the one that begins there; gives that batch."""
    [segment] = layout_of(None).root.glob(f"data/kafka-*/log/{topic}-{partition}/*.log")
    content = segment.read_bytes()
    start, end = 0, end_of_batch(content, 0)
    while int.from_bytes(content[start : start + LENGTH_AT], "big") != first_offset:
        start, end = end, end_of_batch(content, end)
    changed = change(content[start:end])
    assert end - start == len(changed)
    with segment.open("r+b") as file:
        file.seek(start)
        file.write(changed)
    return changed


def end_of_batch(content: bytes, start: int) -> int:
    """Where the batch that begins at `start` ends."""
    return start + LENGTH_FROM + int.from_bytes(content[start + LENGTH_AT : start + LENGTH_FROM], "big")
