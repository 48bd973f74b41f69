"""Reads the records of a topic for a user who follows it.

In:       a topic, where to start, and which records to select.
Out:      the records, one by one, until the caller stops.
Promise:  a code's value is returned only if the caller sets `reveal`.
"""

import base64
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

from ops.broker.patience import Patience
from ops.broker.reading import Isolation, Offsets, TopicReader, kafka_errors, topic_reader
from ops.broker.records import fields_behind_prefix, text
from ops.settings.load import Settings
from ops.telemetry.masking import MASK, is_secret
from schemas.base import rfc3339
from schemas.errors import BrokerUnavailable
from schemas.records import IncomingRecord
from schemas.topics import SERVICE_TOPICS

MASKED_FIELD: Final = "code"
REASON_HEADERS: Final = ("dlq-", "reply-refused")


@dataclass(frozen=True, slots=True)
class Selection:
    """A topic, and which of its records to read."""

    topic: str
    """Full name."""
    from_beginning: bool = False
    follow: bool = True
    """Wait for new records at the end of the topic."""
    count_max: int | None = None
    key: str | None = None
    campaign_id: str | None = None
    isolation: Isolation = "read_committed"

    def includes(self, record: IncomingRecord) -> bool:
        if self.key is not None and text(record.key) != self.key:
            return False
        return self.campaign_id is None or fields_behind_prefix(record.value).get("campaign_id") == self.campaign_id


def full_name(topic: str, prefix: str) -> str:
    """Add the prefix to a topic of the contract; any other name is a full name already."""
    return prefix + topic if topic in {spec.name for spec in SERVICE_TOPICS} else topic


async def follow(
    settings: Settings, selection: Selection, patience: Patience | None = None
) -> AsyncGenerator[IncomingRecord, None]:
    """The selected records, oldest first within a partition.

    With `patience` it retries while Kafka is unavailable, without losing a record; without `patience` it raises.

    Raises:
        TopicMissing, BrokerUnavailable, KafkaRefused: see `ops.broker.reading`.
        Unanswered: Kafka was unavailable for longer than `patience` allows.
    """
    left = selection.count_max
    async with aclosing(read_with_retries(settings, selection, patience)) as found:
        async for records in found:
            for record in filter(selection.includes, records):
                yield record
                left = None if left is None else left - 1
                if left == 0:
                    return


async def read_with_retries(
    settings: Settings, selection: Selection, patience: Patience | None
) -> AsyncGenerator[list[IncomingRecord], None]:
    """Arriving records. After a lost connection a new reader continues at the position of the last one."""
    position = ReadPosition()
    while True:
        try:
            async with aclosing(read_on(settings, selection, position, patience)) as found:
                async for records in found:
                    yield records
        except BrokerUnavailable as why:
            if patience is None:
                raise
            await patience.pause(why)
        else:
            return


@dataclass(slots=True)
class ReadPosition:
    """Position of the readers of one topic."""

    ends: Offsets | None = None
    """Log end offsets when the first reader started."""
    offsets: Offsets = field(default_factory=dict)

    async def begin(self, reader: TopicReader, *, from_beginning: bool) -> Offsets:
        """Set a reader's start offsets. Returns the log end offsets when the first reader started."""
        if self.ends is None:
            ends = await reader.ends()
            self.offsets = await reader.beginnings() if from_beginning else ends
            self.ends = ends
        reader.start_at(self.offsets)
        return self.ends


async def read_on(
    settings: Settings, selection: Selection, position: ReadPosition, patience: Patience | None
) -> AsyncGenerator[list[IncomingRecord], None]:
    """Arriving records from `position` on, which advances with them; stops at the log end unless following."""
    async with open_reader(settings, selection, position, patience) as (reader, ends):
        with kafka_errors(settings.kafka):
            source = poll_forever(reader, patience) if selection.follow else reader.until(ends, patience)
            async with aclosing(source):
                async for records in source:
                    yield records
                    position.offsets = await reader.positions()


@asynccontextmanager
async def open_reader(
    settings: Settings, selection: Selection, position: ReadPosition, patience: Patience | None
) -> AsyncIterator[tuple[TopicReader, Offsets]]:
    """A reader at its start offsets, with the log end offsets when the first reader started."""
    async with AsyncExitStack() as open_:
        async with patience.asked() if patience else nullcontext():
            reader = await open_.enter_async_context(topic_reader(settings, [selection.topic], selection.isolation))
            with kafka_errors(settings.kafka):
                ends = await position.begin(reader, from_beginning=selection.from_beginning)
        yield reader, ends


async def poll_forever(reader: TopicReader, patience: Patience | None) -> AsyncGenerator[list[IncomingRecord], None]:
    while True:
        yield await reader.poll(patience)


def as_json(record: IncomingRecord, *, reveal: bool) -> dict[str, Any]:
    """All parts of a record. A value that is not a JSON object is text; one that is not UTF-8 is `value_base64`."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "at": timestamp(record),
        "key": None if record.key is None else text(record.key),
        "headers": {name: header_text(name, value) for name, value in record.headers},
        **decoded_value(record.value, reveal=reveal),
    }


def header_text(name: str, value: bytes | None) -> str | None:
    """A header's value. A token is not for whoever reads over a shoulder or in a log, whatever else is revealed."""
    if value is None:
        return None
    return MASK if is_secret(name) else text(value)


def decoded_value(value: bytes | None, *, reveal: bool) -> dict[str, Any]:
    """The value, with a code masked unless `reveal`."""
    fields = fields_behind_prefix(value)
    if fields:
        return {"value": fields if reveal else masked(fields)}
    try:
        return {"value": None if value is None else value.decode()}
    except UnicodeDecodeError:
        return {"value_base64": base64.b64encode(value or b"").decode()}


def reason_headers(record: IncomingRecord) -> dict[str, str]:
    """Headers that explain a record: of dead letters, and of replies that were not sent."""
    return {name: text(value) for name, value in record.headers if name.startswith(REASON_HEADERS)}


def masked(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: MASK if name == MASKED_FIELD else value for name, value in fields.items()}


def timestamp(record: IncomingRecord) -> str:
    return rfc3339(record.at)
