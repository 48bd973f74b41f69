"""Batches that aiokafka cannot read: it raises on them, again and again, and the partition stands still.

In:       the bytes of a fetch, as aiokafka hands them to its parser.
Out:      the same records; a batch that cannot be read is one record that says so, at its last offset.
Promise:  what stands before such a batch is given out first. A wrong checksum is fetched again before it is believed,
          for an error of the transfer heals so. A batch for which there is no memory yet waits for it, fetched.

aiokafka has no setting for this, so its fetcher is given other classes: see `install`. `batches` reads one batch,
`corruption` says how far a corrupt one reaches.
"""

from time import monotonic
from typing import Any, Final

from aiokafka import ConsumerRecord
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException

from consumers.loop import membership, offset_answers, prompt_fetcher
from consumers.loop.batches import HEADER_BYTES, BatchRecord, LenientBatch
from consumers.loop.corruption import CorruptRange, Suspects, corrupt_range, frame_length, whole_batch
from consumers.loop.memory_budget import OverBudget
from schemas.records import UnreadableBatch

REFETCH_WAIT_S: Final = 1.0
"""Before corrupt bytes are fetched again: long enough for a connection or a leader to change."""
SUSPECTS: Final = Suspects()


class CorruptBatch(CorruptRecordException):  # type: ignore[misc]  # aiokafka is not typed
    """A batch's checksum is wrong, or its length cannot be right."""


def install() -> None:
    """Let all consumers of this process read such records, and survive what happens to brokers.

    Call it before the first one is made.

    The fetcher compares types: what another class of its own has fetched before would be taken for an error.
    """
    fetcher.MemoryRecords = LenientRecords
    fetcher.PartitionRecords = LenientPartitionRecords
    fetcher.FetchResult = LenientFetchResult
    membership.install()
    offset_answers.install()
    prompt_fetcher.install()


class LenientRecords:
    """One partition's part of a fetch, as aiokafka's `MemoryRecords`. It ends before a corrupt batch.

    So what is good before one is given out, and the next fetch begins with it.
    """

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)
        self._position = 0
        self._next: LenientBatch | None = None
        self._last: LenientBatch | None = None
        self._look()

    def size_in_bytes(self) -> int:
        """See `MemoryRecords.size_in_bytes`."""
        return len(self._content)

    def bytes_left(self) -> int:
        """Behind the last batch that was given out."""
        return len(self._content) - self._position

    def has_next(self) -> bool:
        """Whether there is a good batch. Of what a fetch begins with, it is `next_batch` that says if it is none.

        A broker never begins a fetch with a part of a batch: if the first one is not all here, its length is wrong.
        """
        return self._is_good() or (self._position == 0 and len(self._content) > 0)

    def next_batch(self) -> LenientBatch:
        """The next batch.

        Raises:
            CorruptBatch: see there.
        """
        batch = self._next
        if batch is None or not batch.is_sound:
            raise CorruptBatch("its checksum or its length is wrong")
        self._position += batch.length
        self._last = batch
        self._look()
        return batch

    def step_back(self) -> None:
        """Let `next_batch` return the last batch again."""
        assert self._last is not None
        self._position -= self._last.length
        self._next = self._last

    def corrupt(self) -> memoryview:
        """From the beginning of the batch that `next_batch` has raised on to the fetch's end."""
        return self._content[self._position :]

    def step_over(self, length: int) -> None:
        """Skip this number of bytes."""
        self._position += length
        self._look()

    def _look(self) -> None:
        self._next = whole_batch(self._content[self._position :])

    def _is_good(self) -> bool:
        return self._next is not None and self._next.is_sound


class LenientPartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka is not typed
    """Gives a corrupt batch out as a record, once the same bytes came often enough; before, it ends."""

    next_fetch_offset: int
    end: int
    """Where the log ended for this reader when it was fetched; the fetch's result sets it."""
    is_in_doubt = False
    """Whether it ended at bytes that must be fetched again."""
    is_waiting = False
    """Whether it ended at a batch for which there is no memory yet."""

    def __next__(self) -> "ConsumerRecord[Any, Any]":
        """The next record.

        Raises:
            CorruptRecordException: corrupt bytes came, and others than the last time.
        """
        try:
            return super().__next__()
        except CorruptBatch:
            return self._step_over_if_certain()
        except OverBudget:
            self._records.step_back()
            self._records_iterator = self._unpack_records()
            self.is_waiting = True
            raise StopIteration from None

    def bytes_left(self) -> int:
        """See `LenientRecords.bytes_left`."""
        left: int = self._records.bytes_left()
        return left

    def close(self) -> None:
        """Give back the memory of what is not read: it is in a cycle, which is collected much later."""
        if self._records_iterator is not None:
            self._records_iterator.close()

    def _step_over_if_certain(self) -> "ConsumerRecord[Any, Any]":
        content = self._records.corrupt()
        known = content[: frame_length(content) or HEADER_BYTES]
        if not SUSPECTS.is_certain(self._tp, self.next_fetch_offset, known):
            self.is_in_doubt = True
            raise StopIteration
        return self._step_over(content, corrupt_range(content, self.next_fetch_offset, self.end))

    def _step_over(self, content: memoryview, found: CorruptRange) -> "ConsumerRecord[Any, Any]":
        first, last = self.next_fetch_offset, found.next_offset - 1
        batch = UnreadableBatch(first, last, "unknown codec", "WrongChecksum", bytes(content[: found.length]))
        self._records.step_over(found.length)
        self.next_fetch_offset = found.next_offset
        self._records_iterator = self._unpack_records()  # the one that raised is at its end
        return self._consumer_record(self._tp, BatchRecord(last, found.earliest_ms, 0, batch))


class LenientFetchResult(fetcher.FetchResult):  # type: ignore[misc]  # aiokafka is not typed
    """Tells the records where the log ends, and waits for memory, or before bytes in doubt are fetched again."""

    _partition_records: Any

    def __init__(
        self,
        tp: Any,  # noqa: ANN401  # aiokafka's own arguments
        *,
        assignment: Any,  # noqa: ANN401
        partition_records: Any,  # noqa: ANN401
        backoff: float,
    ) -> None:
        super().__init__(tp, assignment=assignment, partition_records=partition_records, backoff=backoff)
        partition_records.end = log_end(assignment.state_value(tp))
        self._until = 0.0

    def getall(self, max_records: int | None = None) -> list[Any]:
        """See `FetchResult.getall`."""
        records = self._partition_records
        if records is None:
            return []
        records.is_waiting = False
        found: list[Any] = super().getall(max_records)
        if records.is_waiting:
            self._partition_records = records
        if records.is_in_doubt:
            self._until = monotonic() + REFETCH_WAIT_S
        return found

    def check_assignment(self, tp: Any) -> bool:  # noqa: ANN401  # aiokafka's own argument
        """See `FetchResult.check_assignment`: if it is no longer wanted, it is dropped."""
        records = self._partition_records
        is_wanted: bool = super().check_assignment(tp)
        if records is not None and not is_wanted:
            records.close()
        return is_wanted

    def __del__(self) -> None:
        if self._partition_records is not None:
            self._partition_records.close()

    def has_more(self) -> bool:
        """Whether it stays in the fetcher's hands, which fetches no more meanwhile."""
        return super().has_more() or monotonic() < self._until


def log_end(state: Any) -> int:  # noqa: ANN401  # aiokafka is not typed
    """What the broker has shown of a partition: up to the first open transaction, if it says it."""
    highwater: int = state.highwater
    return highwater if state.lso is None or state.lso < 0 else min(highwater, state.lso)
