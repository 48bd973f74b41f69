"""Progress of an import, shown while a command waits for its end.

In:       the events of `imports.v1` with the state `running`.
Out:      on standard error: a progress bar in a terminal, otherwise one line per event.
Promise:  standard output has the end event only.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from cli.jobs.publishing import OnProgress, Order
from schemas.requests import ImportCommand

if TYPE_CHECKING:
    from ops.broker.records import Fields

FIGURES: Final = ("rows_read", "inserted", "duplicates", "rejected", "bytes_read", "bytes_total")
WAITING: Final = "waiting for the importer"
BAR_WIDTH: Final = 20
"""Characters; with its figures, the bar fits on one line of a narrow terminal."""
SPEED_OVER_S: Final = 60
"""Seconds over which the remaining time is estimated: dozens of events, even at the longest interval."""


@contextmanager
def import_progress(order: Order) -> Iterator[OnProgress]:
    """Show an import's progress events. Requests show none: they take a moment."""
    console = Console(stderr=True)
    if not isinstance(order, ImportCommand):
        yield lambda _: None
    elif not console.is_terminal:
        typer.echo(f"import: {WAITING}", err=True)
        yield print_line
    else:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(BAR_WIDTH),
            DownloadColumn(),
            TimeRemainingColumn(compact=True),
        )
        with Progress(*columns, console=console, transient=True, speed_estimate_period=SPEED_OVER_S) as progress:
            yield Bar(progress, progress.add_task(WAITING, total=None)).move


def print_line(event: "Fields") -> None:
    figures = [f"{name}={event[name]}" for name in FIGURES if event.get(name) is not None]
    typer.echo("import: " + " ".join(figures), err=True)


@dataclass(slots=True)
class Bar:
    """A progress bar: moves by bytes, and shows the rows read and their rate."""

    progress: Progress
    task: TaskID
    first: "Fields | None" = None
    """The first event received. The rate is counted from it, since the import may have been running before."""

    def move(self, event: "Fields") -> None:
        self.first = self.first or event
        total, done = event.get("bytes_total"), event.get("bytes_read")
        self.progress.update(
            self.task,
            description=f"{event.get('rows_read', 0):,} rows{rate(self.first, event)}",
            total=total if isinstance(total, int) else None,
            completed=done if isinstance(done, int) else 0,
        )


def rate(first: Mapping[str, object], latest: Mapping[str, object]) -> str:
    """`, 9,800/s`: rows per second between two events; empty if both have the same time."""
    (began_at, before), (at, rows) = (reached(event) for event in (first, latest))
    seconds = (at - began_at).total_seconds()
    return f", {(rows - before) / seconds:,.0f}/s" if seconds > 0 else ""


def reached(event: Mapping[str, object]) -> tuple[datetime, int]:
    """Time of an event, and the rows read by then."""
    return datetime.fromisoformat(str(event["at"])), int(str(event["rows_read"]))
