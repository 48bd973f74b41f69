"""One batch of a fetch, read so that no content of it can stop a partition.

In:       the bytes of a batch whose checksum is right, or not.
Out:      its records. A header name that is not UTF-8 holds surrogates, so that `decode` can reject the record; a
          batch that cannot be decompressed or taken apart is one record that says so, at its last offset.
Promise:  records are parsed by aiokafka's own fast parser; only a batch with such a header name is parsed by the slow
          one. Memory and time are bounded by `PLAIN_BYTES_MAX` and `RECORDS_MAX`, whatever the batch claims; and
          those of all batches together by `BUDGET`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import lt
from typing import Any, Final

from aiokafka.record.default_records import DefaultRecordBase, DefaultRecordBatch, _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint_py

from consumers.loop.decompress import DECOMPRESSORS
from consumers.loop.memory_budget import BUDGET, RECORD_BYTES, OverBudget, held
from schemas.records import UnreadableBatch

HEADER_BYTES: Final = DefaultRecordBase.HEADER_STRUCT.size
MAGIC_AT: Final = 16
CURRENT_MAGIC: Final = 2
"""Record batch format 2. Older ones may be left in a log, but no broker since 3.0 writes them."""
CODEC_AT: Final = 22
"""The attributes' low byte."""
COUNT_AT: Final = HEADER_BYTES - 4
CODECS: Final = {0: "none", 1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}
CODEC_MASK: Final = 7
BY_BROKER: Final = 1
"""The timestamp type of LogAppendTime."""
NO_TIMESTAMP: Final = -1
RECORDS_MAX: Final = 500_000
"""Of one batch: each costs some 200 bytes of memory, however few it has in the batch."""
FORGIVING_BYTES_MAX: Final = 8 * 1024 * 1024
"""For the slow parser: a second or two of the event loop, far less than a session with the broker."""


class TooManyRecords(Exception):
    """A batch says that it has more than `RECORDS_MAX` records. Send smaller batches."""


class OffsetsOutOfOrder(Exception):
    """A record's offset is not behind the one before, or not in its batch: the fetcher would leave it out."""


