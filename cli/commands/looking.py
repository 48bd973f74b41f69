"""What `codes show` and its like share: one look into the database, and tables of what was found.

Promise:  exit code 1 and one line on standard error if there is no such thing.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import typer

from cli.commands.printing import complain, print_fields, print_json, table_console
from ops.exit_codes import Exit

if TYPE_CHECKING:
    from cli.jobs.showing import Records
    from stores.mongo.lookups import Lookups

Account = dict[str, Any]


def nothing_known() -> str | None:
    return None


def look_up(
    look: "Callable[[Lookups], Awaitable[Account | None]]",
    subject: str,
    explain: "Callable[[], str | None]" = nothing_known,
) -> Account:
    """The account; prints one line and exits with code 1 if there is none. `explain` may know why."""
    from cli.interrupts import run
    from ops.settings.load import load_settings
    from stores.mongo.collections import open_collections
    from stores.mongo.lookups import Lookups

    async def ask() -> Account | None:
        async with open_collections(load_settings().mongo) as collections:
            return await look(Lookups(collections))

    account = run(ask())
    if account is None:
        why = explain()
        complain(f"there is no {subject}" if why is None else f"there is no {subject}; {why}")
        raise typer.Exit(Exit.FAILED)
    return account


def print_account(
    look: "Callable[[Lookups], Awaitable[Account | None]]",
    subject: str,
    json_: bool,
    explain: "Callable[[], str | None]" = nothing_known,
) -> None:
    account = look_up(look, subject, explain)
    if json_:
        print_json(account)
    else:
        print_fields({name: value for name, value in account.items() if value not in (None, [])})


def records_reader(is_wanted: bool) -> "Records | None":
    """What reads the topics for a history, if that is wanted."""
    if not is_wanted:
        return None
    from functools import partial

    from cli.jobs.topic_history import records_about
    from ops.settings.load import load_settings

    return partial(records_about, load_settings())


def print_history(account: Account) -> None:
    """The events, by time. A column that nothing fills is left out."""
    rows = [{**event, "code_ids": " ".join(event["code_ids"])} for event in account["events"]]
    used = [name for name in rows[0] if any(row[name] for row in rows)] if rows else []
    if rows:
        print_rows([{name: row[name] or None for name in used} for row in rows])
    if not account["is_complete"]:
        complain("this is not everything: there is more than is listed")


def print_rows(rows: list[Account]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name, value in rows[0].items():
        table.add_column(name, justify="right" if isinstance(value, int) else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(cell, row.values()))
    table_console().print(table)


def cell(value: object) -> str:
    """Numbers with thousands separated; nothing for what does not apply."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
