"""Work `last_percent`: the first hundredth of a full stock, and the last one.

In:   a stage.
Out:  a row for each. Both are bursts at a worker that runs already, of as many requests as a hundredth has codes; so
      a single `out_of_stock` is wrong, and the row counts it in `refused`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from benchmarks.contestants import WORKER, Contestant, contestant
from benchmarks.figures import Run
from benchmarks.live import live
from benchmarks.load import Kind, Load
from benchmarks.report import Row
from benchmarks.rounds import Entry, alternate
from benchmarks.stage import Stage

FULL: Final = "full"
WARM: Final = "warm"
HUNDREDTH: Final = 100
DRAIN_QUANTITY: Final = 100
"""Codes of each reserve that sells the stock up to its last hundredth."""
DRAIN: Final = {"CODES_WORKER__BATCH_SIZE_MAX": "20"}
"""The number of such reserves that fit into a plan."""


async def last_percent_rows(stage: Stage) -> list[Row]:
    """A campaign of its own for the last hundredth of each round, because it is sold then."""
    partitions, codes = max(stage.size.partitions), stage.size.last_percent_codes
    load = Load(Kind.RESERVE, "", codes // HUNDREDTH, partitions)
    lasts = {last_of(number): codes for number in range(stage.size.rounds)}
    stocks = {FULL: codes, WARM: load.count, **lasts}
    async with contestant(WORKER, stage, partitions=partitions, stocks=stocks) as competitor:

        async def first(number: int) -> Run:
            return await burst(competitor, replace(load, tag=f"first-{number}", campaigns=(FULL,)))

        async def last(number: int) -> Run:
            wanted = replace(load, tag=f"last-{number}", campaigns=(last_of(number),))
            await drain(competitor, wanted, codes)
            return await burst(competitor, wanted)

        entries = [Entry(WORKER, partitions, first, "first 1 %"), Entry(WORKER, partitions, last, "last 1 %")]
        return await alternate("last_percent", entries, stage.size.rounds)


def last_of(number: int) -> str:
    """The campaign whose last hundredth a round sells."""
    return f"last-{number}"


async def drain(competitor: Contestant, load: Load, codes: int) -> None:
    """Sell all but the last hundredth."""
    count = (codes - load.count) // DRAIN_QUANTITY
    former: Mapping[str, str] = competitor.environment
    competitor.environment = DRAIN
    await competitor.run(replace(load, tag=f"{load.tag}-drain", count=count, quantity=DRAIN_QUANTITY))
    competitor.environment = former


async def burst(competitor: Contestant, load: Load) -> Run:
    """A burst at a worker that has all its partitions."""
    async with live(competitor) as system:
        await system.warm(replace(load, tag=f"{load.tag}-warm", campaigns=(WARM,), count=load.partitions))
        return await system.burst(load)
