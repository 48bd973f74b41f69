"""Examples of records for the AsyncAPI document, built with the service's own decoder and producers.

In:       fields of a request, or a record that the producers built.
Out:      `Example`.
Promise:  every example is a record that the service accepts or sends.
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
    """A record in AsyncAPI's format."""

    name: str
    summary: str
    headers: Mapping[str, str]
    payload: Any  # JSON; or the text that a dead letter repeats

    @property
    def document(self) -> dict[str, Any]:
        return asdict(self)


def read(topic: TopicSpec, value: bytes, *headers: tuple[str, bytes]) -> Asked[Any] | Rejected:
    """Decode a record as the service does."""
    milliseconds = int(AT.timestamp() * 1_000)
    record = IncomingRecord(TOPICS.full(topic), PARTITION, OFFSET, milliseconds, FAN.encode(), value, headers)
    return decode(
        record, topic.name, SizeLimits.of(WorkerSettings()), MODELS.get(topic.name, lambda _: ImportCommand)
    )


def asked(topic: TopicSpec, fields: Mapping[str, Any], *headers: tuple[str, bytes]) -> Asked[Any]:
    """Build a request or command. Fails if the service could not read it."""
    found = read(topic, orjson.dumps(fields), *headers)
    assert isinstance(found, Asked), found
    return found


def rejected(topic: TopicSpec, value: bytes) -> Rejected:
    """Build a rejection. Fails if the service could read the record."""
    found = read(topic, value)
    assert isinstance(found, Rejected), found
    return found


def example(name: str, summary: str, record: IncomingRecord | OutgoingRecord) -> Example:
    """An example of a record whose value is JSON."""
    return Example(name, summary, as_text(record.headers), orjson.loads(record.value or b""))


def as_text(headers: Headers) -> dict[str, str]:
    """Headers as JSON strings."""
    return {name: (value or b"").decode() for name, value in headers}
