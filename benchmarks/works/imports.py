"""Workloads `import` and `import_flat`: the importer, its upper limit, and a row-by-row importer.

In:   how many rows and rounds.
Out:  `import`: a row for each system, with its rate between the first tenth and the last, as a ratio to both others.
      `import_flat`: how many times as much as in the first tenth of many rows a row costs in the last one; of the
      limit too, because an importer can be no flatter than its database.
"""

from statistics import median
from typing import Final, NamedTuple

from benchmarks.import_systems import Loaded, load
from benchmarks.pace import last_tenth_to_first_tenth, steady_rate
from benchmarks.report import Row
from benchmarks.rounds import say
from benchmarks.stage import Stage

WORK: Final = "import"
FLAT: Final = "import_flat"
LIMIT: Final = "insert_many"
SLOW: Final = "row_by_row"
OURS: Final = "importer"
SLOWER: Final = 40
"""The slow system gets this many times fewer rows, in the middle of the others' range: see `Task.had`."""


class Task(NamedTuple):
    """The task of a system in each round."""

    system: str
    rows: int
    had: int = 0
    """Codes that the campaign has before. Inserts become slower as the collection grows, so the slow system starts at
    the others' halfway point."""


Runs = dict[Task, list[Loaded]]


async def import_rows(stage: Stage) -> list[Row]:
    """Run all systems in each round, in alternating order, so that changes of the load affect all equally."""
    rows, rounds = stage.size.rows, stage.size.rounds
    tasks = [Task(LIMIT, rows), Task(SLOW, rows // SLOWER, had=rows // 2), Task(OURS, rows)]
    runs: Runs = {}
    for number in range(rounds):
        for task in tasks if number % 2 == 0 else reversed(tasks):
            loaded = await load(task.system, stage.environment, task.rows, had=task.had)
            runs.setdefault(task, []).append(loaded)
            say(f"round {number + 1}: {task.system}: {steady_rate(loaded.points):.0f} rows/s")
    return [row_of(task, runs) for task in tasks]


async def flat_rows(stage: Stage) -> list[Row]:
    """One long run of the limit and one of the importer."""
    rows = stage.size.flat_rows
    return [flat_row(system, rows, await load(system, stage.environment, rows)) for system in (LIMIT, OURS)]


def row_of(task: Task, runs: Runs) -> Row:
    """Medians of one system, and its peak memory."""
    rates = {task.system: median(steady_rate(run.points) for run in found) for task, found in runs.items()}
    rate, own = rates[task.system], [steady_rate(run.points) for run in runs[task]]
    return {
        "work": WORK,
        **task._asdict(),
        "per_s": round(rate),
        "per_s_min": round(min(own)),
        "per_s_max": round(max(own)),
        "ratio_to_limit": round(rate / rates[LIMIT], 2),
        "ratio_to_row_by_row": round(rate / rates[SLOW], 2),
        **usage_of(runs[task]),
    }


def usage_of(found: list[Loaded]) -> Row:
    """CPU and memory of the importer; the others are not long-running processes."""
    seen = [run.usage for run in found if run.usage is not None]
    return {
        "rss_mb": round(max(usage.most_mb for usage in seen)) if seen else None,
        "rss_above_idle_mb": round(max(usage.most_mb - usage.first_mb for usage in seen)) if seen else None,
        "cpu_s": round(median(usage.cpu_s for usage in seen), 1) if seen else None,
    }


def flat_row(system: str, rows: int, loaded: Loaded) -> Row:
    """One long run."""
    row = {
        "work": FLAT,
        "system": system,
        "rows": rows,
        "per_s": round(steady_rate(loaded.points)),
        "last_tenth_to_first_tenth": round(last_tenth_to_first_tenth(loaded.points), 2),
        **usage_of([loaded]),
    }
    say(f"flat: {system}: {row['last_tenth_to_first_tenth']}")
    return row
