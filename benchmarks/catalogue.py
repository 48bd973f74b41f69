"""The works by name: what each measures, and which of them a normal run and a quick one contain.

Out: `WORKS`, `NORMAL`, `QUICK`.
"""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from functools import partial
from typing import Final

from benchmarks.load import Kind
from benchmarks.report import Row
from benchmarks.stage import Stage
from benchmarks.works.imports import flat_rows, import_rows
from benchmarks.works.last_percent import last_percent_rows
from benchmarks.works.latency import latency_rows
from benchmarks.works.long_runs import growth_rows, memory_rows
from benchmarks.works.requests import reserve_rows, rows_of_kind
from benchmarks.works.scale import conflicts_rows, shards_rows
from benchmarks.works.stock import campaigns_rows, codes_rows
from benchmarks.works.workers import workers_rows


class Work(StrEnum):
    """The works."""

    RESERVE = "reserve"
    ASSIGN = "assign"
    RELEASE = "release"
    MIX = "mix"
    CODES = "codes"
    CAMPAIGNS = "campaigns"
    LAST_PERCENT = "last_percent"
    LATENCY = "latency"
    WORKERS = "workers"
    IMPORT = "import"
    IMPORT_FLAT = "import_flat"
    CONFLICTS = "conflicts"
    SHARDS = "shards"
    MEMORY = "memory"
    GROWTH = "growth"


Measure = Callable[[Stage], Awaitable[list[Row]]]

WORKS: Final[dict[Work, Measure]] = {
    Work.RESERVE: reserve_rows,
    Work.ASSIGN: partial(rows_of_kind, kind=Kind.ASSIGN),
    Work.RELEASE: partial(rows_of_kind, kind=Kind.RELEASE),
    Work.MIX: partial(rows_of_kind, kind=Kind.MIX),
    Work.CODES: codes_rows,
    Work.CAMPAIGNS: campaigns_rows,
    Work.LAST_PERCENT: last_percent_rows,
    Work.LATENCY: latency_rows,
    Work.WORKERS: workers_rows,
    Work.IMPORT: import_rows,
    Work.IMPORT_FLAT: flat_rows,
    Work.CONFLICTS: conflicts_rows,
    Work.SHARDS: shards_rows,
    Work.MEMORY: memory_rows,
    Work.GROWTH: growth_rows,
}
NORMAL: Final = (
    *(Work.RESERVE, Work.ASSIGN, Work.RELEASE, Work.MIX, Work.CODES, Work.CAMPAIGNS),
    *(Work.LAST_PERCENT, Work.LATENCY, Work.IMPORT),
)
"""At most 15 minutes on two cores; the others take longer, and are measured by name."""
QUICK: Final = (Work.RESERVE, Work.LATENCY)
