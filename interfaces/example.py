"""A record as an example: how one is read by our own decoder, and written down.

In:       fields of a request, or a record that our own producers made.
Out:      `Example`.
Promise:  an example that the service would not take or send cannot be made.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from consumers.decode import MODELS, SizeLimits, decode
from schemas.records import Asked, Headers, IncomingRecord, OutgoingRecord, Rejected
from schemas.requests import ImportCommand
from schemas.settings import TopicSettings, WorkerSettings
from schemas.topics import Topics, TopicSpec

TOPICS: Final = Topics(TopicSettings().prefix)
AT: Final = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
FAN: Final = "fan-7"
PARTITION: Final = 3
OFFSET: Final = 1742


@dataclass(frozen=True, slots=True)
class Example:
    """One record as AsyncAPI writes it."""

    name: str
    summary: str
    headers: Mapping[str, str]
    payload: Any  # JSON; or the text that a dead letter repeats

    @property
    def document(self) -> dict[str, Any]:
        """As it stands in the document."""
        return asdict(self)


def read(topic: TopicSpec, value: bytes, *headers: tuple[str, bytes]) -> Asked[Any] | Rejected:
    """What the service makes of a record."""
    milliseconds = int(AT.timestamp() * 1_000)
    record = IncomingRecord(TOPICS.full(topic), PARTITION, OFFSET, milliseconds, FAN.encode(), value, headers)
    limits = WorkerSettings()
    sizes = SizeLimits(limits.record_bytes_max, limits.key_bytes_max, limits.header_bytes_max)
    return decode(record, topic.name, sizes, MODELS.get(topic.name, lambda _: ImportCommand))


def asked(topic: TopicSpec, fields: Mapping[str, Any], *headers: tuple[str, bytes]) -> Asked[Any]:
    """A readable record."""
    found = read(topic, orjson.dumps(fields), *headers)
    assert isinstance(found, Asked), found
    return found


def rejected(topic: TopicSpec, value: bytes) -> Rejected:
    """An unreadable record."""
    found = read(topic, value)
    assert isinstance(found, Rejected), found
    return found


def example(name: str, summary: str, record: IncomingRecord | OutgoingRecord) -> Example:
    """A record whose value is JSON."""
    return Example(name, summary, as_text(record.headers), orjson.loads(record.value or b""))


def as_text(headers: Headers) -> dict[str, str]:
    """Headers as JSON can hold them."""
    return {name: (value or b"").decode() for name, value in headers}
