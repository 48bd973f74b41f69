"""The figures in the documents: tables in `docs/benchmark.md` and `docs/decide.md` between two marks, and the plot.

In:       rows of the report.
Out:      `python -m benchmarks.page` writes them from `benchmarks/results/latest.json`.
Promise:  the text outside of the marks stays; the same rows give the same page.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import orjson

from benchmarks.cost import with_costs
from benchmarks.plot import PLOT, svg_of
from benchmarks.report import RESULTS, cell, columns_of

PAGE: Final = Path(__file__).parents[1] / "docs" / "benchmark.md"
COSTS_PAGE: Final = PAGE.with_name("decide.md")
BEGIN: Final = "<!-- figures: written by python -m benchmarks.page -->"
END: Final = "<!-- end of the figures -->"
IN_HEADING: Final = frozenset({"work", "database", "date", "load"})


def with_figures(page: str, report: Mapping[str, Any]) -> str:
    """The page with the report's figures between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{figures(report)}\n{END}{after}"


def figures(report: Mapping[str, Any]) -> str:
    """A section for each work."""
    said = {name: report[name] for name in ("database", "date")}
    works = [list(group) for _, group in groupby(({**said, **row} for row in report["rows"]), key=itemgetter("work"))]
    return "\n".join([f"Machine: {report['machine']}.\n", *map(section, works)])


def section(rows: Sequence[Mapping[str, Any]]) -> str:
    """One work: database and date, then its table."""
    first = rows[0]
    load = f", load average {first['load']}" if first.get("load") is not None else ""
    columns = [name for name in columns_of(rows) if name not in IN_HEADING]
    lines = [
        f"### Work `{first['work']}`\n",
        f"On {first['database']}, {first['date'][:10]}{load}.\n",
        line_of(columns),
        line_of(["---"] * len(columns)),
        *(line_of([cell(row, name).replace("\n", "<br>") for name in columns]) for row in rows),
    ]
    return "\n".join(lines) + "\n"


def line_of(cells: Sequence[str]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Write the pages and the plot from the kept results."""
    report = orjson.loads(RESULTS.read_bytes())
    PAGE.write_text(with_figures(PAGE.read_text(), report))
    COSTS_PAGE.write_text(with_costs(COSTS_PAGE.read_text(), report))
    PLOT.write_text(svg_of(report["rows"]))


if __name__ == "__main__":
    main()
