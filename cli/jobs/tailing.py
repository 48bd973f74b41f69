"""A topic followed by a person.

In:       a topic, from where, which records.
Out:      records one by one, for as long as somebody looks.
Promise:  a code's value leaves here only if it was asked for.
"""

import base64
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

from ops.broker.patience import Patience
from ops.broker.reading import Isolation, Offsets, TopicReader, kafka_errors, topic_reader
from ops.broker.records import fields_of, text
from ops.settings.load import Settings
from ops.telemetry.masking import MASK
from schemas.base import rfc3339
from schemas.errors import BrokerUnavailable
from schemas.records import IncomingRecord
from schemas.topics import ALL_TOPICS

MASKED_FIELD: Final = "code"
TELLING_HEADERS: Final = ("dlq-", "reply-refused")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records of a topic."""

    topic: str
    """Full name."""
    from_beginning: bool = False
    follow: bool = True
    """Go on when the end is reached."""
    count_max: int | None = None
    key: str | None = None
    campaign_id: str | None = None
    isolation: Isolation = "read_committed"

    def is_met_by(self, record: IncomingRecord) -> bool:
        """Whether a record is one of them."""
        if self.key is not None and text(record.key) != self.key:
            return False
        return self.campaign_id is None or fields_of(record.value).get("campaign_id") == self.campaign_id


def full_name(topic: str, prefix: str) -> str:
    """A topic of the contract by its short name; any other name is taken as it is."""
    return prefix + topic if topic in {spec.name for spec in ALL_TOPICS} else topic


async def follow(
    settings: Settings, wanted: Wanted, patience: Patience | None = None
) -> AsyncGenerator[IncomingRecord, None]:
    """The records that are wanted, oldest first within a partition.

    Without `patience` an unavailable broker ends it; with it, it is waited for, and nothing is left out.

    Raises:
        TopicMissing, BrokerUnavailable, KafkaRefused: see `ops.broker.reading`.
        Unanswered: the patience is over.
    """
    left = wanted.count_max
    async with aclosing(patiently(settings, wanted, patience)) as found:
        async for records in found:
            for record in filter(wanted.is_met_by, records):
                yield record
                left = None if left is None else left - 1
                if left == 0:
                    return


async def patiently(
    settings: Settings, wanted: Wanted, patience: Patience | None
) -> AsyncGenerator[list[IncomingRecord], None]:
    """What arrives; a reader that lost the brokers is followed by another one, which goes on where it stood."""
    stand = Stand()
    while True:
        try:
            async with aclosing(pieces(settings, wanted, stand, patience)) as found:
                async for records in found:
                    yield records
        except BrokerUnavailable as why:
            if patience is None:
                raise
            await patience.pause(why)
        else:
            return


@dataclass(slots=True)
class Stand:
    """How far the readers of one topic came."""

    ends: Offsets | None = None
    """Where the topic ended at first."""
    positions: Offsets = field(default_factory=dict)

    async def begin(self, reader: TopicReader, *, from_beginning: bool) -> Offsets:
        """Let a reader go on; the first one begins. Out: where the topic ended at first."""
        if self.ends is None:
            ends = await reader.ends()
            self.positions = await reader.beginnings() if from_beginning else ends
            self.ends = ends
        reader.start_at(self.positions)
        return self.ends


async def pieces(
    settings: Settings, wanted: Wanted, stand: Stand, patience: Patience | None
) -> AsyncGenerator[list[IncomingRecord], None]:
    """What arrives, to the ends or without end, from where `stand` is; it moves with what is handed out."""
    async with opened(settings, wanted, stand, patience) as (reader, ends):
        with kafka_errors(settings.kafka):
            source = endless(reader, patience) if wanted.follow else reader.until(ends, patience)
            async with aclosing(source):
                async for records in source:
                    yield records
                    stand.positions = await reader.positions()


@asynccontextmanager
async def opened(
    settings: Settings, wanted: Wanted, stand: Stand, patience: Patience | None
) -> AsyncIterator[tuple[TopicReader, Offsets]]:
    """A reader that stands where it shall begin, and where the topic ended at first; `patience` looks on."""
    async with AsyncExitStack() as open_:
        async with patience.asked() if patience else nullcontext():
            reader = await open_.enter_async_context(topic_reader(settings, [wanted.topic], wanted.isolation))
            with kafka_errors(settings.kafka):
                ends = await stand.begin(reader, from_beginning=wanted.from_beginning)
        yield reader, ends


async def endless(reader: TopicReader, patience: Patience | None) -> AsyncGenerator[list[IncomingRecord], None]:
    """What arrives, for as long as somebody looks."""
    while True:
        yield await reader.poll(patience)


def as_json(record: IncomingRecord, *, reveal: bool) -> dict[str, Any]:
    """All of a record. A value that is no JSON object is text; one that is no text is `value_base64`."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "at": at(record),
        "key": None if record.key is None else text(record.key),
        "headers": {name: None if value is None else text(value) for name, value in record.headers},
        **said(record.value, reveal=reveal),
    }


def said(value: bytes | None, *, reveal: bool) -> dict[str, Any]:
    """The value, with a secret masked."""
    fields = fields_of(value)
    if fields:
        return {"value": fields if reveal else masked(fields)}
    try:
        return {"value": None if value is None else value.decode()}
    except UnicodeDecodeError:
        return {"value_base64": base64.b64encode(value or b"").decode()}


def telling_headers(record: IncomingRecord) -> dict[str, str]:
    """Headers that say why a record is here: of dead letters, and of replies that were not sent."""
    return {name: text(value) for name, value in record.headers if name.startswith(TELLING_HEADERS)}


def masked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields without the code's value."""
    return {name: MASK if name == MASKED_FIELD else value for name, value in fields.items()}


def at(record: IncomingRecord) -> str:
    """When the broker took it."""
    return rfc3339(record.at)
