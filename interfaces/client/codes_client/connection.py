"""The connection of a client to Kafka: an idempotent producer, and a reader of results.

In:       requests.
Out:      records of results, handed to `Waiting`.
Promise:  results are read before the first request is sent. A lost connection is restored: the reader continues where
          it was, and a producer that failed is replaced.
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from .errors import KafkaUnavailable
from .waiting import Request, Waiting

RESULTS: Final = "results.v1"
PAUSE_S: Final = 0.5
"""Before a send or a read is tried again."""
REQUEST_TIMEOUT_MS: Final = 10_000
METADATA_MAX_AGE_MS: Final = 3_000
"""The longest that a partition which was added goes unnoticed."""
ENCODING: Final = "utf-8"


class Connection:
    def __init__(
        self, bootstrap: str, prefix: str, reply_topic: str | None, kafka: Mapping[str, Any], waiting: Waiting
    ) -> None:
        self._options = {"request_timeout_ms": REQUEST_TIMEOUT_MS, **kafka, "bootstrap_servers": bootstrap}
        self._prefix = prefix
        self._reply_topic = reply_topic
        self._waiting = waiting
        self._producer: AIOKafkaProducer | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._listening: asyncio.Task[None] | None = None
        self._renewing = asyncio.Lock()

    async def open(self) -> None:
        """Connect. Raises KafkaUnavailable."""
        try:
            self._consumer = await self._reader()
            self._producer = await self._new_producer()
        except KafkaError as why:
            await self.close()
            raise KafkaUnavailable(f"{self._options['bootstrap_servers']}: {type(why).__name__}") from why
        self._listening = asyncio.create_task(self._listen(self._consumer))

    async def close(self) -> None:
        """Disconnect."""
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
        self._waiting.fail(KafkaUnavailable("the client was closed"))
        if self._producer is not None:
            with suppress(KafkaError):
                await stop(self._producer)
        if self._consumer is not None:
            await self._consumer.stop()

    async def send(self, request: Request) -> None:
        """Send a request until a broker has it; the caller limits the time."""
        while True:
            producer = self._producer
            if producer is None:
                raise KafkaUnavailable("the client is not open")
            try:
                await self._send(producer, request)
            except KafkaError:
                await asyncio.sleep(PAUSE_S)
                await self._renew(producer)
            else:
                return

    async def _send(self, producer: AIOKafkaProducer, request: Request) -> None:
        headers = []
        if self._reply_topic is not None:
            correlation = ("kafka_correlationId", request.request_id.encode())
            headers = [("reply-topic", self._reply_topic.encode()), correlation]
        await producer.send_and_wait(
            self._prefix + request.topic,
            json.dumps(request.fields).encode(),
            key=request.key.encode(),  # never the campaign: all requests of a sale would be in one partition
            headers=headers,
        )

    async def _renew(self, failed: AIOKafkaProducer) -> None:
        """Replace a producer that failed: some errors make an idempotent producer unusable."""
        async with self._renewing:
            if self._producer is not failed:
                return
            with suppress(KafkaError):
                fresh = await self._new_producer()
                self._producer = fresh
                await stop(failed)

    async def _new_producer(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(**self._options, enable_idempotence=True)  # which means acks="all"
        try:
            await producer.start()
        except BaseException:
            await stop(producer)
            raise
        return producer

    async def _reader(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            self._reply_topic or self._prefix + RESULTS,
            **self._options,
            auto_offset_reset="earliest",  # of partitions that are added later: their first results are not missed
            group_id=None,  # every process sees all results, of all partitions, and commits nothing
            isolation_level="read_committed",
            metadata_max_age_ms=METADATA_MAX_AGE_MS,
        )
        try:
            await consumer.start()
            await consumer.seek_to_end()  # waits for the end offsets, so that no later result is missed
        except BaseException:
            await consumer.stop()
            raise
        return consumer

    async def _listen(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            try:
                record = await consumer.getone()
            except KafkaError:
                await asyncio.sleep(PAUSE_S)
                continue
            headers = dict(record.headers)
            correlation = headers.get("ce_correlationid") or b""
            self._waiting.take(correlation.decode(ENCODING, "replace"), record.value)


async def stop(producer: AIOKafkaProducer) -> None:
    """Stop it. If its own stop fails, it leaves its connections open: they are closed here."""
    try:
        await producer.stop()
    except BaseException:
        await producer.client.close()
        raise
