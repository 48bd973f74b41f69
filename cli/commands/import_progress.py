"""How an import gets on, shown while somebody waits for its end.

In:       the events of `imports.v1` that say `running`.
Out:      on standard error: a bar at a terminal, one line an event elsewhere.
Promise:  standard output stays free for the end event.
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
"""Characters: with the figures beside it, one line of a narrow terminal."""
SPEED_OVER_S: Final = 60
"""Seconds over which the remaining time is guessed: dozens of events, however rarely they come."""


@contextmanager
def import_progress(order: Order) -> Iterator[OnProgress]:
    """Who is told of an import's progress; nobody of a request's, which takes a moment."""
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


def print_line(says: "Fields") -> None:
    """One event as one line."""
    told = [f"{name}={says[name]}" for name in FIGURES if says.get(name) is not None]
    typer.echo("import: " + " ".join(told), err=True)


@dataclass(slots=True)
class Bar:
    """Moves by bytes, and says how many rows are read, and how fast."""

    progress: Progress
    task: TaskID
    first: "Fields | None" = None
    """The first event: the rate is counted from it, since an import may have been under way before."""

    def move(self, says: "Fields") -> None:
        """Show an event."""
        self.first = self.first or says
        total, done = says.get("bytes_total"), says.get("bytes_read")
        self.progress.update(
            self.task,
            description=f"{says.get('rows_read', 0):,} rows{rate(self.first, says)}",
            total=total if isinstance(total, int) else None,
            completed=done if isinstance(done, int) else 0,
        )


def rate(first: Mapping[str, object], says: Mapping[str, object]) -> str:
    """`, 9,800/s`: rows a second between two events; nothing if it cannot be told."""
    (began_at, before), (at, rows) = (reached(event) for event in (first, says))
    seconds = (at - began_at).total_seconds()
    return f", {(rows - before) / seconds:,.0f}/s" if seconds > 0 else ""


def reached(says: Mapping[str, object]) -> tuple[datetime, int]:
    """When an event was, and how many rows were read by then."""
    return datetime.fromisoformat(str(says["at"])), int(str(says["rows_read"]))
