"""`make bench`: each work measured on competing systems, in one run and in alternating order.

In:   `--work` (those of a normal run, unless some are named) and sizes; a stack is joined, or started and stopped.
Out:  a table for each work, and `benchmarks/results/latest.json`.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

import devstack
from benchmarks import catalogue
from benchmarks.catalogue import NORMAL, WORKS, Work
from benchmarks.report import RESULTS, keep, table_of
from benchmarks.stage import QUICK, Size, Stage, stage_of

WIDTH: Final = 150
"""Minimum width of a table; a narrower table wraps numbers."""


def main(
    *,
    work: Annotated[list[Work] | None, typer.Option(help="Work to measure; repeatable.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Few works and small sizes: at most two minutes.")] = False,
    rounds: Annotated[int | None, typer.Option(help="Runs of each system; the table shows medians.")] = None,
    requests: Annotated[int | None, typer.Option(help="Requests of one run of a fast system.")] = None,
    partitions: Annotated[list[int] | None, typer.Option(help="Number of partitions; repeatable.")] = None,
    rows: Annotated[int | None, typer.Option(help="import, import_flat: rows of one run.")] = None,
    codes: Annotated[list[int] | None, typer.Option(help="codes, growth, last_percent: codes; repeatable.")] = None,
    variants: Annotated[
        list[int] | None, typer.Option(help="campaigns, workers, shards, conflicts: their numbers; repeatable.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="latency: seconds of each measurement.")] = None,
    out: Annotated[Path, typer.Option(help="File for the results.")] = RESULTS,
) -> None:
    """Measure, print a table for each work, write the results."""
    given = {
        "rounds": rounds,
        "requests": requests,
        "memory_requests": requests,
        "partitions": partitions,
        "rows": rows,
        "flat_rows": rows,
        "codes": codes,
        "growth_codes": codes,
        "last_percent_codes": codes and max(codes),
        **dict.fromkeys(("campaigns", "workers", "shards", "conflict_partitions"), variants),
        "latency_s": seconds,
    }
    size = sized(QUICK if quick else Size(), given)
    stack = devstack.up()
    try:
        asyncio.run(measure(work or list(catalogue.QUICK if quick else NORMAL), stage_of(stack, size), out))
    finally:
        if stack.started_by_this_call:
            devstack.down()


def sized(size: Size, given: dict[str, object]) -> Size:
    """The sizes with those that were given."""
    wanted = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items() if value}
    return replace(size, **wanted)  # type: ignore[arg-type]  # each option has its field's type


async def measure(works: list[Work], stage: Stage, out: Path) -> None:
    """One work after the other; the results of each are written at once."""
    for work in works:
        rows = await WORKS[work](stage)
        keep(out, stage.database, rows)
        Console(width=max(WIDTH, Console().width)).print(table_of(rows, stage.database))


if __name__ == "__main__":
    typer.run(main)
