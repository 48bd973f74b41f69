"""Kafka records as plain values, independent of the client: incoming, outgoing, and what decoding made of them.

Out: `IncomingRecord`, `OutgoingRecord`, `Asked` (a readable request), `Rejected` (an unreadable record).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, Literal, NamedTuple, TypeVar

from schemas.base import Model, Operation

Headers = tuple[tuple[str, bytes | None], ...]
DeadLetterReason = Literal["not_json", "invalid", "too_large", "unauthorized", "unprocessable"]

R = TypeVar("R", bound=Model)

AUTHORIZATION: Final = "authorization"
"""Header of a request's token. It never leaves the request topic."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
TIMESTAMP_MS_MAX: Final = 253_402_300_799_999
"""The end of the year 9999. On a topic without LogAppendTime a sender can write any number, or -1."""


def instant_of(timestamp_ms: int) -> datetime:
    """A record's timestamp as UTC, clamped to the range that `datetime` can represent."""
    return EPOCH + timedelta(milliseconds=min(max(timestamp_ms, 0), TIMESTAMP_MS_MAX))


@dataclass(frozen=True, slots=True)
class UnreadableBatch:
    """A record batch that cannot be decompressed or parsed."""

    first_offset: int
    last_offset: int
    codec: str
    """Compression of the batch."""
    error: str
    """Class name of the parser's exception; its text may hold a value."""
    content: bytes
    """The whole batch as the broker stores it, including its header."""

    @property
    def detail(self) -> str:
        """Value of the header `dlq-detail`."""
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
    """Set if this is a whole unreadable batch at its last offset; `value` is then the batch."""

    @property
    def first_offset(self) -> int:
        """The record's offset, or the first offset of the batch."""
        return self.offset if self.batch is None else self.batch.first_offset

    def header(self, name: str) -> bytes | None:
        """The last value of a header, as Kafka's `lastHeader` returns it."""
        if not self.headers:
            return None
        return next((value for key, value in reversed(self.headers) if key == name), None)

    @property
    def at(self) -> datetime:
        """The record's timestamp as UTC, clamped as in `instant_of`."""
        return instant_of(self.timestamp_ms)


class OutgoingRecord(NamedTuple):
    """A record to send."""

    topic: str
    """Full name, with the prefix."""
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int | None = None
    """Set only if the requester named a partition; otherwise the key decides."""


class Asked(NamedTuple, Generic[R]):
    """A readable request or command, with its record."""

    request: R
    digest: str
    """SHA-256 of the request's content, hex; see `content_digest`."""
    source: str
    """`<topic>.<partition>@<offset>`, without the topic prefix."""
    record: IncomingRecord


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be read or processed, and the reason."""

    reason: DeadLetterReason
    detail: str
    """Which field and why; never the field's value."""
    record: IncomingRecord
    operation: Operation | None = None
    request_id: str | None = None
    """Set if it could be read, so that the sender gets an answer."""
    campaign_id: str | None = None
    fan_id: str | None = None
