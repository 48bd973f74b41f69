"""What a fetch brings: stored batches as records, the way aiokafka gives them out.

In:       batches of a log.
Out:      `Fetched`; `StoredRecords`, in the place of aiokafka's `PartitionRecords`.
Promise:  a reader's next offset moves over markers and aborted batches as aiokafka's does. An unreadable batch is one
          record at its last offset, as consumers/loop/aiokafka_patch.py gives it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition

from tests.simulation.kafka.log import Batch, PartitionLog, StoredRecord


class Fetched:
    """What a broker says of one partition."""

    __slots__ = ("batches", "code", "end", "stable")

    def __init__(self, code: int, log: PartitionLog | None, batches: Sequence[Batch]) -> None:
        self.code = code
        self.end = log.end if log else 0
        self.stable = log.last_stable if log else 0
        self.batches = batches


class StoredRecords:
    """The records of some batches, as aiokafka's `PartitionRecords`."""

    is_in_doubt = is_waiting = False
    end = 0

    def __init__(self, place: TopicPartition, batches: Sequence[Batch], offset: int, *, is_committed: bool) -> None:
        self._place = place
        self.next_fetch_offset = offset
        self._records = self._unpack(batches, is_committed=is_committed)

    def close(self) -> None:
        """There is nothing to give back: records need no memory of their own."""

    def __iter__(self) -> "StoredRecords":
        return self

    def __next__(self) -> "ConsumerRecord[Any, Any]":
        return next(self._records)

    def _unpack(self, batches: Sequence[Batch], *, is_committed: bool) -> Iterator["ConsumerRecord[Any, Any]"]:
        for batch in batches:
            if not batch.is_marker and not (is_committed and batch.is_aborted):
                yield from self._records_of(batch)
            self.next_fetch_offset = batch.next_offset

    def _records_of(self, batch: Batch) -> Iterator["ConsumerRecord[Any, Any]"]:
        if batch.unreadable is not None:
            self.next_fetch_offset = batch.next_offset
            earliest = batch.timestamp_of(batch.records[0])
            yield self._given(batch.next_offset - 1, StoredRecord(None, None, (), earliest), batch)
            return
        for number, record in enumerate(batch.records):
            offset = batch.base + number
            if offset >= self.next_fetch_offset:
                self.next_fetch_offset = offset + 1
                yield self._given(offset, record, batch)

    def _given(self, offset: int, record: StoredRecord, batch: Batch) -> "ConsumerRecord[Any, Any]":
        key, value = record.key, record.value
        return ConsumerRecord(
            self._place.topic,
            self._place.partition,
            offset,
            batch.timestamp_of(record),
            0 if batch.timestamp_ms is None else 1,
            key,
            value,
            batch.unreadable,
            -1 if key is None else len(key),
            -1 if value is None else len(value),
            record.headers,
        )
