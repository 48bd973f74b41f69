"""Output of the commands: tables, fields, JSON, and error messages."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ops.exit_codes import Exit

if TYPE_CHECKING:
    from rich.console import Console

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

PIPED_WIDTH: Final = 200
"""Characters per line without a terminal: enough that `grep` finds whole names. `COLUMNS` sets another width."""


def table_console() -> "Console":
    """A console on standard output, as wide as `COLUMNS` or the terminal, or `PIPED_WIDTH` wide without both."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            """Handled as by everything else that writes to standard output, and not with exit code 1."""
            raise BrokenPipeError

    console = Output()
    is_wide = not console.is_terminal and not os.environ.get("COLUMNS", "").isdigit()
    return Output(width=PIPED_WIDTH) if is_wide else console


def print_fields(fields: Mapping[str, object]) -> None:
    """Print one name and value per line; a list has one line per item."""
    from rich.text import Text

    console, width = table_console(), max(map(len, fields), default=0) + 2
    for name, value in fields.items():
        values = value if isinstance(value, list | tuple) else [value]
        for label, item in zip([name, *[""] * len(values)], values, strict=False):
            console.print(Text.assemble((f"{label:<{width}}", "dim"), str(item)), soft_wrap=True)


def print_json(value: object) -> None:
    """Print one JSON object on one line."""
    import orjson

    typer.echo(orjson.dumps(value))


def complain(message: str) -> None:
    """Print one line on standard error."""
    typer.echo(f"codes: {message}", err=True)


def wrong_usage(message: str) -> typer.Exit:
    """Print the message, and return the exception to raise."""
    complain(message)
    return typer.Exit(Exit.USAGE)
