"""Fans who reserve at a steady rate, and all results of the run.

In:   a scene, the campaign to reserve from.
Out:  `Traffic`: when each hold was released, and how long each reserve waited for its result.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.scene import Scene
from schemas.requests import ReserveRequest
from schemas.topics import RESERVE, RESULTS
from tests.integration.running import until

RESERVES_PER_S: Final = 40
POLL_MS: Final = 200
ANSWERED_TIMEOUT_S: Final = 60.0
RELEASED_TIMEOUT_S: Final = 300.0
TAIL_S: Final = 2.0
"""For the results of the last reserves and of repeated requests."""


@dataclass(slots=True)
class Traffic:
    """Observations so far; times are seconds since 1970, on this machine's clock."""

    sent_at_s: dict[str, float] = field(default_factory=dict)
    """Send time of reserves, by request id."""
    answered_at_s: dict[str, float] = field(default_factory=dict)
    released_at_s: dict[str, float] = field(default_factory=dict)
    """Release time of holds, by reservation: their first result."""
    releases: int = 0
    """Number of results of release requests, repeats included."""

    def reserve_ms(self, since_s: float, until_s: float) -> list[float]:
        """Waiting times of answered reserves that were sent within a span of time."""
        sent = [(name, at) for name, at in self.sent_at_s.items() if since_s <= at < until_s]
        return [1000 * (self.answered_at_s[name] - at) for name, at in sent if name in self.answered_at_s]

    async def until_answered(self) -> None:
        """Wait until everything sent so far, including a reserve sent now, is answered: the worker is running."""
        await asyncio.sleep(2 / RESERVES_PER_S)
        sent = set(self.sent_at_s)
        await until(lambda: sent <= self.answered_at_s.keys(), "reserves are answered", ANSWERED_TIMEOUT_S)

    async def until_released(self, holds: int) -> None:
        """Wait until this many holds are released and some traffic has followed."""
        await until(lambda: len(self.released_at_s) >= holds, "all holds are released", RELEASED_TIMEOUT_S)
        await asyncio.sleep(TAIL_S)

    def see(self, value: bytes, at_s: float) -> None:
        """Record one result."""
        result: dict[str, Any] = orjson.loads(value)
        if result["operation"] == "release":
            self.releases += 1
            self.released_at_s.setdefault(result["reservation_id"], at_s)
        else:
            self.answered_at_s[result["request_id"]] = at_s


@asynccontextmanager
async def traffic(scene: Scene, campaign_id: str) -> AsyncIterator[Traffic]:
    """Send and read until the `async with` block ends."""
    seen = Traffic()
    tasks = [asyncio.create_task(send(scene, campaign_id, seen)), asyncio.create_task(read(scene, seen))]
    try:
        yield seen
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def send(scene: Scene, campaign_id: str, seen: Traffic) -> None:
    """Send reserves at a steady rate, whether or not they are answered."""
    producer = AIOKafkaProducer(bootstrap_servers=scene.servers)
    await producer.start()
    try:
        while True:
            name = f"r-{len(seen.sent_at_s)}"
            asked = ReserveRequest(request_id=name, campaign_id=campaign_id, fan_id=name)
            seen.sent_at_s[name] = time.time()
            await producer.send(scene.topics.full(RESERVE), value=asked.to_json(), key=name.encode())
            await asyncio.sleep(1 / RESERVES_PER_S)
    finally:
        await producer.stop()


async def read(scene: Scene, seen: Traffic) -> None:
    """Read all results as they arrive."""
    consumer = AIOKafkaConsumer(
        scene.topics.full(RESULTS),
        bootstrap_servers=scene.servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        while True:
            for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                now_s = time.time()
                for record in records:
                    seen.see(record.value, now_s)
    finally:
        await consumer.stop()