class NamesTooLarge(Exception):
    """A header name is not UTF-8, in a batch above `FORGIVING_BYTES_MAX`. Send smaller ones, or mend the name."""


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A whole batch in the place of its last record; what the fetcher asks of a record."""

    offset: int
    timestamp: int
    timestamp_type: int
    checksum: UnreadableBatch
    """The fetcher passes it on as it is, and no sender can write it."""
    key: None = None
    value: None = None
    headers: tuple[()] = ()


class LenientBatch:
    """A batch that is read as a whole; all it does not do itself, aiokafka's batch does."""

    def __init__(self, content: memoryview) -> None:
        """`content` is at least `HEADER_BYTES` long."""
        self._content = content
        self._is_current = content[MAGIC_AT] >= CURRENT_MAGIC
        self._strict: Any = (
            DefaultRecordBatch(content) if self._is_current else MemoryRecords(bytes(content)).next_batch()
        )
        self.is_sound: bool = self._strict.validate_crc()
        """Whether the checksum is right."""
        self._needs = 0
        """Bytes of memory for its records; 0: not known yet."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever aiokafka's batch has
        return getattr(self._strict, name)

    @property
    def length(self) -> int:
        """In bytes, with the header."""
        return len(self._content)

    def validate_crc(self) -> bool:
        """See `is_sound`; calculated once."""
        return self.is_sound

    def __next__(self) -> Any:  # noqa: ANN401  # of a control batch, which has no headers
        return next(self._strict)

    def __iter__(self) -> Iterator[Any]:
        """Its records.

        Raises:
            OverBudget: see there. It may be asked again.
        """
        BUDGET.check(self, self._needs)
        try:
            records = self._records()
        except OverBudget:
            raise
        except Exception as why:  # noqa: BLE001  # whatever it is, the same bytes would raise it for ever
            records, self._needs = [self._unreadable(type(why).__name__)], 0
        BUDGET.admit(self)
        return held(BUDGET, records, self._needs)

    @property
    def earliest_ms(self) -> int:
        """The earliest time that its records may have: assigns in it hold expiries back."""
        if not self._is_current:
            return NO_TIMESTAMP
        by_broker = self._strict.timestamp_type == BY_BROKER
        timestamp_ms: int = self._strict.max_timestamp if by_broker else self._strict.first_timestamp
        return timestamp_ms

    def _records(self) -> list[Any]:
        if not self._is_current:
            return list(self._strict)
        count = int.from_bytes(self._content[COUNT_AT:HEADER_BYTES], "big", signed=True)
        if count > RECORDS_MAX:
            raise TooManyRecords
        plain = plain_batch(self._content)
        self._needs = len(plain) + count * RECORD_BYTES
        BUDGET.check(self, self._needs)
        records = records_of(plain)
        check_order(records, self._strict.base_offset, self._strict.next_offset)
        return records

    def _unreadable(self, error: str) -> BatchRecord:
        batch = self._strict
        first, last = batch.base_offset, batch.next_offset - 1
        codec = batch.compression_type
        return BatchRecord(
            offset=last,
            timestamp=self.earliest_ms,
            timestamp_type=batch.timestamp_type or 0,
            checksum=UnreadableBatch(
                min(first, last), last, CODECS.get(codec, f"codec {codec}"), error, bytes(self._content)
            ),
        )


def records_of(content: memoryview | bytes) -> list[Any]:
    """The records of a plain batch."""
    try:
        return list(DefaultRecordBatch(content))
    except UnicodeDecodeError:
        return list(forgiving_batch(content))


def check_order(records: list[Any], first: int, end: int) -> None:
    """Raises OffsetsOutOfOrder, see there."""
    offsets = [first - 1, *(record.offset for record in records), end]
    if not all(map(lt, offsets, offsets[1:])):
        raise OffsetsOutOfOrder


def plain_batch(content: memoryview) -> memoryview | bytes:
    """The same batch without compression; its checksum is that of the compressed one.

    Raises:
        PlainTooLarge: see there.
        KeyError: no such codec.
        Exception: each library has errors of its own.
    """
    codec = content[CODEC_AT] & CODEC_MASK
    if codec == 0:
        return content
    header = bytearray(content[:HEADER_BYTES])
    header[CODEC_AT] &= ~CODEC_MASK
    return bytes(header) + DECOMPRESSORS[CODECS[codec]](content[HEADER_BYTES:])


def forgiving_batch(content: memoryview | bytes) -> "ForgivingBatch":
    """A plain batch in the parser of pure Python. Raises NamesTooLarge, see there."""
    if len(content) > FORGIVING_BYTES_MAX:
        raise NamesTooLarge
    return ForgivingBatch(content)


class ForgivingBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # marked final; it has no other way in
    """aiokafka's parser of pure Python, over bytes that never fail to be text."""

    _buffer: bytearray

    def __init__(self, content: memoryview | bytes) -> None:
        super().__init__(content)
        self._buffer = ForgivingBytes(self._buffer)

    def _read_msg(self, decode_varint: Any = decode_varint_py) -> Any:  # noqa: ANN401  # aiokafka is not typed
        """Aiokafka calls its compiled `decode_varint` here, which reads beyond the buffer and ends the process."""
        return super()._read_msg(decode_varint)


class ForgivingBytes(bytearray):
    """Bytes whose text keeps what is not UTF-8 as surrogates."""

    def __getitem__(self, place: Any) -> Any:  # noqa: ANN401  # an index or a slice
        found = super().__getitem__(place)
        return ForgivingBytes(found) if isinstance(place, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> str:
        """Never raises."""
        return bytes(self).decode(encoding, errors)
