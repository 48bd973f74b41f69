"""Liveness and readiness: a hanging loop fails them, a role that waits for a part stays alive."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson
import pytest
from aiokafka import TopicPartition

from consumers.loop.serving import KafkaSide, serve_topics
from ops.broker.client import client_options
from ops.settings.load import Settings
from ops.telemetry.collectors import ProgressCollector
from ops.telemetry.health import Health
from ops.telemetry.observer import OpsObserver
from ops.telemetry.ops_port import ops_server
from ops.telemetry.progress import Progress
from ops.telemetry.registry import Metrics
from producers.emitters import Emitter
from schemas.records import IncomingRecord, OutgoingRecord
from schemas.topics import RESERVE, RESULTS, Topics
from tests.integration.conftest import PutCodes
from tests.integration.freezing import frozen
from tests.integration.running import Neighbour, running, until

pytestmark = pytest.mark.integration


@dataclass(frozen=True, slots=True)
class Work:
    """Serves records, or hangs at them while a test wants it."""

    result: str
    """A topic for its outputs."""
    goes_on: asyncio.Event

    async def take_over(self) -> None:
        """The partition has no former owner."""

    async def serve(self, records: Sequence[IncomingRecord], emitter: Emitter, stopping: asyncio.Event) -> None:
        """Hang, then commit."""
        await self.goes_on.wait()
        await emitter.emit([OutgoingRecord(self.result, b"k", b"{}", headers=())], records[-1].offset + 1)


@dataclass(frozen=True, slots=True)
class HangingRole:
    """A role in this process; one of its partitions hangs until `goes_on` is set."""

    port: int
    topic: str
    goes_on: asyncio.Event
    """The work of partition 1 hangs; all others work."""
    progress: Progress

    async def get(self, path: str) -> tuple[int, list[str]]:
        """Status and what is missing."""
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self.port}{path}") as answer:
            return answer.status, orjson.loads(await answer.read())["missing"]

    async def until(self, path: str, expected: tuple[int, list[str]], timeout_s: float = 30.0) -> None:
        """Wait for an answer."""
        end = time.monotonic() + timeout_s
        while (answer := await self.get(path)) != expected:
            assert time.monotonic() < end, f"{path} says {answer}"
            await asyncio.sleep(0.1)

    async def until_idle(self, partition: int) -> None:
        """Wait until it is known that a partition has nothing to do."""
        await until(lambda: self.progress.is_idle(self.topic, partition), "idle", 30)


@asynccontextmanager
async def a_role(settings: Settings, silence_max_s: float) -> AsyncIterator[HangingRole]:
    """As `roles.process` puts one together, with another time a turn may take."""
    topics, progress, goes_on, others = Topics(settings.topics.prefix), Progress(), asyncio.Event(), asyncio.Event()
    others.set()
    metrics = Metrics()
    metrics.compute(ProgressCollector(progress))
    health = Health(consumes=True, is_idle=progress.is_idle, silence_max_s=silence_max_s)
    side = KafkaSide(
        connection=client_options(settings.kafka),
        settings=settings.kafka,
        guarantee="exactly_once",
        limits=settings.worker.model_copy(update={"stop_budget_s": 1}),
        observer=OpsObserver(metrics, health, progress),
    )

    def open_partition(source: TopicPartition) -> Work:
        return Work(topics.full(RESULTS), goes_on if source.partition == 1 else others)

    stopping, group, names = asyncio.Event(), f"{settings.kafka.group_prefix}health", [topics.full(RESERVE)]
    async with ops_server(settings.ops, metrics, health) as port:
        serving = asyncio.create_task(serve_topics(side, group, names, open_partition, stopping, batch_size_max=10))
        health.started()
        try:
            yield HangingRole(port, names[0], goes_on, progress)
        finally:
            stopping.set()
            await serving


async def test_a_loop_that_hangs_with_a_record_in_hand_is_found(migrated: Settings, neighbour: Neighbour) -> None:
    """The answer names it, the other loop continues, and the process is healthy again when the loop turns."""
    async with a_role(migrated, silence_max_s=2) as bench:
        await bench.until("/ready", (200, []))
        await bench.until_idle(1)
        await neighbour.send(RESERVE, {}, partition=1)

        await bench.until("/live", (503, [f"turn of {bench.topic}.1"]))
        await neighbour.send(RESERVE, {}, partition=0)
        await neighbour.records(RESULTS, 1)
        assert (200, []) == await bench.get("/ready")
        bench.goes_on.set()
        await bench.until("/live", (200, []))
        await neighbour.records(RESULTS, 2)


async def test_a_loop_that_hangs_without_work_is_left_alone(
    migrated: Settings, neighbour: Neighbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until there is a record: the high watermark moves, and the position does not."""
    async with a_role(migrated, silence_max_s=2) as bench:
        await bench.until_idle(1)
        monkeypatch.setattr("consumers.loop.partition.PartitionLoop._poll", hang)
        await asyncio.sleep(4)
        assert (200, []) == await bench.get("/live")

        await neighbour.send(RESERVE, {}, partition=1)
        await bench.until("/live", (503, [f"turn of {bench.topic}.1"]))


async def hang(_loop: object) -> list[IncomingRecord]:
    """A poll that never ends."""
    await asyncio.Event().wait()
    return []


@pytest.mark.long
async def test_a_loop_that_waits_for_a_broker_is_left_alone(migrated: Settings, neighbour: Neighbour) -> None:
    """Its transaction hangs in the client for longer than a turn may take, and no error says so yet."""
    async with a_role(migrated, silence_max_s=14) as bench:
        await bench.until("/ready", (200, []))
        await bench.until_idle(1)
        await neighbour.send(RESERVE, {}, partition=1)
        await until(lambda: dict(bench.progress)[bench.topic, 1].taken_at is not None, "in hand", 30)
        async with frozen("kafka"):
            bench.goes_on.set()
            await bench.until("/ready", (503, ["kafka"]))
            for _ in range(20):
                assert (200, []) == await bench.get("/live")
                await asyncio.sleep(0.5)
        for _ in range(20):
            assert (200, []) == await bench.get("/live")
            await asyncio.sleep(0.1)
        await neighbour.records(RESULTS, 1, timeout_s=60)
        await bench.until("/ready", (200, []))


async def test_an_idle_role_reports_that_the_database_is_unavailable(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Without any request it is not ready, but alive."""
    hurried = {"CODES_MONGO__TIMEOUT_MS": "500"}
    async with running("worker", environment, tmp_path / "worker.log", **hurried) as worker:
        await worker.until_ready()
        async with frozen("database"):
            await worker.until_logged("waits_for")
            assert (503, '{"ok": false, "missing": ["mongo"]}') == await worker.get("/ready")
            assert 200 == (await worker.get("/live"))[0]
        await worker.until_ready()


async def test_a_process_that_is_frozen_does_not_answer(
    environment: dict[str, str], neighbour: Neighbour, tmp_path: Path
) -> None:
    """The port is served by the loop that works: a probe's time-out finds what no code of ours could say."""
    async with running("worker", environment, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        worker.signal(signal.SIGSTOP)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(worker.get("/live"), 2)
        worker.signal(signal.SIGCONT)
        assert 200 == (await worker.get("/live"))[0]
