"""Works `import` and `import_flat`: the importer against its limit, and against an importer that goes row by row.

In:   how many rows and rounds.
Out:  `import`: a row for each system, with its rate between the first tenth and the last, as a ratio to both others.
      `import_flat`: how many times as much as in the first tenth of many rows a row costs in the last one; of the
      limit too, because an importer can be no flatter than its database.
"""

from collections.abc import Mapping
from statistics import median
from typing import Final, NamedTuple

from rich.console import Console

from benchmarks.import_systems import Loaded, load
from benchmarks.pace import last_tenth_to_first_tenth, steady_rate
from benchmarks.report import Row

WORK: Final = "import"
FLAT: Final = "import_flat"
LIMIT: Final = "insert_many"
SLOW: Final = "row_by_row"
OURS: Final = "importer"
SLOWER: Final = 20
"""The slow system is given so many times fewer rows, in the middle of the others' run: see `Task.had`."""


class Task(NamedTuple):
    """What a system is given in each round."""

    system: str
    rows: int
    had: int = 0
    """Codes that the campaign has before. An insert costs the more the larger the collection is, so the slow system
    begins where the others are half way."""


Runs = dict[Task, list[Loaded]]


async def import_rows(stack: Mapping[str, str], rows: int, rounds: int) -> list[Row]:
    """Every system, round after round in alternating order: a change of the machine's load meets all alike."""
    tasks = [Task(LIMIT, rows), Task(SLOW, rows // SLOWER, had=rows // 2), Task(OURS, rows)]
    runs: Runs = {}
    for number in range(rounds):
        for task in tasks if number % 2 == 0 else reversed(tasks):
            loaded = await load(task.system, stack, task.rows, had=task.had)
            runs.setdefault(task, []).append(loaded)
            say(f"round {number + 1}: {task.system}: {steady_rate(loaded.points):.0f} rows/s")
    return [row_of(task, runs) for task in tasks]


async def flat_rows(stack: Mapping[str, str], rows: int) -> list[Row]:
    """One long run of the limit, and one of the importer."""
    return [flat_row(system, rows, await load(system, stack, rows)) for system in (LIMIT, OURS)]


def row_of(task: Task, runs: Runs) -> Row:
    """Medians of one system, and the most memory."""
    rates = {one.system: median(steady_rate(run.points) for run in found) for one, found in runs.items()}
    rate = rates[task.system]
    return {
        "work": WORK,
        **task._asdict(),
        "per_s": round(rate),
        "ratio_to_limit": round(rate / rates[LIMIT], 2),
        "ratio_to_row_by_row": round(rate / rates[SLOW], 2),
        **usage_of(runs[task]),
    }


def usage_of(found: list[Loaded]) -> Row:
    """What the importer took; nothing of the others, which are no processes that wait for commands."""
    seen = [run.usage for run in found if run.usage is not None]
    return {
        "rss_mb": round(max(one.most_mb for one in seen)) if seen else None,
        "rss_above_idle_mb": round(max(one.most_mb - one.first_mb for one in seen)) if seen else None,
        "cpu_s": round(median(one.cpu_s for one in seen), 1) if seen else None,
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


def say(what: str) -> None:
    """To who waits."""
    Console(stderr=True).print(what)
