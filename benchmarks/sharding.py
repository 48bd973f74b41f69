"""Reserves on one node against two shards: `python -m benchmarks.sharding`.

In:   `mongod` and `mongos` on the PATH; a stack is joined for Kafka, or started and stopped again. Both databases are
      started on data of their own, and ended again.
Out:  requests per second of a worker on each database, and their ratio. Both are measured in each round, in
      alternating order, so that what else the machine does slows both.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import typer

import devstack
from benchmarks.measure import measure
from devstack.addresses import database_uri
from devstack.folder import Layout
from devstack.shape import Shape
from devstack.starting import start_parts
from devstack.state import StateFile
from devstack.stopping import stop_parts

SHAPES: Final[Mapping[str, Shape]] = {"one node": Shape(), "two shards": Shape(database_shards=2)}
PARTITIONS: Final = 4


def main(
    rounds: Annotated[int, typer.Option(help="Runs on each database; medians are compared.")] = 3,
    requests: Annotated[int, typer.Option(help="Requests per run.")] = 20_000,
) -> None:
    """Measure and print."""
    stack = devstack.up()
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name in SHAPES:
                (Path(folder) / name).mkdir()
            asyncio.run(compare(stack.environment(), Path(folder), rounds, requests))
    finally:
        if stack.started_by_this_call:
            devstack.down()


async def compare(stack: Mapping[str, str], folder: Path, rounds: int, requests: int) -> None:
    """Start both databases, measure in turns, end them."""
    files = {name: StateFile(Layout(folder / name).state) for name in SHAPES}
    try:
        uris = {name: await started(folder / name, shape) for name, shape in SHAPES.items()}
        rates = await measured(stack, uris, rounds, requests)
    finally:
        for file in files.values():
            await asyncio.to_thread(stop_parts, list(file.read().parts), file)
    one, two = (median(rates[name]) for name in SHAPES)
    print(f"one node {one:.0f}/s, two shards {two:.0f}/s, ratio {two / one:.2f}; medians of {rounds} rounds")


async def started(folder: Path, shape: Shape) -> str:
    """The address of a database of this shape."""
    file = StateFile(Layout(folder).state)
    file.reshape(shape)
    await start_parts(list(shape.nodes_of("database")), Layout(folder), file, print)
    return database_uri({name: record.port for name, record in file.read().parts.items()})


async def measured(
    stack: Mapping[str, str], uris: Mapping[str, str], rounds: int, requests: int
) -> Mapping[str, list[float]]:
    """The rates of each database, one for each round."""
    rates: dict[str, list[float]] = {name: [] for name in uris}
    for number in range(rounds):
        for name in uris if number % 2 == 0 else reversed(list(uris)):
            at_database = {**stack, "CODES_MONGO__URI": uris[name]}
            figures = await measure("worker", at_database, partitions=PARTITIONS, requests=requests)
            rates[name].append(figures.per_s)
            print(f"round {number + 1}: {name}: {figures.per_s:.0f}/s", flush=True)
    return rates


if __name__ == "__main__":
    typer.run(main)
