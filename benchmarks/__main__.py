"""`make bench`: each workload measured on competing systems, in one run and in alternating order.

In:   `--work` (all, unless some are named) and their sizes; a stack is joined, or started and stopped again.
Out:  a table for each work, and `benchmarks/results/latest.json`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

import devstack
from benchmarks import imports, reserve
from benchmarks.report import RESULTS, Row, keep, table_of

WIDTH: Final = 110
"""Minimum width of a table; a narrower table wraps numbers."""


class Work(StrEnum):
    """The workloads."""

    RESERVE = reserve.WORK
    IMPORT = imports.WORK
    IMPORT_FLAT = imports.FLAT


@dataclass(frozen=True, slots=True)
class Size:
    """Size of each workload."""

    rounds: int
    requests: int
    partitions: Sequence[int]
    rows: int
    flat_rows: int


def main(
    work: Annotated[list[Work] | None, typer.Option(help="Workload to measure; repeatable.")] = None,
    rounds: Annotated[int, typer.Option(help="Runs of each system; the table shows medians.")] = 3,
    requests: Annotated[int, typer.Option(help="reserve: requests per run of the worker.")] = 100_000,
    partitions: Annotated[list[int] | None, typer.Option(help="reserve: number of partitions; repeatable.")] = None,
    rows: Annotated[int, typer.Option(help="import: rows per run of the importer.")] = 200_000,
    flat_rows: Annotated[int, typer.Option(help="import_flat: rows of the long run.")] = 1_000_000,
    out: Annotated[Path, typer.Option(help="File for the results.")] = RESULTS,
) -> None:
    """Measure, print a table, write the results."""
    size = Size(rounds, requests, partitions or [1, 4], rows, flat_rows)
    stack = devstack.up()
    try:
        for one in work or list(Work):
            found = asyncio.run(measured(one, stack.environment(), size))
            keep(out, stack.database, found)
            Console(width=max(WIDTH, Console().width)).print(table_of(found, stack.database))
    finally:
        if stack.started_by_this_call:
            devstack.down()


async def measured(work: Work, stack: Mapping[str, str], size: Size) -> list[Row]:
    """The rows of one workload."""
    if work is Work.RESERVE:
        return await reserve.reserve_rows(stack, size.requests, size.rounds, size.partitions)
    if work is Work.IMPORT:
        return await imports.import_rows(stack, size.rows, size.rounds)
    return await imports.flat_rows(stack, size.flat_rows)


if __name__ == "__main__":
    typer.run(main)
