"""Progress of an import, shown while a command waits for its end.

In:       the events of `imports.v1` with the state `running`.
Out:      on standard error: a progress bar in a terminal, otherwise one line per event.
Promise:  standard output has the end event only. Rows a second and the time left are those of the page and of
          `codes top`: by the bytes whose rows are written, over the last minute.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

from cli.jobs.importing import duration_text
from cli.jobs.publishing import OnProgress
from handlers.inventory.pace import Pace, Sample
from ops.publishing import Order
from schemas.requests import ImportCommand

if TYPE_CHECKING:
    from ops.broker.records import Fields

FIGURES: Final = ("rows_read", "inserted", "duplicates", "rejected", "bytes_read", "bytes_total")
WAITING: Final = "waiting for the importer"
BAR_WIDTH: Final = 20
"""Characters; with its figures, the bar fits on one line of a narrow terminal."""


@contextmanager
def import_progress(order: Order) -> Iterator[OnProgress]:
    """Show an import's progress events. Requests show none: they take a moment."""
    console = Console(stderr=True)
    if not isinstance(order, ImportCommand):
        yield lambda _: None
    elif not console.is_terminal:
        typer.echo(f"import: {WAITING}", err=True)
        yield Lines().print
    else:
        columns = (TextColumn("{task.description}"), BarColumn(BAR_WIDTH), DownloadColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            yield Bar(progress, progress.add_task(WAITING, total=None)).move


@dataclass(slots=True)
class Lines:
    """One line per event, with the pace that the events so far show."""

    pace: Pace = field(default_factory=Pace)

    def print(self, event: "Fields") -> None:
        """What is not known is left out."""
        rows_per_s, left_s = paced(self.pace, event)
        figures = {name: event.get(name) for name in FIGURES} | {"rows_per_s": rows_per_s, "left_s": left_s}
        shown = [f"{name}={value}" for name, value in figures.items() if value is not None]
        typer.echo("import: " + " ".join(shown), err=True)


@dataclass(slots=True)
class Bar:
    """A progress bar: moves by bytes, and shows the rows read, their rate and the time left."""

    progress: Progress
    task: TaskID
    pace: Pace = field(default_factory=Pace)

    def move(self, event: "Fields") -> None:
        total, done = event.get("bytes_total"), event.get("bytes_read")
        rows_per_s, left_s = paced(self.pace, event)
        rate = "" if rows_per_s is None else f", {rows_per_s:,.0f}/s"
        left = "" if left_s is None else f", {duration_text(left_s)} left"
        self.progress.update(
            self.task,
            description=f"{event.get('rows_read', 0):,} rows{rate}{left}",
            total=total if isinstance(total, int) else None,
            completed=done if isinstance(done, int) else 0,
        )


def paced(pace: Pace, event: "Fields") -> tuple[float | None, float | None]:
    """Rows a second and seconds left at an event; the time is the event's own."""
    at_s = datetime.fromisoformat(str(event["at"])).timestamp()
    rows, done, total = (int(str(event.get(name) or 0)) for name in ("rows_read", "bytes_read", "bytes_total"))
    pace.add(Sample(at_s, rows, done))
    return pace.rows_per_s(at_s), pace.left_s(at_s, total)
