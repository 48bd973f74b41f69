"""The clients' producers: one without compression, and one for each codec.

In:       records to send.
Out:      acknowledged records, with their places in the log.
Promise:  a record that the broker did not acknowledge is sent again, under the same id and with the same content, as
          a client with a retry would do.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.chaos.answers import Answers
from tests.chaos.asked import Asked
from tests.chaos.journal import Journal

CODECS: Final = (None, "gzip", "snappy", "lz4", "zstd")
LINGER_MS: Final = 20
METADATA_MS: Final = 5_000
REQUEST_BYTES_MAX: Final = 1_000_000
STOP_S_MAX: Final = 5.0
RETRY_S: Final = 0.5
SEND_S_MAX: Final = 60.0
"""For one attempt; then the producer is replaced, and the record sent again."""
QUEUE_MAX: Final = 50
ANYWHERE_SHARE: Final = 0.15
"""Records that go to a random partition, past the order of their key."""


class Sender:
    """A client with one producer at a time."""

    def __init__(self, servers: str, prefix: str, codec: str | None, answers: Answers, journal: Journal) -> None:
        self._servers, self._prefix, self._codec = servers, prefix, codec
        self._answers, self._journal = answers, journal
        self._queue: asyncio.Queue[Asked] = asyncio.Queue(QUEUE_MAX)
        self._waiting: set[asyncio.Task[None]] = set()
        self._chance = Random(str(codec))
        self._producer: AIOKafkaProducer | None = None
        self._opening = asyncio.Lock()
        self.acknowledged: list[tuple[tuple[str, int, int], bytes | None]] = []
        """Topic without prefix, partition and offset; value."""

    async def put(self, record: Asked) -> None:
        await self._queue.put(record)

    async def run(self) -> None:
        """Send what comes, until cancelled."""
        try:
            while True:
                record = await self._queue.get()
                task = asyncio.create_task(self._deliver(record))
                self._waiting.add(task)
                task.add_done_callback(self._waiting.discard)
                self._queue.task_done()
        finally:
            for task in self._waiting:
                task.cancel()
            await asyncio.gather(*self._waiting, return_exceptions=True)
            await self._close()

    async def flush(self) -> None:
        """Wait until every record is acknowledged."""
        await self._queue.join()
        while self._waiting:
            await asyncio.wait(set(self._waiting))

    async def _deliver(self, record: Asked) -> None:
        """Send one record until it is acknowledged."""
        is_first = True
        while True:
            producer = await self._open()
            try:
                async with asyncio.timeout(SEND_S_MAX):
                    future = await self._hand_over(producer, record)
                    if is_first:
                        self._answers.sent(record.request_id)
                    is_first = False
                    done = await future
            except (KafkaError, OSError, AssertionError, TimeoutError) as why:
                self._journal.note("send failed", id=record.request_id, why=f"{type(why).__name__}: {why}"[:200])
                await self._replace(producer)
                await asyncio.sleep(RETRY_S)
            else:
                self.acknowledged.append(((record.topic, done.partition, done.offset), record.value))
                return

    async def _hand_over(self, producer: Any, record: Asked) -> Any:
        topic = self._prefix + record.topic
        partition = None
        if self._chance.random() < ANYWHERE_SHARE:
            partition = self._chance.choice(sorted(await producer.partitions_for(topic)))
        return await producer.send(
            topic, record.value, key=record.key, headers=list(record.headers), partition=partition
        )

    async def _open(self) -> AIOKafkaProducer:
        """The producer; a new one after a failure."""
        async with self._opening:
            while self._producer is None:
                self._producer = await self._started()
            return self._producer

    async def _started(self) -> AIOKafkaProducer | None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._servers,
            compression_type=self._codec,
            enable_idempotence=True,
            linger_ms=LINGER_MS,
            metadata_max_age_ms=METADATA_MS,
            max_request_size=REQUEST_BYTES_MAX,
        )
        try:
            await producer.start()
        except (KafkaError, OSError, AssertionError):  # aiokafka asserts that a cluster names a broker
            await stop(producer)
            await asyncio.sleep(RETRY_S)
            return None
        return producer

    async def _replace(self, failed: AIOKafkaProducer) -> None:
        if self._producer is failed:
            self._producer = None
            await stop(failed)

    async def _close(self) -> None:
        if self._producer is not None:
            await stop(self._producer)


async def stop(producer: AIOKafkaProducer) -> None:
    with suppress(KafkaError, TimeoutError, AssertionError):
        await asyncio.wait_for(producer.stop(), STOP_S_MAX)


@asynccontextmanager
async def sending(servers: str, prefix: str, answers: Answers, journal: Journal) -> AsyncIterator[list[Sender]]:
    """One client for each codec."""
    senders = [Sender(servers, prefix, codec, answers, journal) for codec in CODECS]
    tasks = [asyncio.create_task(sender.run()) for sender in senders]
    try:
        yield senders
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
