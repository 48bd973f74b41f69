"""Kafka records as values, free of any client: what came in, what goes out, and what was made of it.

Out: `IncomingRecord`, `OutgoingRecord`, `Asked` (a readable request), `Rejected` (an unreadable record).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, Literal, TypeVar

from schemas.base import Model, Operation

Headers = tuple[tuple[str, bytes | None], ...]
DeadLetterReason = Literal["not_json", "invalid", "too_large", "unauthorized", "unprocessable"]

R = TypeVar("R", bound=Model)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
TIMESTAMP_MS_MAX: Final = 253_402_300_799_999
"""The end of the year 9999. On a topic without LogAppendTime a sender can write any number, or -1."""


def instant_of(timestamp_ms: int) -> datetime:
    """A record's timestamp, UTC; the nearest instant that can be written down: `datetime` has no other."""
    return EPOCH + timedelta(milliseconds=min(max(timestamp_ms, 0), TIMESTAMP_MS_MAX))


@dataclass(frozen=True, slots=True)
class UnreadableBatch:
    """Records that were sent together and cannot be taken apart."""

    first_offset: int
    last_offset: int
    codec: str
    """How they are compressed."""
    error: str
    """What the parser raised: the name of its class, for its text may hold a value."""
    content: bytes
    """The whole batch as the broker keeps it, its header included."""

    @property
    def detail(self) -> str:
        """For the dead letter."""
        return f"offsets {self.first_offset} to {self.last_offset} cannot be read: {self.codec}, {self.error}"


@dataclass(frozen=True, slots=True)
class IncomingRecord:
    """One record as read, bytes untouched."""

    topic: str
    """Full name, with the prefix."""
    partition: int
    offset: int
    timestamp_ms: int
    """The broker's time of append, milliseconds since 1970."""
    key: bytes | None
    value: bytes | None
    headers: Headers
    batch: UnreadableBatch | None = None
    """If this is no record but a whole batch, at its last offset: then the value is the batch."""

    @property
    def first_offset(self) -> int:
        """The record's offset, or the first one of the batch."""
        return self.offset if self.batch is None else self.batch.first_offset

    def header(self, name: str) -> bytes | None:
        """The last value of a header, as Kafka's own `lastHeader` has it."""
        if not self.headers:
            return None
        return next((value for key, value in reversed(self.headers) if key == name), None)

    @property
    def at(self) -> datetime:
        """The record's own time, UTC; the nearest one that can be written down."""
        return instant_of(self.timestamp_ms)


@dataclass(frozen=True, slots=True)
class OutgoingRecord:
    """One record to send."""

    topic: str
    """Full name, with the prefix."""
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int | None = None
    """Only where the asker named one; else the key decides."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[R]):
    """A readable request or command with the record it came in."""

    request: R
    digest: str
    """SHA-256 of its content, hex; see `content_digest`."""
    source: str
    """`<topic>.<partition>@<offset>`, without the topic prefix."""
    record: IncomingRecord


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be read, or cannot be processed, and why."""

    reason: DeadLetterReason
    detail: str
    """Which field and why; never the field's value."""
    record: IncomingRecord
    operation: Operation | None = None
    request_id: str | None = None
    """Where one could be read, so that the sender gets an answer."""
    campaign_id: str | None = None
    fan_id: str | None = None
