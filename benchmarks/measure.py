"""One measurement: a system as a process of its own, in a scene of its own.

In:   the command of a system, how many requests and partitions.
Out:  `Figures`: the steady rate, and the most memory it took.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.scene import clear, result_times_ms, set_the_scene
from benchmarks.usage import usage

SYSTEMS: Final[Mapping[str, Sequence[str]]] = {
    "per_message": ("-m", "benchmarks.per_message"),
    "worker": ("-m", "cli.main", "worker"),
}
SPARE_CODES: Final = 1.2
"""Codes per request, so that no stock runs out."""
STOP_TIMEOUT_S: Final = 30.0
WARM: Final = 0.1
COLD: Final = 0.9


@dataclass(frozen=True, slots=True)
class Figures:
    """The results of one run."""

    per_s: float
    """Results per second, between the first tenth and the last."""
    rss_mb: float
    """Peak resident memory of the process, MiB."""


async def measure(system: str, stack: Mapping[str, str], *, partitions: int, requests: int) -> Figures:
    """Run a system in a new scene until everything is answered."""
    codes = int(requests * SPARE_CODES)
    scene = await set_the_scene(stack, partitions=partitions, codes=codes, requests=requests)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *SYSTEMS[system], env={**os.environ, **scene.environment}
    )
    watch = asyncio.create_task(usage(process.pid))
    try:
        times = await result_times_ms(scene, requests)
    finally:
        await stop(process)
    await clear(scene)
    return Figures(steady_rate(times), (await watch).most_mb)


def steady_rate(times_ms: Sequence[int]) -> float:
    """Results per second in the middle of a run, without start-up and stragglers."""
    first, last = int(len(times_ms) * WARM), int(len(times_ms) * COLD)
    return (last - first) * 1000 / max(1, times_ms[last] - times_ms[first])


async def stop(process: asyncio.subprocess.Process) -> None:
    """Send SIGTERM, then SIGKILL after a while."""
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
