"""One partition's log: batches, what its producers did, and how far a reader may read.

In:       batches of records; the ends of transactions.
Out:      offsets, or the error of Kafka; batches for a reader; the last stable offset.
Promise:  a batch that is sent again is not written again. What is written stays. An open transaction holds
          `read_committed` readers back, from its first record on.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final, NamedTuple

from aiokafka.errors import (
    DuplicateSequenceNumber,
    InvalidProducerEpoch,
    KafkaError,
    OutOfOrderSequenceNumber,
)

from schemas.records import UnreadableBatch

NO_PRODUCER: Final = -1
REMEMBERED_BATCHES: Final = 5
"""Of each producer; a batch that is sent again is known by its sequence numbers."""
BATCH_BYTES: Final = 61
"""A batch's header."""
RECORD_BYTES: Final = 21
"""What a record needs beside its content, at most."""
SEQUENCES: Final = 2**31


class StoredRecord(NamedTuple):
    """A record's content."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp_ms: int
    """Its sender's; a topic may replace it by the broker's."""

    @property
    def size(self) -> int:
        """In bytes, about."""
        named = sum(len(name) + len(value or b"") + 4 for name, value in self.headers)
        return RECORD_BYTES + len(self.key or b"") + len(self.value or b"") + named


class Damage(NamedTuple):
    """Why no reader can take a batch apart."""

    codec: str
    error: str
    """The parser's."""
    content: bytes
    """The whole batch, as the broker stores it."""


class Draft(NamedTuple):
    """A batch as its producer sends it."""

    records: Sequence[StoredRecord]
    producer_id: int = NO_PRODUCER
    epoch: int = -1
    sequence: int = -1
    is_transactional: bool = False
    damage: "Damage | None" = None

    @property
    def size(self) -> int:
        """In bytes, about."""
        return BATCH_BYTES + sum(record.size for record in self.records)


@dataclass(eq=False, slots=True)
class Batch:
    """A batch in the log, or the marker at the end of a transaction."""

    base: int
    next_offset: int
    records: Sequence[StoredRecord]
    timestamp_ms: int | None
    """The broker's time of append, where the topic wants it."""
    size: int
    producer_id: int = NO_PRODUCER
    is_transactional: bool = False
    is_marker: bool = False
    is_aborted: bool = False
    unreadable: UnreadableBatch | None = None

    def timestamp_of(self, record: StoredRecord) -> int:
        """What a reader sees."""
        return record.timestamp_ms if self.timestamp_ms is None else self.timestamp_ms


class Remembered(NamedTuple):
    """A batch that may be sent again."""

    first: int
    last: int
    base: int
    timestamp_ms: int | None


@dataclass(eq=False, slots=True)
class ProducerState:
    """What a partition knows of a producer."""

    epoch: int
    batches: deque[Remembered] = field(default_factory=lambda: deque(maxlen=REMEMBERED_BATCHES))


class Appended(NamedTuple):
    """Where a batch is."""

    base: int
    timestamp_ms: int | None


