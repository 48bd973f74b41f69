"""Rounds: every competitor of a work runs in each of them, in alternating order.

In:       entries, each with a function that gives the run of a round.
Out:      their runs; rows of the report with medians, spreads and ratios.
Promise:  whatever else the machine does in a round slows all entries. `rows_of` is pure.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from rich.console import Console

from benchmarks.contestants import LIMIT, PEERS, PER_MESSAGE
from benchmarks.figures import SYSTEM, US, Run, median_of, medians
from benchmarks.report import Row

GROUPS: Final = {"ratio_to_limit": (LIMIT,), "ratio_to_per_message": (PER_MESSAGE,), "ratio_to_best_peer": PEERS}
"""The systems that a rate is compared with; of several, the fastest."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A system, and the parameters that it is measured with."""

    system: str
    partitions: int
    run: Callable[[int], Awaitable[Run]]
    """By the number of the round, from 0."""
    variant: str = ""
    """What distinguishes it from other entries of its system."""

    @property
    def name(self) -> str:
        """For progress."""
        return ", ".join(filter(None, [self.system, named(self.partitions, "partition"), self.variant]))


Rates = Sequence[tuple[Entry, Sequence[float]]]
"""Of each entry, those of its rounds."""
Runs = Sequence[tuple[Entry, Sequence[Run]]]


async def alternate(work: str, entries: Sequence[Entry], rounds: int) -> list[Row]:
    """Run all entries in each round."""
    runs: dict[str, list[Run]] = {entry.name: [] for entry in entries}
    for number in range(rounds):
        for entry in entries if number % 2 == 0 else reversed(entries):
            found = await entry.run(number)
            runs[entry.name].append(found)
            say(f"{work}, round {number + 1}: {entry.name}: {shown(found)}")
    return rows_of(work, [(entry, runs[entry.name]) for entry in entries])


def shown(run: Run) -> str:
    """A run in a line."""
    latency = "" if run.p50_ms is None else f", p50 {run.p50_ms:.1f} ms, p99 {run.p99_ms:.1f} ms"
    return f"{run.per_s:.0f}/s{latency}"


def rows_of(work: str, runs: Runs) -> list[Row]:
    """A row for each entry."""
    rates = [(entry, [run.per_s for run in found]) for entry, found in runs]
    return [
        {
            "work": work,
            "system": entry.system,
            "variant": entry.variant,
            "partitions": entry.partitions,
            "requests": found[0].requests,
            **rate_of(found),
            **ratios(entry, rates),
            **usage_of(entry, found),
            **{name: round(figure, 2) for name, figure in medians([run.extra for run in found]).items()},
        }
        for entry, found in runs
    ]


def rate_of(found: Sequence[Run]) -> Row:
    """Rates and latencies, with their spread."""
    rates = [run.per_s for run in found]
    return {
        "per_s": rounded(median_of(rates), 0),
        "per_s_min": round(min(rates)),
        "per_s_max": round(max(rates)),
        "p50_ms": rounded(median_of([run.p50_ms for run in found]), 1),
        "p50_ms_spread": spread([run.p50_ms for run in found]),
        "p99_ms": rounded(median_of([run.p99_ms for run in found]), 1),
        "p99_ms_spread": spread([run.p99_ms for run in found]),
    }


def spread(values: Sequence[float | None]) -> list[float] | None:
    """The smallest and the largest; None if there is none."""
    known = [value for value in values if value is not None]
    return [round(min(known), 1), round(max(known), 1)] if known else None


def ratios(entry: Entry, rates: Rates) -> Row:
    """The rate compared with other systems, and with the first entry of the same system."""
    [own] = [found for other, found in rates if other is entry]
    first, *others = [found for other, found in rates if other.system == entry.system]
    compared = {name: ratio(own, base_of(entry, rates, systems)) for name, systems in GROUPS.items()}
    return {**compared, "ratio_to_first": ratio(own, first) if others else None}


def base_of(entry: Entry, rates: Rates, systems: Sequence[str]) -> Sequence[float] | None:
    """The rates of the fastest of some systems: with the same parameters if it has them, else with its own."""
    bases = [(other, found) for other, found in rates if other.system in systems]
    same = [found for other, found in bases if (other.partitions, other.variant) == (entry.partitions, entry.variant)]
    if any(other.system == LIMIT for other, _ in bases):
        return max(same, key=median, default=None)  # a limit with other parameters is none
    return max(same or [found for _, found in bases], key=median, default=None)


def ratio(rates: Sequence[float], bases: Sequence[float] | None) -> float | None:
    """The median of the rounds' ratios, because a round's runs met the same machine. None without a base."""
    if bases is None:
        return None
    return round(median(rate / base for rate, base in zip(rates, bases, strict=True)), 2)


def usage_of(entry: Entry, found: Sequence[Run]) -> Row:
    """CPU time for each request by process, cores that all processes keep busy, and memory."""
    spent: Mapping[str, float] = medians([run.cpu_us for run in found])
    rate = median_of([run.per_s for run in found]) or 0.0
    return {
        "cpu_us": {entry.system if name == SYSTEM else name: round(figure) for name, figure in spent.items()},
        "cores_busy": round(sum(spent.values()) * rate / US, 2) if spent else None,
        "rss_mb": rounded(max((run.rss_mb for run in found if run.rss_mb is not None), default=None), 0),
        "refused": sum(run.refused for run in found),
    }


def rounded(value: float | None, digits: int) -> Any:  # noqa: ANN401  # an int if there are no digits
    """None stays None."""
    return None if value is None else round(value, digits or None)


def named(count: int, noun: str) -> str:
    """A number of things, for the name of a variant."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def say(what: str) -> None:
    """Print progress on standard error."""
    Console(stderr=True).print(what, highlight=False)
