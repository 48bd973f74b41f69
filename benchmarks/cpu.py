"""CPU time and memory of the processes of a run, sampled while it goes on.

In:       names and process ids.
Out:      samples; the CPU time between two instants, from the samples around them.
Promise:  `cpu_between` and what it uses are pure.
"""

import asyncio
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final, NamedTuple

import psutil

from benchmarks.usage import cpu_s, rss_mb

SAMPLE_EVERY_S: Final = 0.05

Pids = Mapping[str, Sequence[int]]
"""The processes of each name, for example those of all nodes of a database."""


class Sample(NamedTuple):
    """The state at one instant."""

    at_s: float
    """Unix time."""
    cpu_s: Mapping[str, float]
    """CPU seconds so far, by name."""
    rss_mb: Mapping[str, float]
    """Resident memory, MiB."""


class Process:
    """One process; one that has ended keeps its last CPU time."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._cpu_s = 0.0

    def cpu_s(self) -> float:
        """CPU seconds so far."""
        with suppress(psutil.NoSuchProcess):
            self._cpu_s = max(self._cpu_s, cpu_s(self._process))
        return self._cpu_s

    def rss_mb(self) -> float:
        """Resident memory, MiB."""
        with suppress(psutil.NoSuchProcess):
            return rss_mb(self._process)
        return 0.0


@asynccontextmanager
async def sampled(pids: Pids) -> AsyncIterator[list[Sample]]:
    """Samples, from now to the end of the block."""
    samples: list[Sample] = []
    processes = processes_of(pids)
    task = asyncio.create_task(keep_sampling(processes, samples))
    try:
        yield samples
    finally:
        samples.append(sample(processes))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@contextmanager
def spent(pids: Pids) -> Iterator[dict[str, float]]:
    """CPU seconds of the block, by name; known at its end. Samples meanwhile would delay what is measured in it."""
    processes, seconds = processes_of(pids), dict[str, float]()
    before = sample(processes).cpu_s
    yield seconds
    seconds |= {name: after - before[name] for name, after in sample(processes).cpu_s.items()}


def processes_of(pids: Pids) -> dict[str, list[Process]]:
    """The processes of each name."""
    return {name: [Process(pid) for pid in group] for name, group in pids.items()}


async def keep_sampling(processes: Mapping[str, Sequence[Process]], samples: list[Sample]) -> None:
    """One sample after the other, until cancelled."""
    while True:
        samples.append(sample(processes))
        await asyncio.sleep(SAMPLE_EVERY_S)


def sample(processes: Mapping[str, Sequence[Process]]) -> Sample:
    """The state now."""
    return Sample(
        time.time(),
        {name: sum(process.cpu_s() for process in group) for name, group in processes.items()},
        {name: sum(process.rss_mb() for process in group) for name, group in processes.items()},
    )


def cpu_between(samples: Sequence[Sample], start_s: float, end_s: float) -> dict[str, float]:
    """CPU seconds between two instants, by name."""
    return {name: cpu_at(samples, name, end_s) - cpu_at(samples, name, start_s) for name in samples[0].cpu_s}


def cpu_at(samples: Sequence[Sample], name: str, at_s: float) -> float:
    """CPU seconds at an instant; between two samples they grow evenly."""
    after = bisect_left(samples, at_s, key=lambda taken: taken.at_s)
    if after in {0, len(samples)}:
        return samples[min(after, len(samples) - 1)].cpu_s[name]
    earlier, later = samples[after - 1], samples[after]
    share = (at_s - earlier.at_s) / (later.at_s - earlier.at_s)
    return earlier.cpu_s[name] + share * (later.cpu_s[name] - earlier.cpu_s[name])


def most_mb(samples: Sequence[Sample], name: str) -> float:
    """Peak memory, MiB."""
    return max(taken.rss_mb[name] for taken in samples)
