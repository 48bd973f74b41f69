"""aiokafka's batches without encoding.

In:       records as a producer is given them.
Out:      drafts of batches, in the place of their bytes.
Promise:  which records share a batch, when it is full and when it is sent again is decided as by aiokafka.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.producer.message_accumulator import MessageAccumulator, MessageBatch

from tests.simulation.kafka.log import BATCH_BYTES, Draft, StoredRecord
from tests.simulation.kernel.clocks import process_time_s

SERIALS: Final = count()


class Placed(NamedTuple):
    """Where a record is in its batch."""

    offset: int
    timestamp: int
    size: int


class DraftBuilder:
    """As aiokafka's `BatchBuilder`."""

    def __init__(self, bytes_max: int, *, is_transactional: bool) -> None:
        self._bytes_max = bytes_max
        self._size = BATCH_BYTES
        self._is_transactional = is_transactional
        self._records: list[StoredRecord] = []
        self._identity = (-1, -1, -1)
        self._is_closed = False

    def append(
        self,
        *,
        timestamp: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]] = (),
    ) -> Placed | None:
        """Add a record; None if the batch is full or closed."""
        if self._is_closed:
            return None
        at_ms = int(process_time_s() * 1000) if timestamp is None else timestamp
        record = StoredRecord(key, value, tuple(headers), at_ms)
        if self._records and self._size + record.size > self._bytes_max:
            self.close()
            return None
        self._records.append(record)
        self._size += record.size
        return Placed(len(self._records) - 1, at_ms, record.size)

    def close(self) -> None:
        """Nothing is added any more."""
        self._is_closed = True

    def closed(self) -> bool:
        """Whether it is."""
        return self._is_closed

    def record_count(self) -> int:
        """How many there are."""
        return len(self._records)

    def size(self) -> int:
        """In bytes, about."""
        return self._size

    def _set_producer_state(self, producer_id: int, producer_epoch: int, base_sequence: int) -> None:
        self._identity = (producer_id, producer_epoch, base_sequence)

    def _build(self) -> Draft:
        self.close()
        return Draft(tuple(self._records), *self._identity, self._is_transactional)


class DraftBatch(MessageBatch):  # type: ignore[misc]  # aiokafka is not typed
    """aiokafka's, with a hash that is the same in every run: it keeps them in sets."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._serial = next(SERIALS)

    def __hash__(self) -> int:
        return self._serial

    def __eq__(self, other: object) -> bool:
        return self is other


class DraftAccumulator(MessageAccumulator):  # type: ignore[misc]  # as above
    """aiokafka's, with batches that are not encoded."""

    def create_builder(self, key_serializer: Any = None, value_serializer: Any = None) -> DraftBuilder:
        """See `MessageAccumulator.create_builder`."""
        assert key_serializer is None, "the service serializes itself"
        assert value_serializer is None, "the service serializes itself"
        manager = self._txn_manager
        is_transactional = manager is not None and manager.transactional_id is not None
        return DraftBuilder(self._batch_size, is_transactional=is_transactional)

    def _append_batch(self, builder: DraftBuilder, tp: TopicPartition) -> DraftBatch:
        if self._txn_manager is not None:
            self._txn_manager.maybe_add_partition_to_txn(tp)
        batch = DraftBatch(tp, builder, self._batch_ttl, self._linger_time)
        self._batches[tp].append(batch)
        if not self._waiter_future.done():
            self._waiter_future.set_result(None)
        return batch
