"""What people see of the results: the table, the plot, the page."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import orjson

from benchmarks.cost import with_costs
from benchmarks.page import BEGIN, COSTS_PAGE, END, PAGE, with_figures
from benchmarks.plot import BARS, PLOT, svg_of
from benchmarks.report import RESULTS, cell, columns_of, keep, kept

ROW: dict[str, Any] = {
    "work": "reserve",
    "system": "worker",
    "variant": "",
    "partitions": 4,
    "per_s": 600,
    "per_s_min": 500,
    "per_s_max": 900,
    "p50_ms": None,
    "cpu_us": {"worker": 10, "kafka": 2},
}


def test_the_table_leaves_out_what_no_row_has() -> None:
    """And the fields that stand in the cell of another one."""
    assert ["work", "system", "partitions", "per_s", "cpu_us"] == columns_of([ROW])
    assert "refused" in columns_of([{**ROW, "refused": 0}])


def test_a_field_that_only_some_rows_have_is_a_column() -> None:
    """The shards of a batch, where the first row is a single node."""
    assert "shards_per_batch" == columns_of([ROW, {**ROW, "shards_per_batch": 1.5}])[-1]


def test_a_cell_has_the_spread_beside_the_median() -> None:
    """Of maps, a line for each name."""
    found = {name: cell(ROW, name) for name in ("per_s", "cpu_us", "p50_ms", "system")}

    assert {"per_s": "600\n(500-900)", "cpu_us": "worker 10\nkafka 2", "p50_ms": "", "system": "worker"} == found


def test_works_that_were_not_measured_keep_their_rows(tmp_path: Path) -> None:
    """Each row has its own date, database and load."""
    out = tmp_path / "new" / "latest.json"
    keep(out, "mongod", [ROW, {**ROW, "system": "limit"}])

    keep(out, "secantusd-rs", [{**ROW, "work": "mix"}])

    found = [(row["work"], row["system"], row["database"]) for row in kept(out)]
    reserves = [("reserve", system, "mongod") for system in ("worker", "limit")]
    assert [*reserves, ("mix", "worker", "secantusd-rs")] == found
    assert all(row["load"] >= 0 and row["date"] for row in kept(out))


def test_the_plot_has_a_bar_for_each_row() -> None:
    """In proportion to the greatest of its work; the longest one leaves room for its figure."""
    half = {**ROW, "system": "limit", "per_s": 300, "per_s_min": 300, "per_s_max": 300, "work": "reserve"}

    drawn = ET.fromstring(svg_of([ROW, half]))  # noqa: S314  # made here

    widths = [float(bar.get("width", "")) for bar in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    assert [round(BARS * share, 1) for share in (6 / 9, 3 / 9)] == widths


def test_a_latency_is_plotted_instead_of_a_rate() -> None:
    """Its rate is the client's."""
    drawn = svg_of([{**ROW, "work": "latency", "p50_ms": 5.5, "p50_ms_spread": [4.0, 6.0]}])

    assert "5.5 ms" in drawn
    assert " /s" not in drawn


def test_the_page_keeps_what_is_outside_of_its_marks() -> None:
    """And replaces what is inside."""
    taken = {"database": "mongod", "date": "2026-11-30T10:00:00"}
    report = {"machine": "2 cores", **taken, "rows": [{**ROW, **taken, "load": 0.1}]}

    page = with_figures(f"before\n{BEGIN}\nold\n{END}\nafter\n", report)

    assert page.startswith("before\n")
    assert page.endswith("\nafter\n")
    assert "old" not in page
    assert "600<br>(500-900)" in page


def test_the_documents_have_the_kept_results() -> None:
    """`python -m benchmarks.page` writes them from `benchmarks/results/latest.json`."""
    report = orjson.loads(RESULTS.read_bytes())

    assert with_figures(PAGE.read_text(), report) == PAGE.read_text()
    assert with_costs(COSTS_PAGE.read_text(), report) == COSTS_PAGE.read_text()
    assert svg_of(report["rows"]) == PLOT.read_text()
