"""Works `shards` and `conflicts`: what more shards and more partitions change.

In:   a stage.
Out:  a row for each variant. `shards_per_batch` is the router's own count, `conflicts_per_1000` and
      `retries_per_1000` are the worker's.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from benchmarks.contestants import WORKER, Contestant, contestant, one_campaign
from benchmarks.databases import databases
from benchmarks.figures import Run
from benchmarks.load import Kind, Load
from benchmarks.probes import Router, WorkerMetrics
from benchmarks.report import Row
from benchmarks.rounds import Entry, alternate, named
from benchmarks.stage import Stage
from benchmarks.works.requests import usual
from devstack.ports import choose

OPS_PORT: Final = "CODES_OPS__PORT"
SINGLE_NODE: Final = "1 node"


async def shards_rows(stage: Stage) -> list[Row]:
    """One worker on databases of different shapes, which all run meanwhile."""
    async with databases(stage, stage.size.shards) as stages, AsyncExitStack() as opened:
        entries = [
            await opened.enter_async_context(
                entry(there, named(count, "shard") if count else SINGLE_NODE, usual(stage), router)
            )
            for count, there in stages.items()
        ]
        return await alternate("shards", entries, stage.size.rounds)


async def conflicts_rows(stage: Stage) -> list[Row]:
    """One worker serves more and more partitions of one campaign."""
    async with AsyncExitStack() as opened:
        entries = [
            await opened.enter_async_context(entry(stage, "", count, metrics, ops_port()))
            for count in stage.size.conflict_partitions
        ]
        return await alternate("conflicts", entries, stage.size.rounds)


def router(competitor: Contestant) -> None:
    """Count the shards of a batch."""
    competitor.probe = Router(competitor.scene.settings)


def metrics(competitor: Contestant) -> None:
    """Count conflicts and retries."""
    competitor.probe = WorkerMetrics(int(competitor.environment[OPS_PORT]))


def ops_port() -> dict[str, str]:
    """A known port, so that the metrics can be read."""
    return {OPS_PORT: str(choose([OPS_PORT], {})[OPS_PORT])}


@asynccontextmanager
async def entry(
    stage: Stage,
    name: str,
    partitions: int,
    observe: Callable[[Contestant], None] = lambda _: None,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Entry]:
    """Reserves on one variant."""
    load = Load(Kind.RESERVE, "", stage.size.requests, partitions)
    stocks = one_campaign(load, stage.size.rounds)
    async with contestant(WORKER, stage, partitions=partitions, stocks=stocks, environment=environment) as competitor:
        observe(competitor)

        async def run(number: int) -> Run:
            return await competitor.run(Load(Kind.RESERVE, f"r{number}", load.count, partitions))

        yield Entry(WORKER, partitions, run, name)
