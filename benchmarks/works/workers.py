"""Work `workers`: several processes that share the partitions.

In:   a stage.
Out:  a row for each number of processes. `cores_busy` beside the machine's cores says whether the machine is the
      limit, and `cpu_us` which process takes it.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from benchmarks.contestants import WORKER, contestant, one_campaign
from benchmarks.figures import Run
from benchmarks.live import live
from benchmarks.load import Kind, Load
from benchmarks.report import Row
from benchmarks.rounds import Entry, alternate, named
from benchmarks.stage import Stage


async def workers_rows(stage: Stage) -> list[Row]:
    """On the largest number of partitions."""
    async with AsyncExitStack() as opened:
        entries = [await opened.enter_async_context(entry(stage, count)) for count in stage.size.workers]
        return await alternate("workers", entries, stage.size.rounds)


@asynccontextmanager
async def entry(stage: Stage, processes: int) -> AsyncIterator[Entry]:
    """So many processes; a first load is not measured, because the partitions are distributed meanwhile."""
    load = Load(Kind.RESERVE, "", stage.size.requests, max(stage.size.partitions))
    stocks = one_campaign(load, 2 * stage.size.rounds)
    async with contestant(
        WORKER, stage, partitions=load.partitions, stocks=stocks, processes=processes
    ) as competitor:

        async def run(number: int) -> Run:
            async with live(competitor) as system:
                await system.warm(replace(load, tag=f"warm-{number}"))
                return await system.burst(replace(load, tag=f"r{number}"))

        yield Entry(WORKER, load.partitions, run, named(processes, "worker"))
