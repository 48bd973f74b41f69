"""The shape of a past sale, from the request topics.

In:       two instants.
Out:      `Shape`: the records of each topic in each second between them.
Promise:  no record is read: brokers find offsets by timestamps, which rise within a partition (`LogAppendTime`).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiokafka import TopicPartition

from cli.rehearsal.shape import OPERATIONS, Row, Shape
from ops.broker.reading import TopicReader, kafka_errors, topic_reader
from ops.settings.load import Settings
from schemas.topics import OPERATIONS as OPERATION_OF
from schemas.topics import REQUEST_TOPICS, Topics

SLICES_MAX: Final = 3_600
"""Questions to the brokers: an hour by seconds; of a longer time, longer slices."""
MS: Final = 1_000
Places = Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Past:
    """What was found."""

    shape: Shape
    is_cut: bool
    """Retention may have removed records of that time."""


def slice_ms(since_ms: int, until_ms: int) -> int:
    """Whole seconds, at most `SLICES_MAX` slices."""
    return max(1, -(-(until_ms - since_ms) // (SLICES_MAX * MS))) * MS


async def past_shape(settings: Settings, since_ms: int, until_ms: int) -> Past:
    """Count the requests.

    Raises:
        TopicMissing, BrokerUnavailable, KafkaRefused: see `ops.broker.reading`.
    """
    topics, step_ms = Topics(settings.topics.prefix), slice_ms(since_ms, until_ms)
    names = [topics.full(spec) for spec in REQUEST_TOPICS]
    async with topic_reader(settings, names) as reader:
        with kafka_errors(settings.kafka):
            is_cut = await _is_cut(reader, since_ms)
            before, rows = await reader.since(since_ms), []
            for begin_ms in range(since_ms, until_ms, step_ms):
                end_ms = min(begin_ms + step_ms, until_ms)
                after = await reader.since(end_ms)
                rows.append(row_of(topics, before, after, (begin_ms - since_ms) / MS, (end_ms - begin_ms) / MS))
                before = after
    end = Row((until_ms - since_ms) / MS, 0, 0, 0)
    return Past(Shape("history", (*rows, end)), is_cut)


def row_of(topics: Topics, before: Places, after: Places, second: float, seconds: float) -> Row:
    """The rates between two positions."""
    counts: Counter[str] = Counter()
    for place, offset in after.items():
        counts[OPERATION_OF[topics.bare(place.topic)]] += max(0, offset - before[place])
    return Row(second, *(counts[operation] / seconds for operation in OPERATIONS))


async def _is_cut(reader: TopicReader, since_ms: int) -> bool:
    """Whether a partition begins behind its first offset, and not before that time."""
    begins, first = await reader.beginnings(), await reader.since(since_ms)
    return any(offset > 0 and first[place] == offset for place, offset in begins.items())
