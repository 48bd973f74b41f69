"""`codes actions`: lists what people did, from the audit records; for operators.

Out:      a table, or one JSON object per line; the latest first.
Promise:  read page by page, so a list of any length needs no memory. Never a code's value or a token.
"""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.commands.dead_letters_options import Since, Until, instant_of
from cli.commands.printing import Json, complain, print_json, table_console

if TYPE_CHECKING:
    from datetime import datetime

    from stores.mongo.audit_list import AuditEntry, AuditFilter

COLUMNS: Final = ("at", "by", "action", "subject", "campaign", "outcome")
ENDED: Final = "complete"
OPEN: Final = "unknown"

app = typer.Typer(
    name="actions",
    help="List what people did: actions on the page, purges, erasures.",
    no_args_is_help=True,
)

By = Annotated[str | None, typer.Option("--by", help="Only what this person did.")]
Actions = Annotated[
    list[str] | None,
    typer.Option("--action", help="Only this action, such as close_campaign; may be repeated."),
]
Subject = Annotated[str | None, typer.Option("--subject", help="Only actions on this import, campaign or reason.")]
Campaign = Annotated[str | None, typer.Option("--campaign", help="Only actions on this campaign and its imports.")]
Max = Annotated[int, typer.Option("--max", min=1, max=1_000_000, help="Maximum number of actions to list.")]


@app.callback()
def _actions() -> None:
    """Keeps `list` a command of its own, although it is the only one."""


@app.command(
    "list",
    epilog="Examples: codes actions list --since 7d --by maria; "
    "codes actions list --action close_campaign --action purge_campaign --json",
)
def list_(
    *,
    by: By = None,
    action: Actions = None,
    subject: Subject = None,
    campaign: Campaign = None,
    since: Since = None,
    until: Until = None,
    max_: Max = 100,
    json_: Json = False,
) -> None:
    """List actions, the latest first: who did what to what, when, and the outcome."""
    from cli.interrupts import run
    from stores.mongo.audit_list import AuditFilter

    wanted = AuditFilter(by, action or (), subject, campaign, _time("--since", since), _time("--until", until))
    entries = run(_listed(wanted, max_, as_lines=json_))
    if json_:
        return
    if not entries:
        complain("there is no such action")
        return
    _print_table(entries)


async def _listed(wanted: "AuditFilter", count: int, *, as_lines: bool) -> "list[AuditEntry]":
    """The entries; as lines, each is printed when it is read, and none is kept."""
    from contextlib import aclosing

    from ops.settings.load import load_settings
    from stores.mongo.audit_list import AuditList
    from stores.mongo.collections import open_collections

    entries: list[AuditEntry] = []
    async with (
        open_collections(load_settings().mongo) as collections,
        aclosing(AuditList(collections).all(wanted, count)) as found,
    ):
        async for entry in found:
            if as_lines:
                print_json(entry.model_dump(mode="json"))
            else:
                entries.append(entry)
    return entries


def _time(option: str, typed: str | None) -> "datetime | None":
    from datetime import UTC, datetime

    milliseconds = instant_of(option, typed)
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1_000, UTC)


def _print_table(entries: "list[AuditEntry]") -> None:
    from rich.table import Table

    from schemas.base import rfc3339

    table = Table(box=None, pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, overflow="fold", no_wrap=name == "at")
    for entry in entries:
        outcome = entry.outcome or (ENDED if entry.ended_at else OPEN)
        table.add_row(rfc3339(entry.at), entry.by, entry.action, entry.subject, entry.campaign_id or "-", outcome)
    table_console().print(table)
