"""Where commands print their tables."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH: Final = 200
"""Characters of a line where there is no terminal to ask: enough that `grep` finds whole names."""


def table_console() -> "Console":
    """Standard output, as wide as the terminal, or wide where there is none."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=PIPED_WIDTH)
