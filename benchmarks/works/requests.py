"""Works `reserve`, `assign`, `release` and `mix`: the worker, its limit, and consumers of one message at a time.

In:   a stage.
Out:  a row for each system and number of partitions. The consumers of one message serve reserves only: a move of a
      reservation costs them the same update.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

from benchmarks.contestants import LIMIT, PEERS, PER_MESSAGE, WORKER, contestant, one_campaign
from benchmarks.figures import Run
from benchmarks.load import Kind, Load
from benchmarks.report import Row
from benchmarks.rounds import Entry, alternate
from benchmarks.stage import Stage

SLOWER: Final = 10
"""The systems of one message at a time get this many times fewer requests; their rate is steady all the same."""
USUAL_PARTITIONS: Final = 4
Named = tuple[str, Load]


async def reserve_rows(stage: Stage) -> list[Row]:
    """The worker and the limit on all numbers of partitions, the others on one."""
    size = stage.size
    loads = [Load(Kind.RESERVE, "", size.requests, count) for count in size.partitions]
    slow = Load(Kind.RESERVE, "", max(1, size.requests // SLOWER), usual(stage))
    named: list[Named] = [(system, slow) for system in (PER_MESSAGE, *PEERS)]
    return await rows(stage, "reserve", [*named, *((system, load) for load in loads for system in (WORKER, LIMIT))])


async def rows_of_kind(stage: Stage, kind: Kind) -> list[Row]:
    """The worker and its limit."""
    load = Load(kind, "", stage.size.requests, usual(stage))
    return await rows(stage, str(kind), [(WORKER, load), (LIMIT, load)])


def usual(stage: Stage) -> int:
    """The number of partitions of a work that has only one."""
    return USUAL_PARTITIONS if USUAL_PARTITIONS in stage.size.partitions else stage.size.partitions[0]


async def rows(stage: Stage, work: str, named: Sequence[Named]) -> list[Row]:
    """Open all, and run the rounds."""
    async with AsyncExitStack() as opened:
        entries = [await opened.enter_async_context(entry(stage, system, load)) for system, load in named]
        return await alternate(work, entries, stage.size.rounds)


@asynccontextmanager
async def entry(stage: Stage, system: str, load: Load) -> AsyncIterator[Entry]:
    """A competitor whose load has another tag in each round."""
    stocks = one_campaign(load, stage.size.rounds, system)
    async with contestant(system, stage, partitions=load.partitions, stocks=stocks) as competitor:

        async def run(number: int) -> Run:
            return await competitor.run(replace(load, tag=f"r{number}"))

        yield Entry(system, load.partitions, run)
