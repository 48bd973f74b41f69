"""The rows of the works `import` and `import_flat`, made of runs that are known."""

from benchmarks.import_systems import Loaded
from benchmarks.pace import Point
from benchmarks.usage import Usage
from benchmarks.works.imports import Task, flat_row, row_of

LIMIT, SLOW, OURS = Task("insert_many", 1000), Task("row_by_row", 100, had=500), Task("importer", 1000)


def even(rows: int, seconds: float, usage: Usage | None = None) -> Loaded:
    """A run at an even pace."""
    return Loaded([Point(0.0, 0), Point(seconds, rows)], usage)


def test_a_row_compares_the_median_of_the_rounds_with_both_others() -> None:
    """500 rows a second of 1000, 25 times 20; the most memory of any round."""
    usages = [Usage(100.0, 130.0, 1.0), Usage(110.0, 160.0, 2.0), Usage(100.0, 140.0, 9.0)]
    runs = {
        LIMIT: [even(1000, 1.0)],
        SLOW: [even(100, 5.0)],
        OURS: [even(1000, seconds, usage) for seconds, usage in zip((1.0, 2.0, 9.0), usages, strict=True)],
    }

    expected = {"work": "import", "system": "importer", "rows": 1000, "had": 0, "per_s": 500}
    spread = {"per_s_min": 111, "per_s_max": 1000}
    ratios = {"ratio_to_limit": 0.5, "ratio_to_row_by_row": 25.0}
    usage = {"rss_mb": 160, "rss_above_idle_mb": 50, "cpu_s": 2.0}
    assert {**expected, **spread, **ratios, **usage} == row_of(OURS, runs)


def test_a_long_run_shows_whether_the_cost_of_a_row_is_flat() -> None:
    """The last tenth took half as long again as the first."""
    loaded = Loaded([Point(0.0, 0), Point(1.0, 100), Point(9.0, 900), Point(10.5, 1000)])

    expected = {"work": "import_flat", "system": "insert_many", "rows": 1000, "per_s": 100}
    nothing = {"rss_mb": None, "rss_above_idle_mb": None, "cpu_s": None}
    assert {**expected, "last_tenth_to_first_tenth": 1.5, **nothing} == flat_row("insert_many", 1000, loaded)
