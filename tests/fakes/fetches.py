"""Batches as a broker keeps them, good and bad, and what a consumer makes of fetches of them.

Out: `a_batch` and what makes bad ones of it; `read`, one fetch; `Log`, fetched again and again.
"""

import struct
from types import SimpleNamespace
from typing import Any, Final, Literal

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from consumers.loop.aiokafka_patch import LenientFetchResult, LenientPartitionRecords, LenientRecords
from consumers.loop.partition import as_incoming
from schemas.records import IncomingRecord
from schemas.topics import RESERVE
from tests.fakes.builders import PREFIX

Kind = Literal["payload", "codec", "structure"]
TP: Final = TopicPartition(PREFIX + RESERVE.name, 3)
PRODUCER: Final = 7
HEADER: Final = 61
"""Bytes of a batch's header; the record count is its last field."""
CODECS: Final = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
FIRST_MS: Final = 1_000
BATCH_BYTES_MAX: Final = 64 * 1024 * 1024


def a_batch(base: int, count: int = 3, codec: int = 0, *, transactional: bool = False, name: str = "note") -> bytes:
    """Good records from an offset on."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=int(transactional),
        producer_id=PRODUCER if transactional else -1,
        producer_epoch=0 if transactional else -1,
        base_sequence=0 if transactional else -1,
        batch_size=BATCH_BYTES_MAX,
    )
    for number in range(count):
        value = b"v%d" % (base + number) * 100
        builder.append(number, timestamp=FIRST_MS + number, key=b"k", value=value, headers=[(name, b"x")])
    return at_offset(bytes(builder.build()), base)


def at_offset(batch: bytes, base: int) -> bytes:
    """As the broker writes it; the checksum does not cover it."""
    return struct.pack(">q", base) + batch[8:]


def with_length(batch: bytes, length: int) -> bytes:
    """A batch that says another length; the checksum does not cover it."""
    return batch[:8] + struct.pack(">i", length - 12) + batch[12:]


def with_crc(batch: bytes) -> bytes:
    """With a checksum that is right."""
    return batch[:17] + struct.pack(">I", calc_crc32c(batch[21:])) + batch[21:]


def with_payload(batch: bytes, payload: bytes, codec: int) -> bytes:
    """The same header before another payload, compressed with this codec; length and checksum are right."""
    changed = batch[:21] + struct.pack(">h", codec) + batch[23:HEADER] + payload
    return with_crc(with_length(changed, len(changed)))


def broken(batch: bytes, kind: Kind, codec: int) -> bytes:
    """The same with another payload, an unknown codec, or a record count that is wrong; the checksum is right."""
    if kind == "payload":
        return with_crc(batch[:HEADER] + bytes(len(batch) - HEADER))
    if kind == "codec":
        return with_crc(batch[:21] + struct.pack(">h", codec) + batch[23:])
    return with_crc(batch[: HEADER - 4] + struct.pack(">i", 9) + batch[HEADER:])


def corrupted(batch: bytes, at: int = HEADER + 7) -> bytes:
    """With one bit that another one was written for; the checksum is wrong."""
    return batch[:at] + bytes([batch[at] ^ 1]) + batch[at + 1 :]


def read(content: bytes, start: int, aborted: list[tuple[int, int]] | None = None) -> tuple[list[Any], int]:
    """As the fetcher does; with the next offset to fetch."""
    records = unpacked(content, start, aborted)
    return [as_incoming(record) for record in records], records.next_fetch_offset


def unpacked(content: bytes, start: int, aborted: list[tuple[int, int]] | None = None) -> LenientPartitionRecords:
    """One fetch of one partition."""
    return LenientPartitionRecords(
        TP, LenientRecords(content), aborted, start, None, None, check_crcs=True, isolation_level=READ_COMMITTED
    )


class Log:
    """A partition's end as every fetch of it brings it, and a consumer that is at its beginning."""

    def __init__(self, content: bytes, position: int, end: int) -> None:
        self.content = content
        self.position = position
        self._state = SimpleNamespace(paused=False, highwater=end, lso=-1, position=position, consumed_to=self._to)
        self._assignment = SimpleNamespace(active=True, state_value=lambda _: self._state)
        self._held: LenientFetchResult | None = None

    def _to(self, position: int) -> None:
        self.position = self._state.position = position

    def fetch(self, content: bytes | None = None) -> list[IncomingRecord]:
        """What one fetch gives; of other bytes, if it is said."""
        return [as_incoming(record) for record in self.result(content).getall()]

    @property
    def held(self) -> LenientFetchResult:
        """One fetch's result, that is read in parts."""
        if self._held is None:
            self._held = self.result()
        return self._held

    def drop(self) -> None:
        """Let go of it, as a rebalance does."""
        self._held = None

    def seek(self, position: int) -> None:
        """Go on somewhere else."""
        self._to(position)

    def result(self, content: bytes | None = None) -> LenientFetchResult:
        """A fetch's result, as the fetcher holds it."""
        records = unpacked(self.content if content is None else content, self.position)
        return LenientFetchResult(TP, assignment=self._assignment, partition_records=records, backoff=0.1)
