"""This process's heartbeats: once a second, and at once when a part is lost or answers again.

In:       what the loops wait for (`Health`), and probes of the parts that the role uses.
Out:      `Heartbeat` records on `health.v1`; a last one, `stopped`, at the end.
Promise:  a heartbeat that cannot be sent is dropped: the work never waits for it and never fails by it. A probe
          has its own short limit, because a part that is killed must be seen in seconds; the work's time-outs and
          readiness do not depend on it.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NoReturn

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from consumers.loop.retry import convert_stray_cancellation
from ops.telemetry.health import Health
from schemas.clock import utc_now
from schemas.errors import CodeServiceError
from schemas.health import BEAT_EVERY_S, Heartbeat, RoleName, Wait
from schemas.observation.partitions import Part

PROBE_S_MAX: Final = 2.0
"""Within this time a part must answer a probe."""
SEND_S_MAX: Final = 2.0
STOP_S_MAX: Final = 1.0
"""For the last heartbeat, and for closing the producer."""
RECONNECT_S: Final = 1.0

Probe = Callable[[], Awaitable[None]]
Probes = dict[Part, Probe]
"""A role adds the parts that it uses, once it is connected to them."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Heart:
    """Lives as long as its process."""

    role: RoleName
    topic: str
    health: Health
    probes: Probes
    started_at: datetime = field(default_factory=utc_now)
    lost: dict[Part, datetime] = field(default_factory=dict)
    """Parts that did not answer their last probe, and since when."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    is_refused: bool = False
    """Whether the log says that heartbeats are not taken."""
    has_failed: bool = False
    """Whether the work ended by an error: then it did not stop because it was asked to."""

    def beat(self, state: Literal["running", "stopped"] = "running") -> Heartbeat:
        """The heartbeat of this moment."""
        waits = {**self.health.unavailable(), **self.lost}
        return Heartbeat(
            role=self.role,
            instance=f"{socket.gethostname()}-{os.getpid()}",
            state=state,
            started_at=self.started_at,
            asks=tuple(sorted(self.probes)),
            waits=tuple(Wait(part=part, since=since) for part, since in sorted(waits.items())),
            at=utc_now(),
        )

    async def probe(self) -> NoReturn:
        """Ask all parts again and again."""
        while True:
            await asyncio.gather(*(self._ask(part, ask) for part, ask in tuple(self.probes.items())))
            await asyncio.sleep(BEAT_EVERY_S)

    async def _ask(self, part: Part, ask: Probe) -> None:
        asked_at = utc_now()
        try:
            async with asyncio.timeout(PROBE_S_MAX):
                await ask()
        except (CodeServiceError, TimeoutError):
            if part not in self.lost:
                self.lost[part] = asked_at
                self.changed.set()
        else:
            if self.lost.pop(part, None) is not None:
                self.changed.set()

    async def send(self, connection: Mapping[str, Any]) -> NoReturn:
        """Send, with one producer after the other."""
        while True:
            try:
                await convert_stray_cancellation(self._send_with(connection))
            except (KafkaError, CodeServiceError, TimeoutError) as why:
                self._say(why)
            await asyncio.sleep(RECONNECT_S)

    async def _send_with(self, connection: Mapping[str, Any]) -> NoReturn:
        async with heartbeat_producer(connection) as producer:
            try:
                while True:
                    self.changed.clear()
                    await self._send_one(producer, self.beat(), SEND_S_MAX)
                    self.is_refused = False
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self.changed.wait(), BEAT_EVERY_S)
            except asyncio.CancelledError:
                await self._say_stopped(producer)
                raise

    async def _say_stopped(self, producer: AIOKafkaProducer) -> None:
        if not self.has_failed:
            with suppress(KafkaError, TimeoutError):
                await self._send_one(producer, self.beat("stopped"), STOP_S_MAX)

    async def _send_one(self, producer: AIOKafkaProducer, beat: Heartbeat, limit_s: float) -> None:
        key = f"{beat.role}:{beat.instance}".encode()
        async with asyncio.timeout(limit_s):
            await producer.send_and_wait(self.topic, beat.to_json(), key=key)

    def _say(self, why: BaseException) -> None:
        """Once, until a heartbeat is taken again: without a right or the topic it fails every second."""
        if not self.is_refused:
            log.warning("heartbeats_unsent", topic=self.topic, error=type(why).__name__)
        self.is_refused = True


@asynccontextmanager
async def heartbeat_producer(connection: Mapping[str, Any]) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that is closed in `STOP_S_MAX`, whatever its broker does."""
    producer = AIOKafkaProducer(**connection, acks=1)
    try:
        async with asyncio.timeout(SEND_S_MAX):
            await producer.start()
        yield producer
    finally:
        with suppress(TimeoutError, KafkaError):
            async with asyncio.timeout(STOP_S_MAX):
                await producer.stop()


@asynccontextmanager
async def beating(heart: Heart, connection: Mapping[str, Any]) -> AsyncIterator[None]:
    """Send heartbeats until the block is left."""
    tasks = {asyncio.create_task(heart.probe(), name="probes"), asyncio.create_task(heart.send(connection))}
    try:
        yield
    except Exception:
        heart.has_failed = True
        raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
