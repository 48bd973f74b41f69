"""What `codes publish` says: where a record went, how an import gets on, what the answer was."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ops.commands.printing import complain, print_fields, print_json
from ops.errands.publishing import GOOD_ENDS, OnProgress, Order, Sent
from ops.exits import Exit
from schemas.requests import ImportCommand
from schemas.topics import IMPORT

if TYPE_CHECKING:
    from ops.records import Fields

SAID_ANYWAY: Final = (0, False)
"""Figures are facts even when they are nothing; what is null or empty does not apply."""


def print_sent(sent: Sent, *, json_: bool) -> None:
    """The record's place."""
    place = {name: value for name, value in asdict(sent).items() if name != "answer"}
    if json_:
        print_json(place)
    else:
        typer.echo(f"sent {sent.request_id} to {sent.topic}, partition {sent.partition}, offset {sent.offset}")


def print_answer(sent: Sent, *, timeout_s: float, json_: bool) -> Exit:
    """The answer, and the exit code that it means."""
    if sent.answer is None:
        kind = "import" if sent.topic.endswith(IMPORT.name) else "request"
        complain(f"no answer in {timeout_s:g} s; it is sent, look again with: codes show {kind} {sent.request_id}")
        return Exit.TIMED_OUT
    if json_:
        print_json(dict(sent.answer))
    else:
        print_fields(applying(sent.answer))
    end = sent.answer.get("outcome") or sent.answer.get("state")
    return Exit.OK if end in GOOD_ENDS else Exit.FAILED


def applying(answer: "Fields") -> "Fields":
    """What is not null or empty."""
    return {name: value for name, value in answer.items() if value or value in SAID_ANYWAY}


@contextmanager
def import_progress(order: Order) -> Iterator[OnProgress]:
    """A bar on standard error at a terminal, plain lines elsewhere; nothing for a request, which takes a moment."""
    console = Console(stderr=True)
    if not isinstance(order, ImportCommand):
        yield lambda _: None
    elif not console.is_terminal:
        yield print_line
    else:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            yield bar_mover(progress, progress.add_task("waiting for the importer", total=None))


def bar_mover(progress: Progress, task: TaskID) -> OnProgress:
    """Moves the bar by bytes, and says how many codes are in."""

    def move(says: Mapping[str, object]) -> None:
        total, done = says.get("bytes_total"), says.get("bytes_read")
        progress.update(
            task,
            description=f"{says.get('inserted')} codes",
            total=total if isinstance(total, int) else None,
            completed=done if isinstance(done, int) else 0,
        )

    return move


def print_line(says: Mapping[str, object]) -> None:
    """One event as one line."""
    names = ("rows_read", "inserted", "duplicates", "rejected", "bytes_read", "bytes_total")
    typer.echo("import: " + " ".join(f"{name}={says.get(name)}" for name in names), err=True)
