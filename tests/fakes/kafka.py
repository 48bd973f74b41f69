"""Kafka in memory, for the outputs of batches: transactions, offsets and fencing.

In:       records sent to request topics; outputs and offsets of batches.
Out:      the records that a `read_committed` reader sees.
Promise:  outputs and the offset become visible together or not at all; only the newest emitter of a source may emit.
          (`tests/contract/test_emitters.py` shows that the real emitters keep this promise.)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from schemas.errors import EmitFailed, PartitionFenced
from schemas.records import Headers, IncomingRecord, OutgoingRecord
from tests.fakes.builders import PREFIX, milliseconds
from tests.fakes.faults import Crashed


class Source(NamedTuple):
    """One partition of a request topic, named without the prefix."""

    topic: str
    partition: int

    @property
    def shard(self) -> str:
        """The shard's name in the worker."""
        return f"{self.topic}.{self.partition}"


@dataclass(frozen=True, slots=True)
class Emission:
    """One committed transaction."""

    source: Source
    consumed: tuple[IncomingRecord, ...]
    records: tuple[OutgoingRecord, ...]


@dataclass(slots=True)
class MemoryKafka:
    """The broker."""

    logs: dict[Source, list[IncomingRecord]] = field(default_factory=dict)
    committed: dict[Source, int] = field(default_factory=dict)
    epochs: dict[Source, int] = field(default_factory=dict)
    emissions: list[Emission] = field(default_factory=list)

    def send(
        self, source: Source, value: bytes | None, at: datetime, *, key: bytes | None = None, headers: Headers = ()
    ) -> IncomingRecord:
        """Append a record."""
        log = self.logs.setdefault(source, [])
        timestamp_ms = milliseconds(at)
        record = IncomingRecord(PREFIX + source.topic, source.partition, len(log), timestamp_ms, key, value, headers)
        log.append(record)
        return record

    def pending(self, source: Source) -> list[IncomingRecord]:
        """The uncommitted records."""
        return self.logs.get(source, [])[self.committed.get(source, 0) :]

    def is_committed(self, source: Source, offset: int) -> bool:
        """Whether a record's outputs are visible."""
        return offset < self.committed.get(source, 0)

    def open_emitter(self, source: Source) -> "MemoryEmitter":
        """A new owner's emitter; fences all former ones."""
        self.epochs[source] = self.epochs.get(source, 0) + 1
        return MemoryEmitter(self, source, self.epochs[source])

    def commit(self, source: Source, records: Sequence[OutgoingRecord], next_offset: int | None) -> None:
        """Publish the records and move the offset, atomically."""
        start = self.committed.get(source, 0)
        end = start if next_offset is None else next_offset
        consumed = self.logs.get(source, [])[start:end]
        self.emissions.append(Emission(source, tuple(consumed), tuple(records)))
        self.committed[source] = end


@dataclass(slots=True)
class MemoryEmitter:
    """One owner's emitter of one source; implements `producers.emitters.Emitter`."""

    kafka: MemoryKafka
    source: Source
    epoch: int
    crash: Literal["before_emit", "after_emit"] | None = None
    failures: int = 0
    refused: frozenset[str] = frozenset()
    """Topics that refuse records."""
    says_which: bool = True
    """Whether the error names those topics."""

    async def emit(self, records: Sequence[OutgoingRecord], next_offset: int | None) -> None:
        """See `Emitter.emit`."""
        self._die_if_arranged("before_emit")
        if self.epoch != self.kafka.epochs[self.source]:
            raise PartitionFenced("a newer emitter is open")
        if self.failures:
            self.failures -= 1
            raise EmitFailed("the transaction was aborted")
        if at_fault := self.refused & {record.topic for record in records}:
            raise EmitFailed("the transaction was aborted", at_fault if self.says_which else frozenset())
        self.kafka.commit(self.source, records, next_offset)
        self._die_if_arranged("after_emit")

    def _die_if_arranged(self, moment: Literal["before_emit", "after_emit"]) -> None:
        if self.crash == moment:
            self.crash = None
            raise Crashed(moment)
