"""The table of `codes imports list`.

In:       accounts of imports.
Out:      a line each on standard output, figures to the right.
Promise:  every id can be read in full, and each import stands on one line where the terminal is wide enough.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from cli.commands.printing import table_console
from cli.jobs.importing import duration_text, state_of

if TYPE_CHECKING:
    from cli.jobs.importing import Account

WIDE: Final = 120
"""Characters from which on all columns fit; with fewer, those that the others imply are left out."""
ONLY_WIDE: Final = frozenset({"rows", "started", "duration"})
TEXTS: Final = ("import", "campaign", "state")
TEXT_WIDTH_MIN: Final = 8
STARTED_LENGTH: Final = len("2026-11-24T02:00:00")


def print_table(accounts: "Sequence[Account]") -> None:
    """Print them; in a narrow terminal without the columns of `ONLY_WIDE`."""
    from rich.table import Table

    console = table_console()
    left_out = ONLY_WIDE if console.width < WIDE else frozenset()
    lines = [{name: told for name, told in line_of(one).items() if name not in left_out} for one in accounts]
    table = Table(box=None, pad_edge=False)
    for name in lines[0]:
        if name in TEXTS:
            table.add_column(name, overflow="fold", min_width=TEXT_WIDTH_MIN)
        else:
            table.add_column(name, justify="right", no_wrap=True)
    for line in lines:
        table.add_row(*line.values())
    console.print(table)


def line_of(account: "Account") -> dict[str, str]:
    """An account by column."""
    percent = account["progress_percent"]
    counts = {"rows": "rows_read", "inserted": "inserted", "duplicates": "duplicates", "rejected": "rejected"}
    return {
        "import": account["import_id"],
        "campaign": account["campaign_id"],
        "state": state_of(account),
        "progress": "-" if percent is None else f"{int(percent)} %",
        **{name: f"{account[field]:,}" for name, field in counts.items()},
        "started": account["started_at"][:STARTED_LENGTH].replace("T", " "),
        "duration": duration_text(account["duration_s"]),
    }
