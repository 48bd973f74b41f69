"""`codes campaigns`: lists, shows, closes and reopens campaigns; for campaign managers.

Out:      a table, the fields of one campaign, or one JSON object; one line for what was done.
Promise:  exit code 0 on success, 1 and one line otherwise. Never a code's value.
"""

from typing import Final

import typer

from cli.commands.campaigns_export import export
from cli.commands.campaigns_query import Account, By, CampaignId, account_or_exit, name_of, query
from cli.commands.campaigns_removal import archive, purge
from cli.commands.printing import Json, complain, print_fields, print_json, table_console
from schemas.clock import utc_now

COUNTS: Final = ("available", "reserved", "assigned", "total")
LOST: Final = "its document in the collection campaigns is lost: restore it, or the campaign cannot be closed"

app = typer.Typer(
    name="campaigns",
    help="List, show, close or reopen campaigns; export their codes; archive or purge them.",
    no_args_is_help=True,
)


@app.command("list", epilog="Example: codes campaigns list --json")
def list_(json_: Json = False) -> None:
    """List all campaigns with their counts, whether they are closed, and their last import."""
    from ops.campaigns.accounts import account_of
    from stores.mongo.campaign_desk import CampaignDesk

    accounts = [account_of(found) for found in query(lambda collections: CampaignDesk(collections).all())]
    if json_:
        print_json({"campaigns": accounts})
    elif accounts:
        _print_table(accounts)
    else:
        complain("there is no campaign: a campaign exists from its first import on")


@app.command(epilog="Example: codes campaigns show spring --json")
def show(campaign_id: CampaignId, json_: Json = False) -> None:
    """Show a campaign's state, its counts by type and status, and its last import."""
    account = account_or_exit(campaign_id)
    if json_:
        print_json(account)
    else:
        print_fields(lines_of(account))
    if not account["has_document"]:
        complain(f"campaign {campaign_id}: {LOST}")


@app.command(epilog="Example: codes campaigns close spring --by maria")
def close(campaign_id: CampaignId, by: By = None, json_: Json = False) -> None:
    """Give out no more codes: refuse reserves, assigns straight from stock, and imports.

    Holds can still be assigned and released. When the command has returned, no later request succeeds. Interrupted?
    Run it again.
    """
    from stores.mongo.closing import Closing

    query(lambda collections: Closing(collections).close(campaign_id, by=name_of(by), now=utc_now()))
    _print_done(campaign_id, "closed", json_)


@app.command(epilog="Example: codes campaigns reopen spring --by maria")
def reopen(campaign_id: CampaignId, by: By = None, json_: Json = False) -> None:
    """Give out codes of a closed campaign again. Within a second, all workers do."""
    from stores.mongo.closing import Closing

    query(lambda collections: Closing(collections).reopen(campaign_id, by=name_of(by)))
    _print_done(campaign_id, "open", json_)


app.command(
    epilog="Example: codes campaigns archive spring --to s3://exports/2026 --export-id spring-final --by maria"
)(archive)
app.command(epilog="Examples: codes campaigns purge trial; codes campaigns purge trial --confirm trial --by maria")(
    purge
)
app.command(
    epilog="Examples: codes campaigns export spring --to s3://exports/2026; "
    "codes campaigns export spring --to s3://exports --export-id spring-final --format parquet"
)(export)


def lines_of(account: Account) -> Account:
    """What people read of a campaign: thousands separated, nothing that does not apply."""
    last, removal = account["last_import"], account["removal"] or {}
    fields = {
        "campaign_id": account["campaign_id"],
        "state": account["state"],
        "closed_at": account["closed_at"],
        "closed_by": account["closed_by"] or None,
        **{status: f"{account[status]:,}" for status in COUNTS},
        **{
            f"total {row['code_type']}": f"{row['total']:,}"
            for row in account["counts"]
            if len(account["counts"]) > 1
        },
        "last_import": last and f"{last['import_id']}, {last['state']}, {last['changed_at']}",
        **{f"removal {name}": text_of(value) for name, value in removal.items()},
    }
    return {name: value for name, value in fields.items() if value is not None}


def text_of(value: object) -> object:
    """Numbers with thousands separated."""
    return f"{value:,}" if isinstance(value, int) else value


def of_types(counts: list[Account]) -> Account:
    """Totals by code type, if there are several types."""
    return {f"total {row['code_type']}": f"{row['total']:,}" for row in counts} if len(counts) > 1 else {}


def _print_done(campaign_id: str, state: str, json_: bool) -> None:
    account = account_or_exit(campaign_id)
    if json_:
        print_json(account)
        return
    counts = ", ".join(f"{status} {account[status]:,}" for status in COUNTS[:-1])
    typer.echo(f"campaign {campaign_id} is {state}: {counts}")


def _print_table(accounts: list[Account]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("campaign", "state"):
        table.add_column(name, overflow="fold")
    for name in COUNTS:
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("closed", "last import"):
        table.add_column(name, no_wrap=True)
    for account in accounts:
        last = account["last_import"]
        counts = [f"{account[status]:,}" for status in COUNTS]
        times = [account["closed_at"] or "-", "-" if last is None else last["changed_at"] or "-"]
        table.add_row(account["campaign_id"], account["state"], *counts, *times)
    table_console().print(table)
