"""The table of `codes imports list`.

In:       accounts of imports.
Out:      one row per import on standard output, figures right-aligned.
Promise:  ids are never truncated; each import is one line if the terminal is wide enough. The time left and the rows
          per second are written as in `codes top`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from cli.commands.printing import table_console
from cli.jobs.importing import duration_text, state_of
from cli.top.texts import duration

if TYPE_CHECKING:
    from cli.jobs.importing import Account

WIDE: Final = 132
"""Characters that all columns need. In a narrower terminal, columns that follow from others are left out."""
ONLY_WIDE: Final = frozenset({"rows", "duplicates", "started", "duration"})
TEXTS: Final = ("import", "campaign", "state")
TEXT_WIDTH_MIN: Final = 8
STARTED_LENGTH: Final = len("2026-11-24T02:00:00")


def print_table(accounts: "Sequence[Account]") -> None:
    """Print the table; in a narrow terminal without the columns in `ONLY_WIDE`."""
    from rich.table import Table

    console = table_console()
    left_out = ONLY_WIDE if console.width < WIDE else frozenset()
    rows = [{name: cell for name, cell in row_of(account).items() if name not in left_out} for account in accounts]
    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        if name in TEXTS:
            table.add_column(name, overflow="fold", min_width=TEXT_WIDTH_MIN)
        else:
            table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row.values())
    console.print(table)


def row_of(account: "Account") -> dict[str, str]:
    """The cells of an account, by column."""
    percent = account["progress_percent"]
    counts = {"rows": "rows_read", "inserted": "inserted", "duplicates": "duplicates", "rejected": "rejected"}
    return {
        "import": account["import_id"],
        "campaign": account["campaign_id"],
        "state": state_of(account),
        "progress": "-" if percent is None else f"{int(percent)} %",
        "left": duration(account["left_s"]),
        "rows/s": "-" if account["rows_per_s"] is None else f"{round(account['rows_per_s']):,}",
        **{name: f"{account[field]:,}" for name, field in counts.items()},
        "started": account["started_at"][:STARTED_LENGTH].replace("T", " "),
        "duration": duration_text(account["duration_s"]),
    }
