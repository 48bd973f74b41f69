"""Batches that aiokafka cannot read: it raises on them, again and again, and the partition stands still.

In:       the bytes of a fetch, as aiokafka hands them to its parser.
Out:      the same records. A header name that is not UTF-8 holds surrogates, so that `decode` can reject the record;
          a batch that cannot be decompressed or taken apart is one record that says so, at its last offset.
Promise:  all other records are parsed by aiokafka's own fast parser. Only a batch it fails on is parsed once more.

aiokafka has no setting for this, so its fetcher is given another parser: see `install`. A wrong checksum is not
looked at here: then the batch's own offsets cannot be trusted, and the fetch is repeated.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

from schemas.records import UnreadableBatch

LENGTH_AT: Final = 8
"""Where a batch says its length; what is before and the length itself do not count in it."""
LENGTH_BYTES: Final = 4
CODECS: Final = {0: "none", 1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}
CODEC_MASK: Final = 7
BY_BROKER: Final = 1
"""The timestamp type of LogAppendTime."""


def install() -> None:
    """Let all consumers of this process read such records."""
    fetcher.MemoryRecords = LenientRecords


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


class LenientRecords:
    """One partition's part of a fetch; all it does not do itself, aiokafka's `MemoryRecords` does."""

    def __init__(self, content: bytes) -> None:
        self._strict = MemoryRecords(content)
        self._content = memoryview(content)
        self._position = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever aiokafka's parser has
        return getattr(self._strict, name)

    def next_batch(self) -> "LenientBatch":
        """The next batch, with its bytes at hand."""
        start = self._position
        length_at = start + LENGTH_AT
        length = int.from_bytes(self._content[length_at : length_at + LENGTH_BYTES], "big")
        self._position = length_at + LENGTH_BYTES + length
        return LenientBatch(self._strict.next_batch(), self._content[start : self._position])


class LenientBatch:
    """A batch that can be read a second time; all it does not do itself, aiokafka's batch does."""

    def __init__(self, strict: Any, content: memoryview) -> None:  # noqa: ANN401  # aiokafka is not typed
        self._strict = strict
        self._content = content

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever aiokafka's batch has
        return getattr(self._strict, name)

    def __next__(self) -> Any:  # noqa: ANN401  # of a control batch, which has no headers
        return next(self._strict)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._strict))
        except Exception:  # noqa: BLE001  # each codec has errors of its own
            return iter(self._second_try())

    def _second_try(self) -> list[Any]:
        try:
            return list(lenient_batch(self._content))
        except Exception as why:  # noqa: BLE001  # whatever it is, the same bytes would raise it for ever
            return [self._unreadable(type(why).__name__)]

    def _unreadable(self, error: str) -> BatchRecord:
        """The earliest time it may have: assigns in it hold expiries back."""
        batch = self._strict
        first, last = batch.base_offset, batch.next_offset - 1
        codec = CODECS.get(batch.attributes & CODEC_MASK, f"codec {batch.attributes & CODEC_MASK}")
        by_broker = batch.timestamp_type == BY_BROKER
        return BatchRecord(
            offset=last,
            timestamp=batch.max_timestamp if by_broker else batch.first_timestamp,
            timestamp_type=batch.timestamp_type,
            checksum=UnreadableBatch(min(first, last), last, codec, error, bytes(self._content)),
        )


def lenient_batch(content: memoryview) -> Any:  # noqa: ANN401  # aiokafka is not typed
    """The batch in aiokafka's parser of pure Python, over bytes that never fail to be text."""
    batch = _DefaultRecordBatchPy(content)
    batch._maybe_uncompress()  # noqa: SLF001  # the names are readable only then
    batch._buffer = ForgivingBytes(batch._buffer)  # noqa: SLF001  # see the class
    return batch


class ForgivingBytes(bytearray):
    """Bytes whose text keeps what is not UTF-8 as surrogates."""

    def __getitem__(self, place: Any) -> Any:  # noqa: ANN401  # an index or a slice
        found = super().__getitem__(place)
        return ForgivingBytes(found) if isinstance(place, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> str:
        """Never raises."""
        return bytes(self).decode(encoding, errors)
