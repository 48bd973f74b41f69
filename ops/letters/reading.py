"""Reads dead letters and the notes about replays, up to the ends of their topics.

In:       settings, a `Choice`.
Out:      chosen dead letters with their state, in pieces; the identities of the records that were replayed.
Promise:  ends at the log end offsets of its start. While Kafka is unavailable it retries for as long as `patience`
          allows, and continues where it stopped.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from aiokafka import TopicPartition

from ops.broker.patience import Patience
from ops.broker.reading import Offsets, TopicReader, kafka_errors, topic_reader
from ops.broker.records import text
from ops.letters.choice import Choice
from ops.letters.letter import Letter, letter_of
from ops.settings.load import Settings
from schemas.errors import BrokerUnavailable
from schemas.records import IncomingRecord
from schemas.topics import DEAD_LETTERS, DEAD_LETTERS_REPLAYED, Topics

ALL: Choice = Choice()


class Found(NamedTuple):
    """A chosen dead letter."""

    letter: Letter
    is_replayed: bool


@dataclass(slots=True)
class Span:
    """What is still to be read; lives across lost connections."""

    choice: Choice
    starts: Offsets = field(default_factory=dict)
    stops: Offsets | None = None

    async def begin(self, reader: TopicReader) -> Offsets:
        """Set the reader's start. Returns where to stop."""
        if self.stops is None:
            await self._find(reader)
        assert self.stops is not None
        reader.start_at(self.starts)
        return self.stops

    async def _find(self, reader: TopicReader) -> None:
        ends = await reader.ends()
        since_ms = self.choice.since_ms
        beginnings = await (reader.beginnings() if since_ms is None else reader.since(since_ms))
        spans: dict[TopicPartition, tuple[int, int]] = {
            place: self.choice.span(place.partition, beginning=beginnings[place], end=end)
            for place, end in ends.items()
        }
        self.starts = {place: start for place, (start, _) in spans.items()}
        self.stops = {place: stop for place, (_, stop) in spans.items()}


async def replayed_identities(settings: Settings, patience: Patience) -> set[str]:
    """The records that were replayed; see `Letter.identity`. Raises as `chosen_letters` does."""
    topic = Topics(settings.topics.prefix).full(DEAD_LETTERS_REPLAYED)
    found: set[str] = set()
    async with aclosing(read(settings, topic, ALL, patience)) as pieces:
        async for records in pieces:
            found |= {text(record.key) for record in records}
    return found


async def chosen_letters(
    settings: Settings, choice: Choice, replayed: set[str], patience: Patience
) -> AsyncGenerator[list[Found], None]:
    """The chosen ones, oldest first within a partition. `replayed` may grow meanwhile.

    Raises:
        TopicMissing, KafkaRefused: see `ops.broker.reading`.
        Unanswered: Kafka was unavailable for longer than `patience` allows.
    """
    topics = Topics(settings.topics.prefix)
    async with aclosing(read(settings, topics.full(DEAD_LETTERS), choice, patience)) as pieces:
        async for records in pieces:
            letters = [letter_of(record) for record in records]
            found = [Found(letter, letter.identity(topics) in replayed) for letter in letters]
            yield [item for item in found if choice.includes(item.letter, is_replayed=item.is_replayed)]


async def read(
    settings: Settings, topic: str, choice: Choice, patience: Patience
) -> AsyncGenerator[list[IncomingRecord], None]:
    """The records of a topic within a choice's offsets."""
    span = Span(choice)
    while True:
        try:
            async with aclosing(read_on(settings, topic, span, patience)) as pieces:
                async for records in pieces:
                    yield records
        except BrokerUnavailable as why:
            await patience.pause(why)
        else:
            return


async def read_on(
    settings: Settings, topic: str, span: Span, patience: Patience
) -> AsyncGenerator[list[IncomingRecord], None]:
    """The records of a span, which shrinks with them."""
    async with open_reader(settings, topic, span, patience) as (reader, stops):
        with kafka_errors(settings.kafka):
            async with aclosing(reader.until(stops, patience)) as pieces:
                async for records in pieces:
                    yield records
                    span.starts = await reader.positions()


@asynccontextmanager
async def open_reader(
    settings: Settings, topic: str, span: Span, patience: Patience
) -> AsyncIterator[tuple[TopicReader, Offsets]]:
    """A reader at the start of its span, and where it stops."""
    async with AsyncExitStack() as opened:
        async with patience.asked():
            reader = await opened.enter_async_context(topic_reader(settings, [topic]))
            with kafka_errors(settings.kafka):
                stops = await span.begin(reader)
        yield reader, stops
