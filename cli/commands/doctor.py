"""`codes doctor`: examines everything that the service needs.

Out:      a table with a row for each check, then a line for each remedy; or one JSON object.
Promise:  changes nothing. Exit code 0 if nothing failed; 2 for a wrong setting, 3 if a part is unavailable, else 1.
"""

from typing import TYPE_CHECKING, Final

import typer

from cli.commands.printing import Json, print_json, table_console
from ops.exit_codes import Exit

if TYPE_CHECKING:
    from cli.jobs.doctor import Check

STYLES: Final = {"ok": "green", "note": "yellow", "failed": "red", "unavailable": "red"}


def doctor(json_: Json = False) -> None:
    """Check configuration, broker, topics, database, rights, buckets and clocks, and say what to do."""
    from dataclasses import asdict

    from cli.interrupts import run
    from cli.jobs.doctor import examine
    from ops.settings.load import load_settings

    checks = run(examine(load_settings()))
    if json_:
        print_json({"checks": [asdict(check) for check in checks]})
    else:
        _print(checks)
    raise typer.Exit(_code(checks))


def _code(checks: "list[Check]") -> Exit:
    states = {check.state for check in checks}
    if "unavailable" in states:
        return Exit.UNREACHABLE
    return Exit.FAILED if "failed" in states else Exit.OK


def _print(checks: "list[Check]") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("check", "state", "found", "what to do", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    for check in checks:
        cells = (check.subject, Text(check.state, style=STYLES[check.state]), check.detail, check.remedy or "")
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell, overflow="fold") for cell in cells))
    table_console().print(table)
