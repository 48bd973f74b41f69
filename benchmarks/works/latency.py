"""Work `latency`: from a request's sending to its result, of the worker and of a bare transactional echo.

In:   a stage.
Out:  rows with p50 and p99: one request at a time, 100 requests per second, and half of the worker's maximum, which
      is measured first. `p50_to_echo` and `p99_to_echo` compare with the echo of the same pace.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final

from benchmarks.contestants import WORKER, contestant
from benchmarks.figures import Run
from benchmarks.live import Live, live
from benchmarks.load import CAMPAIGN, Kind, Load
from benchmarks.report import Row
from benchmarks.rounds import Entry, alternate, say
from benchmarks.stage import Stage
from benchmarks.works.requests import usual

ECHO: Final = "echo"
CALM_PER_S: Final = 100
SINGLE: Final = "one at a time"
SINGLES_PER_S: Final = 25
"""Requests per second, for sizing only."""
PER_S_MAX: Final = 15_000
"""More than a worker serves; sizes the stock."""


async def latency_rows(stage: Stage) -> list[Row]:
    """Both systems run all the time; each round measures each pace on each of them."""
    partitions, size = usual(stage), stage.size
    burst = Load(Kind.RESERVE, "maximum", size.requests, partitions)
    seconds = size.latency_s * size.rounds
    codes = int(partitions + size.requests + seconds * (SINGLES_PER_S + CALM_PER_S + PER_S_MAX / 2))
    async with AsyncExitStack() as opened:
        systems: dict[str, Live] = {}
        for system, stocks in ((WORKER, {CAMPAIGN: codes}), (ECHO, {})):
            scene = await opened.enter_async_context(contestant(system, stage, partitions=partitions, stocks=stocks))
            systems[system] = await opened.enter_async_context(live(scene))
            await systems[system].warm(replace(burst, tag="warm", count=partitions))
        half_per_s = (await systems[WORKER].burst(burst)).per_s / 2
        say(f"latency: half of the worker's maximum is {half_per_s:.0f}/s")
        rows = await alternate("latency", entries_of(stage, systems, partitions, half_per_s), size.rounds)
    return compared(rows)


def entries_of(stage: Stage, systems: dict[str, Live], partitions: int, half_per_s: float) -> list[Entry]:
    """Each system at each pace."""
    paces = {SINGLE: None, f"{CALM_PER_S} per second": float(CALM_PER_S), "half of the maximum": half_per_s}
    return [
        entry(system, name, pace, stage, Load(Kind.RESERVE, "", 0, partitions))
        for name, pace in paces.items()
        for system in systems.values()
    ]


def entry(system: Live, name: str, pace: float | None, stage: Stage, load: Load) -> Entry:
    """One system at one pace."""
    count = max(1, int((pace or SINGLES_PER_S) * stage.size.latency_s))

    async def run(number: int) -> Run:
        wanted = replace(load, tag=f"{name.replace(' ', '-')}-{number}", count=count)
        return await (system.one_at_a_time(wanted) if pace is None else system.at_pace(wanted, pace))

    return Entry(system.contestant.system, load.partitions, run, name)


def compared(rows: Sequence[Row]) -> list[Row]:
    """With the ratios to the echo of the same pace."""
    echoes = {row["variant"]: row for row in rows if row["system"] == ECHO}
    return [
        {
            **row,
            "p50_to_echo": round(row["p50_ms"] / echoes[row["variant"]]["p50_ms"], 2),
            "p99_to_echo": round(row["p99_ms"] / echoes[row["variant"]]["p99_ms"], 2),
            "ratio_to_first": None,
        }
        for row in rows
    ]
