"""Records whose header names are not text: aiokafka raises on them, again and again, and the partition stands still.

In:       the bytes of a fetch, as aiokafka hands them to its parser.
Out:      the same records; a name that is not UTF-8 holds surrogates, so that `decode` can reject the record.
Promise:  all other records are parsed by aiokafka's own fast parser. Only a batch it fails on is parsed once more.

aiokafka has no setting for this, so its fetcher is given another parser: see `install`.
"""

from collections.abc import Iterator
from typing import Any, Final

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

LENGTH_AT: Final = 8
"""Where a batch says its length; what is before and the length itself do not count in it."""
LENGTH_BYTES: Final = 4


def install() -> None:
    """Let all consumers of this process read such records."""
    fetcher.MemoryRecords = LenientRecords


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
        except (UnicodeDecodeError, CorruptRecordException):
            return iter(list(lenient_batch(self._content)))


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
