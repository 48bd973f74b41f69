"""CPU and memory of a process while it runs.

In:   its id.
Out:  `Usage`.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

import psutil

MIB: Final = 1024 * 1024
LOOK_EVERY_S: Final = 0.05


@dataclass(slots=True)
class Usage:
    """Since the first sample."""

    first_mb: float
    """Resident memory at the first sample, MiB."""
    most_mb: float
    """Peak resident memory, MiB."""
    cpu_s: float
    """CPU seconds of all threads between the first sample and the last."""


async def usage(pid: int) -> Usage:
    """Sample it until it ends."""
    process = psutil.Process(pid)
    first_mb, cpu_before_s = rss_mb(process), cpu_s(process)
    found = Usage(first_mb, first_mb, 0.0)
    try:
        while process.status() != psutil.STATUS_ZOMBIE:
            found.most_mb = max(found.most_mb, rss_mb(process))
            found.cpu_s = max(found.cpu_s, cpu_s(process) - cpu_before_s)
            await asyncio.sleep(LOOK_EVERY_S)
    except psutil.NoSuchProcess:
        return found
    return found


def rss_mb(process: psutil.Process) -> float:
    """Resident memory, MiB."""
    return float(process.memory_info().rss) / MIB


def cpu_s(process: psutil.Process) -> float:
    """CPU seconds so far."""
    times = process.cpu_times()
    return float(times.user + times.system)
