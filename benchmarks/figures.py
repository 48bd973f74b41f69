"""Figures of a run, and of several runs of the same kind.

In:   times of results, samples of CPU time, latencies.
Out:  `Run`; medians, spreads and percentiles. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from statistics import median
from typing import Final

from benchmarks.cpu import Sample, cpu_between, most_mb

WARM: Final = 0.1
COLD: Final = 0.9
TENTHS: Final = 10
MS: Final = 1000
US: Final = 1_000_000
SYSTEM: Final = "system"
"""The name of the measured processes among the samples."""


@dataclass(frozen=True, slots=True)
class Run:
    """The figures of one run."""

    per_s: float
    """Results per second, between the first tenth and the last."""
    requests: int
    cpu_us: Mapping[str, float] = field(default_factory=dict)
    """Microseconds of CPU time for each request, by process."""
    rss_mb: float | None = None
    """Peak resident memory of the measured processes, MiB."""
    rss_mb_by_tenth: Sequence[int] = ()
    """The most so far, when each tenth of the results was sent."""
    refused: int = 0
    p50_ms: float | None = None
    p99_ms: float | None = None
    extra: Mapping[str, float] = field(default_factory=dict)
    """Figures that only one work has."""


def run_of(times_ms: Sequence[int], refused: int, samples: Sequence[Sample]) -> Run:
    """A run, from when its results were sent and the samples of its processes."""
    first, last = steady(times_ms)
    spent = cpu_between(samples, times_ms[first] / MS, times_ms[last] / MS)
    return Run(
        per_s=steady_rate(times_ms),
        requests=len(times_ms),
        cpu_us={name: seconds * US / max(1, last - first) for name, seconds in spent.items()},
        rss_mb=most_mb(samples, SYSTEM),
        rss_mb_by_tenth=at_tenths(times_ms, samples),
        refused=refused,
    )


def at_tenths(times_ms: Sequence[int], samples: Sequence[Sample]) -> list[int]:
    """Peak memory until each tenth of the results, MiB."""
    ends_s = [times_ms[max(0, len(times_ms) * tenth // TENTHS - 1)] / MS for tenth in range(1, TENTHS + 1)]
    return [
        round(most_mb([samples[0], *(taken for taken in samples if taken.at_s <= end)], SYSTEM)) for end in ends_s
    ]


def steady(times_ms: Sequence[int]) -> tuple[int, int]:
    """The first and the last result of the middle of a run, without start-up and stragglers."""
    return int(len(times_ms) * WARM), min(len(times_ms) - 1, int(len(times_ms) * COLD))


def steady_rate(times_ms: Sequence[int]) -> float:
    """Results per second in the middle of a run."""
    first, last = steady(times_ms)
    return (last - first) * MS / max(1, times_ms[last] - times_ms[first])


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def median_of(values: Sequence[float | None]) -> float | None:
    """The median of those that are known; None if none is."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def medians(maps: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of each name."""
    return {name: median(found[name] for found in maps) for name in maps[0]} if maps else {}
