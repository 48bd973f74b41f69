"""Works `memory` and `growth`: runs that take long. Each has one round, because the run itself is the spread.

In:   a stage.
Out:  `memory`: a worker's memory after each tenth of many requests. `growth`: its rate and its CPU time for a request
      when so many codes were sold and so many requests are in the ledger.
"""

from dataclasses import replace

from benchmarks.contestants import WORKER, contestant, one_campaign
from benchmarks.figures import Run
from benchmarks.load import CAMPAIGN, Kind, Load
from benchmarks.report import Row
from benchmarks.rounds import Entry, alternate, ratio
from benchmarks.stage import Stage
from benchmarks.works.requests import usual


async def memory_rows(stage: Stage) -> list[Row]:
    """One process serves all requests."""
    load = Load(Kind.RESERVE, "memory", stage.size.memory_requests, usual(stage))
    stocks = one_campaign(load, rounds=1)
    runs: list[Run] = []
    async with contestant(WORKER, stage, partitions=load.partitions, stocks=stocks) as competitor:

        async def run(_number: int) -> Run:
            runs.append(await competitor.run(load))
            return runs[-1]

        [row] = await alternate("memory", [Entry(WORKER, load.partitions, run)], 1)
    return [{**row, "rss_mb_by_tenth": list(runs[0].rss_mb_by_tenth)}]


async def growth_rows(stage: Stage) -> list[Row]:
    """Between the measured loads, unmeasured ones sell codes until the next size is reached."""
    sizes, partitions, rounds = stage.size.growth_codes, usual(stage), stage.size.rounds
    load = Load(Kind.RESERVE, "", stage.size.requests, partitions)
    stocks = {CAMPAIGN: max(sizes) + rounds * len(sizes) * load.count}
    rows: list[Row] = []
    async with contestant(WORKER, stage, partitions=partitions, stocks=stocks) as competitor:
        for size in sizes:
            await competitor.run(replace(load, tag=f"until-{size}", count=size - competitor.taken))

            async def run(number: int, size: int = size) -> Run:
                return await competitor.run(replace(load, tag=f"{size}-{number}"))

            rows += await alternate("growth", [Entry(WORKER, partitions, run, f"{size:,} sold")], rounds)
    return [{**row, "ratio_to_first": ratio([row["per_s"]], [rows[0]["per_s"]])} for row in rows]
