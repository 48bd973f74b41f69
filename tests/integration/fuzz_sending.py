"""Generated records on a real broker: in batches of every codec, and among them batches that nobody can read.

In:   `Fuzzed` records.
Out:  `send_all`, which puts good requests between them, and says what must come of it all.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from random import Random
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from schemas.topics import REQUEST_TOPICS
from tests.fakes.fetches import HEADER, broken, corrupted, with_crc
from tests.fakes.fuzz_records import Fuzzed
from tests.integration.corrupting import CODECS, TailBuilder, change_log
from tests.integration.fuzz_expected import Expected, a_good_request

TOPIC_NAMES: Final = tuple(topic.name for topic in REQUEST_TOPICS)
PARTITIONS: Final = 2
RECORDS_MAX: Final = 24
BYTES_MAX: Final = 900_000
BUILDER_BYTES: Final = 1_040_000
PLACES: Final = tuple((topic, number) for topic in TOPIC_NAMES for number in range(PARTITIONS))
BOMB_BYTES: Final = 70 * 1024 * 1024
"""More than a batch may have when it is decompressed; compressed, it is some kilobytes."""
MUCH: Final = (600_000).to_bytes(4, "big")
"""More records than a batch may claim to have."""

Change = Callable[[bytes], bytes]
CHANGES: Final[Mapping[str, Change]] = {
    "wrong checksum": corrupted,
    "unknown codec": partial(broken, kind="codec", codec=5),
    "wrong count": partial(broken, kind="structure", codec=0),
    "count beyond": lambda batch: with_crc(batch[: HEADER - 4] + MUCH + batch[HEADER:]),
    "wrong payload": partial(broken, kind="payload", codec=0),
    "tail": bytes,
    "bomb": bytes,
}
"""The kinds of batches that cannot be read, and how each is changed on the disk; the last two are sent so."""


class NoText(str):
    """A header name that goes out as the bytes that it was made of."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return super().encode(encoding, "surrogateescape")


def a_builder(codec: int) -> Any:  # aiokafka is not typed
    """The parser of pure Python takes such header names."""
    return _DefaultRecordBatchBuilderPy(2, codec, 0, -1, -1, -1, BUILDER_BYTES)


def broken_batch(kind: str, topic: str) -> tuple[Any, Sequence[Fuzzed]]:
    """A builder, and records of a batch that cannot be read, or is changed so that it cannot."""
    if kind == "bomb":
        return a_builder(CODECS["zstd"]), [Fuzzed(kind, is_bad=True, topic=topic, value=bytes(BOMB_BYTES))]
    builder = TailBuilder("gzip") if kind == "tail" else a_builder(0)
    return builder, [Fuzzed(kind, is_bad=True, topic=topic, value=b"v" * 200)] * 3


def with_good_between(records: Sequence[Fuzzed], random: Random) -> Iterator[Fuzzed]:
    """A good one after each second record, on the average."""
    for number, record in enumerate(records):
        yield record
        if random.random() < 0.5:
            yield a_good_request(random.choice(TOPIC_NAMES), f"between-{number}")


def in_batches(records: Sequence[Fuzzed], random: Random) -> Iterator[Sequence[Fuzzed]]:
    """Of random sizes."""
    batch: list[Fuzzed] = []
    size, count_max = 0, random.randint(1, RECORDS_MAX)
    for record in records:
        length = size_of(record)
        if batch and (len(batch) >= count_max or size + length > BYTES_MAX):
            yield batch
            batch, size, count_max = [], 0, random.randint(1, RECORDS_MAX)
        batch.append(record)
        size += length
    yield batch


def size_of(record: Fuzzed) -> int:
    """About how many bytes it has in a batch."""
    headers = sum(len(name) + len(value or b"") + 10 for name, value in record.headers)
    return len(record.value or b"") + len(record.key or b"") + headers + 100


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends batches as they are, and knows what must come of them."""

    producer: AIOKafkaProducer
    prefix: str
    expected: Expected
    numbers: Iterator[int]

    async def send(self, partition: int, builder: Any, records: Sequence[Fuzzed]) -> int:
        """Send a batch; gives its first offset."""
        batch = self.producer.create_batch()
        batch._builder = builder
        for record in records:
            batch.append(
                timestamp=record.timestamp_ms if record.kind == "timestamp" else None,
                key=record.key,
                value=record.value,
                headers=[(NoText(name), value) for name, value in record.headers],
            )
        batch.close()
        topic = self.prefix + records[0].topic
        sent = await (await self.producer.send_batch(batch, topic, partition=partition))
        offset: int = sent.offset
        return offset

    async def send_readable(self, partition: int, codec: int, records: Sequence[Fuzzed]) -> None:
        """A batch whose records are expected one by one."""
        first = await self.send(partition, a_builder(codec), records)
        for offset, record in enumerate(records, start=first):
            self.expected.add(record, partition, offset)

    async def send_broken(self, kind: str, topic: str, partition: int) -> None:
        """A batch that becomes one dead letter, and a good request behind it."""
        first = await self.send(partition, *broken_batch(kind, topic))
        await self.send_readable(partition, 0, [a_good_request(topic, f"behind-{next(self.numbers)}")])
        batch = await asyncio.to_thread(change_log, self.prefix + topic, partition, first, CHANGES[kind])
        self.expected.add_broken(kind, (topic, partition, first), batch)

    async def send_share(self, place: tuple[str, int], share: Sequence[Fuzzed], kinds: list[str], seed: int) -> None:
        """One partition's records in order, and behind each batch perhaps one that cannot be read."""
        random, (topic, partition) = Random(seed), place
        for batch in in_batches(share, random):
            await self.send_readable(partition, random.choice((0, *CODECS.values())), batch)
            if kinds and random.random() < 0.5:
                await self.send_broken(kinds.pop(), topic, partition)


async def send_all(
    servers: str, prefix: str, records: Sequence[Fuzzed], random: Random, broken_times: int
) -> Expected:
    """Send all, with good ones between them, and each kind of broken batch `broken_times` times."""
    everything = list(with_good_between(records, random))
    kinds = list(CHANGES) * broken_times
    async with AIOKafkaProducer(bootstrap_servers=servers, max_request_size=BUILDER_BYTES) as producer:
        sender = Sender(producer, prefix, Expected(), count())
        async with asyncio.TaskGroup() as tasks:
            for number, (topic, partition) in enumerate(PLACES):
                share = [record for record in everything if record.topic == topic][partition::PARTITIONS]
                of_place = kinds[number :: len(PLACES)]
                tasks.create_task(sender.send_share((topic, partition), share, of_place, random.randrange(2**32)))
    return sender.expected
