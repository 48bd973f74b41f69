"""`codes show`: looks up one campaign, fan, code, reservation, request or import in the database.

Out:      a table, or one JSON object.
Promise:  no code's value without `--reveal`. Exit code 1 and one line if it does not exist.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.commands.imports import show as import_
from cli.commands.printing import Json, complain, print_fields, print_json, table_console, wrong_usage
from ops.exit_codes import Exit

if TYPE_CHECKING:
    from schemas.documents import CodeDocument
    from stores.mongo.lookups import Lookups

Account = dict[str, Any]

app = typer.Typer(
    name="show",
    help="Look up a campaign, fan, code, reservation, request or import in the database.",
    no_args_is_help=True,
)


CodeId = Annotated[str | None, typer.Argument(help="The code's id, not its value.", show_default=False)]
Campaign = Annotated[str | None, typer.Option("--campaign", help="Look up the code by its value in this campaign.")]
Value = Annotated[
    str | None,
    typer.Option("--value", help="The code's value; safer at the prompt, since other users can see arguments."),
]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show the code's value.")]


@app.command(epilog="Example: codes show campaign spring")
def campaign(
    campaign_id: Annotated[str, typer.Argument(show_default=False)],
    shards: Annotated[bool, typer.Option("--shards", help="Also show each shard; --json always has them.")] = False,
    json_: Json = False,
) -> None:
    """Show a campaign's codes by type and status; with --shards also the shards that they are the sum of."""
    from cli.jobs import showing

    account = _look_up(lambda lookups: showing.campaign(lookups, campaign_id), f"campaign {campaign_id}")
    if json_:
        print_json(account)
        return
    _print_rows(account["counts"])
    if shards:
        typer.echo()
        _print_rows(account["shards"])


@app.command(
    epilog="Examples: codes show code 3f0c…; codes show code --campaign spring (asks for the value); "
    "codes show code --campaign spring < value.txt"
)
def code(
    code_id: CodeId = None,
    *,
    campaign: Campaign = None,
    value: Value = None,
    reveal: Reveal = False,
    json_: Json = False,
) -> None:
    """Show a code's status and holder, by the code's id or by its value within a campaign."""
    from cli.jobs import showing

    if (code_id is None) == (campaign is None) or (value is not None and campaign is None):
        raise wrong_usage("specify the code by its id, or by --campaign and its value")
    secret = value or _prompt_for_value() if campaign else ""

    async def find(lookups: "Lookups") -> "CodeDocument | None":
        return await (lookups.code_by_value(campaign, secret) if campaign else lookups.code(code_id or ""))

    async def look(lookups: "Lookups") -> Account | None:
        return await showing.code(lookups, await find(lookups), reveal=reveal)

    subject = f"code with this value in campaign {campaign}" if campaign else f"code {code_id}"
    account = _look_up(look, subject)
    if json_:
        print_json(account)
        return
    holder = account.pop("holder")
    print_fields({**account, **({f"holder {name}": field for name, field in (holder or {}).items()})})


@app.command(epilog="Example: codes show reservation r-1")
def reservation(reservation_id: Annotated[str, typer.Argument(show_default=False)], json_: Json = False) -> None:
    """Show the fan and the codes of a reservation. Its id is the id of the request that created it."""
    from cli.jobs import showing

    _print_account(
        lambda lookups: showing.reservation(lookups, reservation_id), f"reservation {reservation_id}", json_
    )


@app.command(epilog="Example: codes show request r-1 --json")
def request(request_id: Annotated[str, typer.Argument(show_default=False)], json_: Json = False) -> None:
    """Show a request's result, and the record that it was decided for (topic.partition@offset)."""
    from cli.jobs import showing

    def dead_letter() -> str | None:
        from cli.interrupts import run
        from cli.jobs.explaining import dead_letter_of
        from ops.settings.load import load_settings

        return run(dead_letter_of(load_settings(), request_id))

    subject = f"request {request_id} in the ledger"
    _print_account(lambda lookups: showing.request(lookups, request_id), subject, json_, dead_letter)


@app.command(epilog="Examples: codes show fan fan-1; codes show fan fan-1 --campaign spring --json")
def fan(
    fan_id: Annotated[str, typer.Argument(show_default=False)],
    *,
    campaign: Annotated[str | None, typer.Option("--campaign", help="Only reservations in this campaign.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="Maximum number to list.")] = 20,
    json_: Json = False,
) -> None:
    """Show a fan's reservations in any state, the last changed first.

    Reads every reservation, which may take a while.
    """
    from cli.jobs import showing

    account = _look_up(
        lambda lookups: showing.fan(lookups.collections, fan_id, campaign, limit), f"reservation of fan {fan_id}"
    )
    if json_:
        print_json(account)
    else:
        _print_rows([{**row, "code_ids": " ".join(row["code_ids"])} for row in account["reservations"]])


app.command("import", epilog="The same as codes imports show.")(import_)


def _prompt_for_value() -> str:
    """Read the code from a hidden prompt, or from a pipe."""
    from getpass import getpass

    from cli.interrupts import interruptible

    if sys.stdin.isatty():
        with interruptible():
            return getpass("code: ").strip()
    return sys.stdin.readline().strip()


def _nothing_known() -> str | None:
    return None


def _look_up(
    look: "Callable[[Lookups], Awaitable[Account | None]]",
    subject: str,
    explain: "Callable[[], str | None]" = _nothing_known,
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


def _print_account(
    look: "Callable[[Lookups], Awaitable[Account | None]]",
    subject: str,
    json_: bool,
    explain: "Callable[[], str | None]" = _nothing_known,
) -> None:
    account = _look_up(look, subject, explain)
    if json_:
        print_json(account)
    else:
        print_fields({name: value for name, value in account.items() if value not in (None, [])})


def _print_rows(rows: list[Account]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name, value in rows[0].items():
        table.add_column(name, justify="right" if isinstance(value, int) else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(_cell, row.values()))
    table_console().print(table)


def _cell(value: object) -> str:
    """Numbers with thousands separated; nothing for what does not apply."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
