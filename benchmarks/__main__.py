"""`make bench`: the worker against a consumer of one message per round trip, in one run, in alternating order.

In:   `--requests` (of the worker), `--rounds`, `--partitions`; a stack is joined, or started and stopped again.
Out:  a table, and `benchmarks/results/latest.json`. The rate is that between the first tenth of the results and the
      last, so neither start-up nor stragglers count.
"""

import asyncio
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import orjson
import psutil
import typer
from rich.console import Console
from rich.table import Table

import devstack
from benchmarks.measure import Figures, measure

RESULTS: Final = Path(__file__).parent / "results" / "latest.json"
SLOWER: Final = 10
"""The slow system is given so many times fewer requests: its rate is as steady with fewer."""
GIB: Final = 1024**3
COLUMNS: Final = ("work", "system", "partitions", "requests", "per_s", "ratio_to_per_message", "rss_mb")

Runs = dict[tuple[str, int, int], list[Figures]]


def main(
    requests: Annotated[int, typer.Option(help="Requests given to the worker in a run.")] = 100_000,
    rounds: Annotated[int, typer.Option(help="Runs of each system; the median counts.")] = 3,
    partitions: Annotated[list[int] | None, typer.Option(help="Partitions; may be given again.")] = None,
    out: Annotated[Path, typer.Option(help="Where the figures are written.")] = RESULTS,
) -> None:
    """Measure, print, write."""
    stack = devstack.up()
    try:
        runs = asyncio.run(all_runs(stack.environment(), requests, rounds, partitions or [1, 4]))
    finally:
        if stack.started_by_this_call:
            devstack.down()
    rows = rows_of(runs)
    report = {"machine": machine(), "database": stack.database, "date": now(), "rows": rows}
    out.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    Console().print(table_of(rows, f"{stack.database}, {machine()}"))


async def all_runs(stack: Mapping[str, str], requests: int, rounds: int, partitions: Sequence[int]) -> Runs:
    """Every system, round after round, so that a change of the machine's load meets all alike."""
    runs: Runs = {}
    for number in range(rounds):
        systems = [("per_message", 1, requests // SLOWER), *(("worker", count, requests) for count in partitions)]
        for system, count, asked in systems if number % 2 == 0 else reversed(systems):
            figures = await measure(system, stack, partitions=count, requests=asked)
            runs.setdefault((system, count, asked), []).append(figures)
            Console(stderr=True).print(f"round {number + 1}: {system} on {count}: {figures.per_s:.0f}/s")
    return runs


def rows_of(runs: Runs) -> list[dict[str, Any]]:
    """Medians, and how many times the slow system's rate."""
    rates = {key: median(figures.per_s for figures in found) for key, found in runs.items()}
    base = next(rate for (system, _, _), rate in rates.items() if system == "per_message")
    return [
        {
            "work": "reserve",
            "system": system,
            "partitions": count,
            "requests": asked,
            "per_s": round(rates[system, count, asked]),
            "ratio_to_per_message": round(rates[system, count, asked] / base, 2),
            "rss_mb": round(max(figures.rss_mb for figures in found)),
        }
        for (system, count, asked), found in runs.items()
    ]


def table_of(rows: Sequence[Mapping[str, Any]], title: str) -> Table:
    """The rows for people."""
    table = Table(*COLUMNS, title=title)
    for row in rows:
        table.add_row(*(str(row[column]) for column in COLUMNS))
    return table


def machine() -> str:
    """What it ran on."""
    memory_gib = psutil.virtual_memory().total / GIB
    return (
        f"{psutil.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
    )


def now() -> str:
    """The date, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    typer.run(main)
