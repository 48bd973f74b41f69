"""Rows, panels and queries of a dashboard as data.

Out: `Query`, `Panel`, `Row`, and short ways to write them.
"""

from dataclasses import dataclass
from typing import Final, Literal

WIDTH_MAX: Final = 24
"""Grafana's grid."""

Kind = Literal["timeseries", "stat", "table", "bargauge"]


@dataclass(frozen=True, slots=True)
class Query:
    """One question to Prometheus."""

    expr: str
    legend: str = ""
    """`{{label}}` is filled in."""
    none_means: str = ""
    """Said where an answer may have no series: what that means. Empty: it always has one."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture."""

    title: str
    about: str
    """What it shows, and when to worry."""
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: Kind = "timeseries"
    width: int = 8
    stacked: bool = False
    orange_from: float | None = None
    """Where a number is coloured: from here on it wants to be looked at."""
    red_from: float | None = None

    @property
    def description(self) -> str:
        """What it shows, and what it means that it shows nothing."""
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
    red_from: float = 1,
) -> Panel:
    """One number, coloured by its limits."""
    return Panel(title, about, (query,), unit, "stat", 3, orange_from=orange_from, red_from=red_from)
