"""Works `codes` and `campaigns`: how the size of campaigns and their number change the worker's rate.

In:   a stage.
Out:  a row for each variant, compared with the first one.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from benchmarks.contestants import SPARE, WORKER, contestant
from benchmarks.figures import Run
from benchmarks.load import Kind, Load
from benchmarks.report import Row
from benchmarks.rounds import Entry, alternate, named
from benchmarks.stage import Stage
from benchmarks.works.requests import usual


async def codes_rows(stage: Stage) -> list[Row]:
    """Campaigns of different sizes, each in a database of its own; at most half of a campaign is sold in a round."""
    count = min(stage.size.requests, min(stage.size.codes) // 2)
    variants = []
    for codes in stage.size.codes:
        is_enough = codes >= stage.size.rounds * count * SPARE
        names = [(f"sale-{0 if is_enough else number}",) for number in rounds_of(stage)]
        variants.append((named(codes, "code"), names, codes))
    return await variant_rows(stage, "codes", count, variants)


async def campaigns_rows(stage: Stage) -> list[Row]:
    """One hot campaign, and as many codes in many campaigns."""
    variants = []
    for campaigns in stage.size.campaigns:
        names = tuple(f"sale-{number}" for number in range(campaigns))
        codes = 1 + int(stage.size.rounds * stage.size.requests * SPARE) // campaigns
        variants.append((named(campaigns, "campaign"), [names for _ in rounds_of(stage)], codes))
    return await variant_rows(stage, "campaigns", stage.size.requests, variants)


Variant = tuple[str, Sequence[tuple[str, ...]], int]
"""A name, the campaigns of each round, and the codes of each campaign."""


async def variant_rows(stage: Stage, work: str, count: int, variants: Sequence[Variant]) -> list[Row]:
    """Reserves on each variant."""
    async with AsyncExitStack() as opened:
        entries = [await opened.enter_async_context(entry(stage, count, variant)) for variant in variants]
        return await alternate(work, entries, stage.size.rounds)


@asynccontextmanager
async def entry(stage: Stage, count: int, variant: Variant) -> AsyncIterator[Entry]:
    """A worker on one variant."""
    name, campaigns, codes = variant
    partitions = usual(stage)
    stocks = {campaign: codes for group in campaigns for campaign in group}
    async with contestant(WORKER, stage, partitions=partitions, stocks=stocks) as competitor:

        async def run(number: int) -> Run:
            return await competitor.run(Load(Kind.RESERVE, f"r{number}", count, partitions, campaigns[number]))

        yield Entry(WORKER, partitions, run, name)


def rounds_of(stage: Stage) -> range:
    """The numbers of the rounds."""
    return range(stage.size.rounds)
