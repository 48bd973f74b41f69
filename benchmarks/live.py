"""A system that is already running: bursts of requests, and requests at a pace, with the latency of each.

In:   a contestant.
Out:  a `Run` for each measurement; the rate of a burst is that from its first request to its last result.
"""

import asyncio
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.contestants import Contestant
from benchmarks.cpu import Pids, sampled, spent
from benchmarks.figures import MS, SYSTEM, US, Run, percentile, run_of
from benchmarks.load import Load, Record, records
from benchmarks.processes import check_alive, running
from benchmarks.traffic import REFUSED, answers, hand_over, results, send

TICK_S: Final = 0.001
"""Requests at a pace are sent in ticks, as many as are due."""
SILENCE_S_MAX: Final = 60.0


@dataclass(slots=True)
class Live:
    """Processes of a contestant, and clients that stay connected."""

    contestant: Contestant
    processes: Sequence[Process]
    producer: AIOKafkaProducer
    reader: AIOKafkaConsumer

    async def warm(self, load: Load) -> None:
        """Wait until it has served a load that is not measured."""
        await send(self.contestant.scene, load)
        await answers(self.reader, load.count, self.processes)

    async def burst(self, load: Load) -> Run:
        """Send all at once."""
        async with sampled(self.pids) as samples:
            start_ms = time.time() * MS
            await send(self.contestant.scene, load)
            found = await answers(self.reader, load.count, self.processes)
        run = run_of(found.times_ms, found.refused, samples)
        return replace(run, per_s=load.count * MS / (found.times_ms[-1] - start_ms))

    @property
    def pids(self) -> Pids:
        """Its processes, and those of the stack."""
        return {SYSTEM: [process.pid for process in self.processes], **self.contestant.stage.pids}

    async def one_at_a_time(self, load: Load) -> Run:
        """Send each when the one before is answered."""
        start_s = time.perf_counter()
        with spent(self.pids) as cpu_s:
            latencies = [await self.answered_s([record]) for record in records(load)]
        return latency_run([latency for found in latencies for latency in found], start_s, cpu_s)

    async def at_pace(self, load: Load, per_s: float) -> Run:
        """Send at this rate."""
        with spent(self.pids) as cpu_s:
            start_s, latencies = await self.latencies_s(load, per_s)
        return latency_run(latencies, start_s, cpu_s)

    async def latencies_s(self, load: Load, per_s: float) -> tuple[float, list[float]]:
        """When the first request was sent, and how long each took."""
        start_s = time.perf_counter()
        asked = list(records(load))
        sent: dict[bytes, float] = {}
        reading = asyncio.create_task(self.read(sent, load.count))
        rest, done = iter(asked), 0
        while done < load.count:
            due = min(load.count, int((time.perf_counter() - start_s) * per_s) + 1)
            done += await self.ask(islice(rest, due - done), sent)
            await asyncio.sleep(TICK_S)
        return start_s, await reading

    async def answered_s(self, asked: Sequence[Record]) -> list[float]:
        """Send some, and wait for their results."""
        sent: dict[bytes, float] = {}
        await self.ask(asked, sent)
        return await self.read(sent, len(asked))

    async def ask(self, asked: Iterable[Record], sent: dict[bytes, float]) -> int:
        """Send some; `sent` gets their instants."""
        count = 0
        for record in asked:
            sent[record.request_id.encode()] = time.perf_counter()
            await hand_over(self.producer, self.contestant.scene, record)
            count += 1
        return count

    async def read(self, sent: dict[bytes, float], count: int) -> list[float]:
        """Seconds from sending to the result, for each result as it is read.

        Raises:
            TimeoutError: no result came.
            RuntimeError: a request was refused, so its latency would be that of a refusal.
        """
        latencies: list[float] = []
        while len(latencies) < count:
            check_alive(self.processes)
            polled = await self.reader.getmany(timeout_ms=int(SILENCE_S_MAX * MS))
            now = time.perf_counter()
            if not polled:
                raise TimeoutError(f"{len(latencies)} of {count} results, and no more")
            found = [record for records_ in polled.values() for record in records_]
            if any(REFUSED in record.value for record in found):
                raise RuntimeError("a request was refused")
            latencies += [now - sent.pop(record.key) for record in found]
        return latencies


def latency_run(latencies_s: Sequence[float], start_s: float, cpu_s: Mapping[str, float]) -> Run:
    """A run with its percentiles."""
    return Run(
        per_s=len(latencies_s) / (time.perf_counter() - start_s),
        requests=len(latencies_s),
        cpu_us={name: seconds * US / len(latencies_s) for name, seconds in cpu_s.items()},
        p50_ms=MS * percentile(latencies_s, 0.5),
        p99_ms=MS * percentile(latencies_s, 0.99),
    )


@asynccontextmanager
async def live(contestant: Contestant) -> AsyncIterator[Live]:
    """Start its processes; stopped at the end."""
    producer = AIOKafkaProducer(bootstrap_servers=contestant.scene.servers)
    await producer.start()
    try:
        async with results(contestant.scene) as reader, AsyncExitStack() as stack:
            processes = [
                await stack.enter_async_context(running(contestant.system, contestant.variables))
                for _ in range(contestant.processes)
            ]
            yield Live(contestant, processes, producer, reader)
    finally:
        await producer.stop()
