"""Workload `reserve`: the worker, and a consumer that handles one message per round trip.

In:   how many requests, rounds and partitions.
Out:  a row for each system. The rate is that between the first tenth of the results and the last, so neither start-up
      nor stragglers count.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from rich.console import Console

from benchmarks.measure import Figures, measure
from benchmarks.report import Row

WORK: Final = "reserve"
SLOWER: Final = 10
"""The slow system gets this many times fewer requests; its rate is steady all the same."""

Runs = dict[tuple[str, int, int], list[Figures]]


async def reserve_rows(stack: Mapping[str, str], requests: int, rounds: int, partitions: Sequence[int]) -> list[Row]:
    """Measure and compare."""
    return rows_of(await all_runs(stack, requests, rounds, partitions))


async def all_runs(stack: Mapping[str, str], requests: int, rounds: int, partitions: Sequence[int]) -> Runs:
    """Run all systems in each round, so that changes of the machine's load affect all equally."""
    runs: Runs = {}
    for number in range(rounds):
        systems = [("per_message", 1, requests // SLOWER), *(("worker", count, requests) for count in partitions)]
        for system, count, asked in systems if number % 2 == 0 else reversed(systems):
            figures = await measure(system, stack, partitions=count, requests=asked)
            runs.setdefault((system, count, asked), []).append(figures)
            Console(stderr=True).print(f"round {number + 1}: {system} on {count}: {figures.per_s:.0f}/s")
    return runs


def rows_of(runs: Runs) -> list[Row]:
    """Medians, and the ratio to the slow system's rate."""
    rates = {key: median(figures.per_s for figures in found) for key, found in runs.items()}
    base = next(rate for (system, _, _), rate in rates.items() if system == "per_message")
    return [
        {
            "work": WORK,
            "system": system,
            "partitions": count,
            "requests": asked,
            "per_s": round(rates[system, count, asked]),
            "ratio_to_per_message": round(rates[system, count, asked] / base, 2),
            "rss_mb": round(max(figures.rss_mb for figures in found)),
        }
        for (system, count, asked), found in runs.items()
    ]
