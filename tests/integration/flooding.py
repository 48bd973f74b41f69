"""More requests than a worker can serve, what they come to, and how much memory the worker has meanwhile.

Out: `Flood` sends and reads; `highest_rss`, `check_no_rebalance`.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from benchmarks.usage import rss_mb
from consumers.loop.decompress import PLAIN_BYTES_MAX
from ops.settings.load import Settings
from schemas.topics import RELEASE, RESERVE, RESULTS, Topics, TopicSpec
from tests.integration.requesting import reserve
from tests.integration.running import Role
from tests.integration.scraping import scraped

BATCH_RECORDS: Final = 500
ZSTD: Final = 4
BATCH_BYTES: Final = 1_000_000
QUIET_S_MAX: Final = 60.0
"""Without a result for so long, the flood is not served."""
LOOK_EVERY_S: Final = 0.05
POLL_MS: Final = 200


@dataclass(slots=True)
class Answers:
    """What came out so far. Of each source only its last number is kept: a flood may have a million requests."""

    counts: Counter[str] = field(default_factory=Counter)
    """By source."""
    last_at_ms: dict[str, int] = field(default_factory=dict)
    """When the last result of a source was sent."""
    _last: dict[tuple[int, str], int] = field(default_factory=dict)

    def add(self, record: Any) -> None:  # aiokafka is not typed
        """A result. One that comes twice, or before an earlier one of its source, fails the test."""
        result = orjson.loads(record.value)
        source, _, number = result["request_id"].rpartition("-")
        before = self._last.get((record.partition, source), -1)
        assert before < int(number), f"{source}: {number} after {before}, or twice"
        self._last[record.partition, source] = int(number)
        self.counts[source] += 1
        self.last_at_ms[source] = max(record.timestamp, self.last_at_ms.get(source, 0))


class Flood:
    """A sender and a reader. A source is a partition, or whoever else numbers requests from 0 on."""

    def __init__(self, topics: Topics, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer) -> None:
        self.answers = Answers()
        self.sent: Counter[str] = Counter()
        self._topics = topics
        self._producer = producer
        self._consumer = consumer

    async def send(
        self, source: str, count: int, *, topic: TopicSpec = RESERVE, partition: int = 0, campaign: str = "sale"
    ) -> None:
        """Send `count` requests to a partition, in batches of 500."""
        numbers = range(self.sent[source], self.sent[source] + count)
        for start in range(0, count, BATCH_RECORDS):
            requests = [reserve(f"{source}-{number}", campaign) for number in numbers[start : start + BATCH_RECORDS]]
            await self._send_batch(self._producer.create_batch(), requests, (topic, partition))
        self.sent[source] += count

    async def send_compressed(self, source: str, count: int, pad: str, *, topic: TopicSpec, partition: int) -> None:
        """Send padded requests in one compressed batch."""
        batch = self._producer.create_batch()
        batch._builder = DefaultRecordBatchBuilder(2, ZSTD, 0, -1, -1, -1, PLAIN_BYTES_MAX)
        numbers = range(self.sent[source], self.sent[source] + count)
        more = {"reservation_id": "none"} if topic == RELEASE else {}
        requests = [reserve(f"{source}-{number}", pad=pad, **more) for number in numbers]
        await self._send_batch(batch, requests, (topic, partition))
        self.sent[source] += count

    async def _send_batch(
        self, batch: Any, requests: Sequence[Mapping[str, Any]], place: tuple[TopicSpec, int]
    ) -> None:
        for request in requests:
            batch.append(key=request["fan_id"].encode(), value=orjson.dumps(request), timestamp=None)
        batch.close()
        topic, partition = place
        await (await self._producer.send_batch(batch, self._topics.full(topic), partition=partition))

    async def until_answered(self) -> None:
        """Read results until there are as many as requests."""
        quiet_since = time.monotonic()
        while self.answers.counts.total() < self.sent.total():
            before = self.answers.counts.total()
            await self.read()
            quiet_since = time.monotonic() if self.answers.counts.total() > before else quiet_since
            assert time.monotonic() - quiet_since < QUIET_S_MAX, f"{before} of {self.sent.total()} results"

    async def read(self, timeout_ms: int = POLL_MS) -> None:
        """Read the results that have come."""
        found = await self._consumer.getmany(timeout_ms=timeout_ms)
        for record in (record for records in found.values() for record in records):
            self.answers.add(record)

    async def round_trip_s(self, source: str, times: int) -> float:
        """The shortest time from a request to its result, of several, one after the other."""
        found = []
        for _ in range(times):
            began = time.perf_counter()
            await self.send(source, 1)
            await self.until_answered()
            found.append(time.perf_counter() - began)
        return min(found)

    def check_nothing_lost(self) -> None:
        """As many results as requests, of each source; `Answers` sees that none came twice."""
        assert self.sent == self.answers.counts


@asynccontextmanager
async def a_flood(settings: Settings) -> AsyncIterator[Flood]:
    """On a test's topics."""
    servers, topics = settings.kafka.bootstrap_servers, Topics(settings.topics.prefix)
    producer = AIOKafkaProducer(bootstrap_servers=servers, max_batch_size=BATCH_BYTES)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    async with producer, consumer:
        name = topics.full(RESULTS)
        consumer.assign([TopicPartition(name, number) for number in await producer.partitions_for(name)])
        yield Flood(topics, producer, consumer)


@asynccontextmanager
async def highest_rss(role: Role) -> AsyncIterator[list[float]]:
    """Resident memory in MiB while the block runs: its first sample, then the highest."""
    process = psutil.Process(role.pid)
    found = [rss_mb(process)] * 2

    async def look() -> None:
        while True:
            found[1] = max(found[1], rss_mb(process))
            await asyncio.sleep(LOOK_EVERY_S)

    looking = asyncio.create_task(look())
    try:
        yield found
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def check_no_rebalance(workers: Sequence[Role]) -> None:
    """Each worker has had one assignment, and nobody fenced it or found it missing."""
    for worker in workers:
        metrics = await scraped(worker)
        assert None is worker.process.returncode
        assert (1, 1.0) == (len(worker.logged("assigned")), metrics.total("codes_rebalances_total"))
        assert 0.0 == metrics.total("codes_fenced_total")
