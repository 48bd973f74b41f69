"""A plot of the results for the documents: one bar chart for each work, as SVG.

In:       rows of the report.
Out:      the text of `docs/img/benchmark.svg`: a bar for each median, a line for its spread.
Promise:  pure; the same rows give the same bytes.
"""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from benchmarks.report import Row
from benchmarks.rounds import named

PLOT: Final = Path(__file__).parents[1] / "docs" / "img" / "benchmark.svg"
WIDTH, LABEL_WIDTH, VALUE_WIDTH = 900, 330, 170
ROW_HEIGHT, TITLE_HEIGHT, BAR_HEIGHT = 20, 34, 14
BARS: Final = WIDTH - LABEL_WIDTH - VALUE_WIDTH
OURS: Final = frozenset({"worker", "importer"})
STYLE: Final = """<style>
  text { font: 12px system-ui, sans-serif; fill: #444 }
  .title { font-weight: 600 }
  .ours { fill: #3f51b5 } .others { fill: #9fa8da }
  line { stroke: #222; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) { text { fill: #ccc } line { stroke: #eee } }
</style>"""


def svg_of(rows: Sequence[Row]) -> str:
    """The whole plot, a work below the other."""
    works = [list(group) for _, group in groupby(rows, key=itemgetter("work"))]
    height = sum(TITLE_HEIGHT + ROW_HEIGHT * len(group) for group in works) + ROW_HEIGHT
    parts: list[str] = []
    top = 0
    for group in works:
        parts += chart(group, top)
        top += TITLE_HEIGHT + ROW_HEIGHT * len(group)
    opened = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    return "\n".join([opened, "<title>Results of the benchmark</title>", STYLE, *parts, "</svg>"]) + "\n"


def chart(rows: Sequence[Row], top: int) -> list[str]:
    """One work: latencies if it has them, else rates."""
    measure, unit = ("p50_ms", "ms") if rows[0].get("p50_ms") is not None else ("per_s", "/s")
    most = max(high_of(row, measure) for row in rows)
    title = f"{rows[0]['work']} ({'p50, milliseconds' if unit == 'ms' else 'per second'})"
    parts = [f'<text class="title" x="0" y="{top + 22}">{escape(title)}</text>']
    for number, row in enumerate(rows):
        parts += bar(row, measure, unit, top + TITLE_HEIGHT + number * ROW_HEIGHT, BARS / (most or 1))
    return parts


def bar(row: Row, measure: str, unit: str, top: float, scale: float) -> list[str]:
    """One row: label, bar, spread, value."""
    low, high, middle = low_of(row, measure), high_of(row, measure), top + ROW_HEIGHT / 2
    kind = "ours" if row["system"] in OURS else "others"
    width = row[measure] * scale
    spread = f'<line x1="{LABEL_WIDTH + low * scale:.1f}" x2="{LABEL_WIDTH + high * scale:.1f}" '
    return [
        f'<text x="{LABEL_WIDTH - 8}" y="{middle + 4:.1f}" text-anchor="end">{escape(label_of(row))}</text>',
        f'<rect class="{kind}" x="{LABEL_WIDTH}" y="{top + 3}" width="{width:.1f}" height="{BAR_HEIGHT}"/>',
        f'{spread}y1="{middle:.1f}" y2="{middle:.1f}"/>',
        f'<text x="{LABEL_WIDTH + high * scale + 8:.1f}" y="{middle + 4:.1f}">{row[measure]:,} {unit}</text>',
    ]


def label_of(row: Mapping[str, Any]) -> str:
    """System, partitions and variant."""
    partitions = row.get("partitions")
    parts = [row["system"], named(partitions, "partition") if partitions else "", row.get("variant") or ""]
    return ", ".join(filter(None, parts))


def low_of(row: Row, measure: str) -> float:
    """The smallest value of the rounds."""
    return spread_of(row, measure)[0]


def high_of(row: Row, measure: str) -> float:
    """The largest value of the rounds."""
    return spread_of(row, measure)[1]


def spread_of(row: Row, measure: str) -> Sequence[float]:
    """Both; the value itself if there was one round only."""
    known: Sequence[float] | None = row.get(f"{measure}_spread")
    names = (f"{measure}_min", f"{measure}_max")
    return known or [float(row[name] if name in row else row[measure]) for name in names]
