"""Where commands print their tables, and how they complain of wrong usage."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import typer

from ops.exit_codes import Exit

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH: Final = 200
"""Characters of a line where there is no terminal to ask: enough that `grep` finds whole names."""


def table_console() -> "Console":
    """Standard output, as wide as the terminal, or wide where there is none."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=PIPED_WIDTH)


def print_fields(fields: Mapping[str, object]) -> None:
    """Names and values, one a line; several values of one name under each other."""
    from rich.text import Text

    console, width = table_console(), max(map(len, fields), default=0) + 2
    for name, value in fields.items():
        values = value if isinstance(value, list | tuple) else [value]
        for label, one in zip([name, *[""] * len(values)], values, strict=False):
            console.print(Text.assemble((f"{label:<{width}}", "dim"), str(one)), soft_wrap=True)


def print_json(value: object) -> None:
    """One JSON object on one line, instants as text."""
    import orjson

    typer.echo(orjson.dumps(value))


def complain(what: str) -> None:
    """One line on standard error."""
    typer.echo(f"codes: {what}", err=True)


def wrong_usage(what: str) -> typer.Exit:
    """Say on one line what is wrong with the arguments; to be raised."""
    complain(what)
    return typer.Exit(Exit.USAGE)
