"""Roles as real processes, and a neighbour who knows them only through Kafka.

Out: `Role` (started, ready, killed, stopped) and `Neighbour` (sends records, reads what comes out).
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from consumers.loop.aiokafka_patch import install
from consumers.loop.retry import convert_stray_cancellation
from ops.settings.load import Settings
from producers.sending import deliver, places
from schemas.errors import Dropped
from schemas.records import OutgoingRecord
from schemas.topics import ALL_TOPICS, Topics, TopicSpec

READY_TIMEOUT_S: Final = 90.0
ANSWER_TIMEOUT_S: Final = 30.0
STOP_TIMEOUT_S: Final = 30.0
Record = ConsumerRecord[bytes, bytes] if hasattr(ConsumerRecord, "__class_getitem__") else ConsumerRecord


class Role:
    """One process of a role."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.process.pid

    def events(self) -> list[dict[str, Any]]:
        """Its log lines."""
        written, _, _ = self.log.read_text().rpartition("\n")  # the last line may be half written
        return [json.loads(line) for line in written.splitlines() if line.startswith("{")]

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Its log lines of one event."""
        return [found for found in self.events() if found.get("event") == event]

    async def until_logged(self, event: str, count: int = 1, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Wait for the `count`-th event of a kind."""
        await until(lambda: len(self.logged(event)) >= count, f"{self.name} logs {event}", timeout_s)

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body from its ops port."""
        port = self.logged("ops_listening")[0]["port"]
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.status, await answer.text()

    async def until_ready(self) -> None:
        """Wait for `/ready`."""
        await self.until_logged("ops_listening")
        end = time.monotonic() + READY_TIMEOUT_S
        while (answer := await self.get("/ready"))[0] != 200:
            assert time.monotonic() < end, f"{self.name} is not ready: {answer}"
            assert self.process.returncode is None, f"{self.name} ended: {self.log.read_text()[-2000:]}"
            await asyncio.sleep(0.05)

    async def until_missing(self, part: str) -> None:
        """Wait until `/ready` names an unavailable part."""
        end = time.monotonic() + READY_TIMEOUT_S
        while (answer := await self.get("/ready"))[0] != 503 or part not in answer[1]:
            assert time.monotonic() < end, f"{self.name} does not say that {part} is missing: {answer}"
            await asyncio.sleep(0.1)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    async def ended(self, timeout_s: float = STOP_TIMEOUT_S) -> int:
        """Its exit code, once it has ended."""
        return await asyncio.wait_for(self.process.wait(), timeout_s)


@asynccontextmanager
async def running(name: str, environment: Mapping[str, str], log: Path, **more: str) -> AsyncIterator[Role]:
    """A role's process; killed at the end if it still runs. Does not wait for it to be ready."""
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "cli.main",
            name,
            stdout=sink,
            stderr=sink,
            env={**os.environ, **environment, **more},
        )
    try:
        yield Role(name, process, log)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            await process.wait()


class Neighbour:
    """Another team's program: it knows topics, keys and JSON."""

    def __init__(self, settings: Settings, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer) -> None:
        self.topics = Topics(settings.topics.prefix)
        self._producer = producer
        self._consumer = consumer
        self._read: list[Any] = []

    async def send(
        self,
        topic: TopicSpec,
        value: Mapping[str, Any] | bytes | None,
        *,
        key: bytes | None = b"key",
        headers: Sequence[tuple[str, bytes]] = (),
        partition: int | None = None,
    ) -> Any:  # aiokafka's metadata
        """Send one record and wait until the broker has it."""
        content = orjson.dumps(value) if isinstance(value, Mapping) else value
        record = OutgoingRecord(self.topics.full(topic), key, content, tuple(headers), partition)
        [metadata] = places(await deliver(self._producer, [record], ANSWER_TIMEOUT_S))
        return metadata

    async def records(
        self, topic: TopicSpec, count: int, *, timeout_s: float = ANSWER_TIMEOUT_S, settle_s: float = 0.0
    ) -> list[Any]:
        """All records of a topic so far, once there are at least `count`; `settle_s` waits for more than that."""
        end = time.monotonic() + timeout_s
        while len(found := self._of(topic)) < count:
            assert time.monotonic() < end, f"{len(found)} of {count} records on {topic.name}"
            await self._poll(200)
        settled = time.monotonic() + settle_s
        while time.monotonic() < settled:
            await self._poll(100)
        return self._of(topic)

    async def values(self, topic: TopicSpec, count: int, **waiting: float) -> list[dict[str, Any]]:
        """The same, as JSON objects."""
        return [orjson.loads(record.value) for record in await self.records(topic, count, **waiting)]

    def _of(self, topic: TopicSpec) -> list[Any]:
        return [record for record in self._read if record.topic == self.topics.full(topic)]

    async def _poll(self, timeout_ms: int) -> None:
        found = await self._consumer.getmany(timeout_ms=timeout_ms)
        self._read += [record for records in found.values() for record in records]


@asynccontextmanager
async def a_neighbour(settings: Settings, *others: str) -> AsyncIterator[Neighbour]:
    """A neighbour of a migrated deployment; `others` are full names of further topics it reads."""
    install()  # it reads request topics too, and meets odd header names there
    servers = settings.kafka.bootstrap_servers
    producer = AIOKafkaProducer(bootstrap_servers=servers, max_request_size=2_000_000)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4_000_000,
    )
    await producer.start()
    await consumer.start()
    try:
        consumer.assign(await all_partitions(producer, settings, others))
        yield Neighbour(settings, producer, consumer)
    finally:
        with suppress(Dropped):  # the client may cancel what nobody else did
            await convert_stray_cancellation(consumer.stop())
        await producer.stop()


async def all_partitions(
    producer: AIOKafkaProducer, settings: Settings, others: Sequence[str]
) -> list[TopicPartition]:
    """Every partition of every topic."""
    names = [Topics(settings.topics.prefix).full(topic) for topic in ALL_TOPICS] + list(others)
    return [TopicPartition(name, number) for name in names for number in await producer.partitions_for(name)]


async def until(condition: Callable[[], bool], what: str, timeout_s: float) -> None:
    """Wait until the condition holds; the failure names what did not happen."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"not in {timeout_s} s: {what}"
        await asyncio.sleep(0.02)


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped by a signal."""
    return "T" == Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
