"""`codes show`: what the database holds about one campaign, code, reservation, request or import.

Out:      a table, or one JSON object.
Promise:  no code's value without `--reveal`. Exit code 1 and one line if there is no such thing.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.commands.imports import show as import_
from cli.commands.printing import complain, print_fields, print_json, table_console, wrong_usage
from ops.exit_codes import Exit

if TYPE_CHECKING:
    from schemas.documents import CodeDocument
    from stores.mongo.lookups import Lookups

Account = dict[str, Any]

app = typer.Typer(name="show", help="Look something up in the database.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command(epilog="Example: codes show campaign spring")
def campaign(campaign_id: Annotated[str, typer.Argument(show_default=False)], json_: Json = False) -> None:
    """Count a campaign's codes by type and status: the sum over its shards, and the shards."""
    from cli.jobs import showing

    account = _looked_up(lambda lookups: showing.campaign(lookups, campaign_id), f"campaign {campaign_id}")
    if json_:
        print_json(account)
        return
    _print_rows(account["counts"])
    typer.echo()
    _print_rows(account["shards"])


@app.command(
    epilog="Examples: codes show code 3f0c…; codes show code --campaign spring (asks for the value); "
    "codes show code --campaign spring < value.txt"
)
def code(
    code_id: Annotated[str | None, typer.Argument(show_default=False)] = None,
    *,
    campaign: Annotated[str | None, typer.Option("--campaign", help="Look by value in this campaign.")] = None,
    value: Annotated[
        str | None, typer.Option("--value", help="Better typed when asked: arguments are seen by others.")
    ] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show the code's value.")] = False,
    json_: Json = False,
) -> None:
    """Say a code's status and who holds it: by its id, or by its value within a campaign."""
    from cli.jobs import showing

    if (code_id is None) == (campaign is None) or (value is not None and campaign is None):
        raise wrong_usage("say which code: either its id, or --campaign and its value")
    secret = value or _asked_for_value() if campaign else ""

    async def find(lookups: "Lookups") -> "CodeDocument | None":
        return await (lookups.code_by_value(campaign, secret) if campaign else lookups.code(code_id or ""))

    async def look(lookups: "Lookups") -> Account | None:
        return await showing.code(lookups, await find(lookups), reveal=reveal)

    what = f"code of this value in campaign {campaign}" if campaign else f"code {code_id}"
    account = _looked_up(look, what)
    if json_:
        print_json(account)
        return
    holder = account.pop("holder")
    print_fields({**account, **({f"holder {name}": told for name, told in (holder or {}).items()})})


@app.command(epilog="Example: codes show reservation r-1")
def reservation(reservation_id: Annotated[str, typer.Argument(show_default=False)], json_: Json = False) -> None:
    """Say who holds or got which codes. A reservation's id is that of the request that made it."""
    from cli.jobs import showing

    _print_one(lambda lookups: showing.reservation(lookups, reservation_id), f"reservation {reservation_id}", json_)


@app.command(epilog="Example: codes show request r-1 --json")
def request(request_id: Annotated[str, typer.Argument(show_default=False)], json_: Json = False) -> None:
    """Say what was decided about a request, when, and which record it was (topic.partition@offset)."""
    from cli.jobs import showing

    _print_one(lambda lookups: showing.request(lookups, request_id), f"request {request_id} in the ledger", json_)


app.command("import", epilog="The same as codes imports show.")(import_)


def _asked_for_value() -> str:
    """The code, typed unseen, or from a pipe."""
    if sys.stdin.isatty():
        return str(typer.prompt("code", hide_input=True, err=True))
    return sys.stdin.readline().strip()


def _looked_up(look: "Callable[[Lookups], Awaitable[Account | None]]", what: str) -> Account:
    """The account, or one line and exit code 1."""
    import asyncio

    from ops.settings.load import load_settings
    from stores.mongo.collections import open_collections
    from stores.mongo.lookups import Lookups

    async def ask() -> Account | None:
        async with open_collections(load_settings().mongo) as collections:
            return await look(Lookups(collections))

    account = asyncio.run(ask())
    if account is None:
        complain(f"there is no {what}")
        raise typer.Exit(Exit.FAILED)
    return account


def _print_one(look: "Callable[[Lookups], Awaitable[Account | None]]", what: str, json_: bool) -> None:
    account = _looked_up(look, what)
    if json_:
        print_json(account)
    else:
        print_fields({name: value for name, value in account.items() if value not in (None, [])})


def _print_rows(rows: list[Account]) -> None:
    from rich.table import Table

    table = Table(*rows[0], box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    table_console().print(table)
