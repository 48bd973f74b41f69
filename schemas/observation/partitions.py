"""Facts of partitions, rebalances, and the parts that loops need: MongoDB, Kafka, S3."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from schemas.errors import CodeServiceError, StoreUnavailable, WaitCause
from schemas.observation.fact import Fact, Place

Part = Literal["mongo", "kafka", "s3", "keys"]
"""`keys`: the file of keys of requests' tokens."""
RebalanceStep = Literal["let_go", "whole"]


@dataclass(frozen=True, slots=True)
class PartUnavailable(Fact):
    """A part gave no answer; it is tried again after a pause."""

    part: Part
    error: CodeServiceError

    @property
    def cause(self) -> WaitCause:
        """Known of MongoDB; the other parts' clients say only that there was no answer."""
        return self.error.cause if isinstance(self.error, StoreUnavailable) else "no_answer"


@dataclass(frozen=True, slots=True)
class PartAvailable(Fact):
    """A part answers, or answers again."""

    part: Part


@dataclass(frozen=True, slots=True)
class PartReleased(Fact):
    """Work that retried a part was cancelled, and nothing else asks the part: whether it answers is unknown."""

    part: Part


@dataclass(frozen=True, slots=True)
class PartitionsAssigned(Fact):
    """After a rebalance these partitions are served here, and no others."""

    partitions: frozenset[Place]


@dataclass(frozen=True, slots=True)
class PartitionsRevoked(Fact):
    """A rebalance begins: nothing is served here until partitions are assigned."""


@dataclass(frozen=True, slots=True)
class RebalanceTimed(Fact):
    """A step of a rebalance is over; `whole` is from its start to the new assignment, `let_go` included."""

    step: RebalanceStep
    seconds: float


@dataclass(frozen=True, slots=True)
class BatchTaken(Fact):
    """A batch was polled; it is in hand until a position is reached."""

    topic: str
    """Full name."""
    partition: int
    offset: int
    """Of its first record."""
    oldest_ms: int
    """Timestamp of its first record, milliseconds since 1970."""
    newest_ms: int
    """The same of its last record."""


@dataclass(frozen=True, slots=True)
class PositionReached(Fact):
    """Everything before `position` is answered, and nothing is in hand."""

    topic: str
    partition: int
    position: int


@dataclass(frozen=True, slots=True)
class Ends:
    """Where a partition's log ends."""

    last_stable: int
    """No more can be read than up to here: a sender's transaction is open, or nothing follows."""
    high_watermark: int
    """The next record's offset."""


@dataclass(frozen=True, slots=True)
class EndsRead(Fact):
    """The broker said where the logs of these partitions end."""

    ends: Mapping[Place, Ends]


@dataclass(frozen=True, slots=True)
class TopicSeen(Fact):
    """The number of partitions of a topic, whichever process serves them."""

    topic: str
    """Full name."""
    partitions: int


@dataclass(frozen=True, slots=True)
class LoopTurned(Fact):
    """A partition's loop has completed a turn, with or without records."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class PartitionHalted(Fact):
    """After this many consecutive dead letters a partition is served no further, as the settings demand."""

    topic: str
    partition: int
    dead_letters: int


@dataclass(frozen=True, slots=True)
class PartitionFencedOff(Fact):
    """Another process owns the partition; it is stopped here."""

    topic: str
    partition: int