@dataclass(eq=False, slots=True)
class PartitionLog:
    """Append only."""

    batches: list[Batch] = field(default_factory=list)
    end: int = 0
    """The next offset: all replicas have everything."""
    producers: dict[int, ProducerState] = field(default_factory=dict)
    open: dict[int, int] = field(default_factory=dict)
    """The first offset of each open transaction, by producer id."""

    @property
    def last_stable(self) -> int:
        """Up to here every transaction has ended."""
        return min(self.open.values(), default=self.end)

    def append(self, draft: Draft, timestamp_ms: int | None) -> Appended:
        """Write a batch; `timestamp_ms` is the broker's time if the topic wants it.

        Raises:
            InvalidProducerEpoch, OutOfOrderSequenceNumber, DuplicateSequenceNumber: as a broker.
        """
        if draft.producer_id != NO_PRODUCER:
            known = self._known(draft)
            if known is not None:
                return Appended(known.base, known.timestamp_ms)
        base = self.end
        batch = Batch(
            base,
            base + len(draft.records),
            draft.records,
            timestamp_ms,
            draft.size,
            draft.producer_id,
            draft.is_transactional,
            unreadable=unreadable(draft, base),
        )
        self._add(batch)
        if draft.is_transactional:
            self.open.setdefault(draft.producer_id, base)
        if draft.producer_id != NO_PRODUCER:
            last = (draft.sequence + len(draft.records) - 1) % SEQUENCES
            self.producers[draft.producer_id].batches.append(Remembered(draft.sequence, last, base, timestamp_ms))
        return Appended(base, timestamp_ms)

    def end_transaction(self, producer_id: int, epoch: int, *, is_commit: bool, timestamp_ms: int) -> None:
        """Write a marker. Whatever this producer has open ends with it, also of an earlier transaction."""
        state = self.producers.setdefault(producer_id, ProducerState(epoch))
        if epoch > state.epoch:
            self.producers[producer_id] = ProducerState(epoch)
        first = self.open.pop(producer_id, None)
        if first is not None and not is_commit:
            for batch in self.batches[self._index(first) :]:
                if batch.producer_id == producer_id and batch.is_transactional:
                    batch.is_aborted = True
        self._add(Batch(self.end, self.end + 1, (), timestamp_ms, BATCH_BYTES, producer_id, is_marker=True))

    def has_open(self, producer_id: int, epoch: int) -> bool:
        """Whether this producer's transaction has records here."""
        return producer_id in self.open and self.producers[producer_id].epoch == epoch

    def read(self, offset: int, limit: int, bytes_max: int) -> list[Batch]:
        """Batches from the one with this offset on, before `limit`; at least one if there is one."""
        found: list[Batch] = []
        size = 0
        for number in range(self._index(offset), len(self.batches)):
            batch = self.batches[number]
            if batch.base >= limit or (found and size + batch.size > bytes_max):
                break
            found.append(batch)
            size += batch.size
        return found

    def since(self, timestamp_ms: int, limit: int) -> tuple[int, int] | None:
        """Timestamp and offset of the first record that is not older, before `limit`."""
        for batch in self.batches:
            for number, record in enumerate(batch.records):
                if batch.timestamp_of(record) >= timestamp_ms and batch.base + number < limit:
                    return batch.timestamp_of(record), batch.base + number
        return None

    def _index(self, offset: int) -> int:
        return bisect_right(self.batches, offset, key=attrgetter("next_offset"))

    def _add(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.end = batch.next_offset

    def _known(self, draft: Draft) -> Remembered | None:
        """The batch, if it was written before; what does not follow the last one is an error."""
        state = self.producers.get(draft.producer_id)
        if state is None:
            self.producers[draft.producer_id] = ProducerState(draft.epoch)
            return None
        if draft.epoch < state.epoch:
            raise InvalidProducerEpoch
        if draft.epoch > state.epoch:
            check(draft.sequence == 0, OutOfOrderSequenceNumber)
            self.producers[draft.producer_id] = ProducerState(draft.epoch)
            return None
        return known_batch(state, draft)


def known_batch(state: ProducerState, draft: Draft) -> Remembered | None:
    """The same, of a producer with this epoch."""
    last = (draft.sequence + len(draft.records) - 1) % SEQUENCES
    for remembered in state.batches:
        if (remembered.first, remembered.last) == (draft.sequence, last):
            return remembered
    expected = (state.batches[-1].last + 1) % SEQUENCES if state.batches else 0
    if draft.sequence != expected:
        check(draft.sequence > expected, DuplicateSequenceNumber)
        raise OutOfOrderSequenceNumber
    return None


def check(condition: bool, error: type[KafkaError]) -> None:  # reads as an assertion
    """Raise the error unless the condition holds."""
    if not condition:
        raise error


def unreadable(draft: Draft, base: int) -> UnreadableBatch | None:
    """What a reader gets in the place of a batch that cannot be taken apart."""
    if draft.damage is None:
        return None
    codec, error, content = draft.damage
    return UnreadableBatch(base, base + len(draft.records) - 1, codec, error, content)
