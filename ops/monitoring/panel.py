"""Rows, panels and queries of a dashboard as data.

Out: `Query`, `Panel`, `Row`; `number`, a panel of one number.
"""

from dataclasses import dataclass
from typing import Final, Literal

WIDTH_MAX: Final = 24
"""Grafana's grid."""

Kind = Literal["timeseries", "stat", "table", "bargauge"]


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL query."""

    expr: str
    legend: str = ""
    """`{{label}}` is filled in."""
    none_means: str = ""
    """What an empty result means. Empty text: the result always has a series."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart, number or table."""

    title: str
    about: str
    """What it shows, and when to worry."""
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: Kind = "timeseries"
    width: int = 8
    stacked: bool = False
    orange_from: float | None = None
    """From this value on, a number is orange."""
    red_from: float | None = None
    """From this value on, a number is red."""
    exemplars: bool = False
    """Show the traces that the series have."""

    @property
    def description(self) -> str:
        """What it shows, and what an empty panel means."""
        reasons = dict.fromkeys(query.none_means for query in self.queries if query.none_means)
        return " ".join([self.about, *(f"No data: {reason}." for reason in reasons)])


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one headline."""

    title: str
    panels: tuple[Panel, ...]


def number(
    title: str,
    about: str,
    query: Query,
    *,
    unit: str = "short",
    orange_from: float | None = None,
    red_from: float | None = 1,
) -> Panel:
    """One number, coloured by its limits."""
    return Panel(title, about, (query,), unit, "stat", 3, orange_from=orange_from, red_from=red_from)
