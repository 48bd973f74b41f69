"""`codes show`: looks up one campaign, fan, code, reservation, request or import in the database.

Out:      a table, or one JSON object.
Promise:  no code's value without `--reveal`. Exit code 1 and one line if it does not exist.
"""

from typing import Annotated

import typer

from cli.commands.imports import show as import_
from cli.commands.looking import look_up, print_account, print_rows
from cli.commands.printing import Json, print_json
from cli.commands.show_code import code
from cli.commands.show_fan import fan

app = typer.Typer(
    name="show",
    help="Look up a campaign, fan, code, reservation, request or import in the database.",
    no_args_is_help=True,
)


@app.command(epilog="Example: codes show campaign spring")
def campaign(
    campaign_id: Annotated[str, typer.Argument(show_default=False)],
    shards: Annotated[bool, typer.Option("--shards", help="Also show each shard; --json always has them.")] = False,
    json_: Json = False,
) -> None:
    """Show a campaign's codes by type and status; with --shards also the shards that they are the sum of."""
    from cli.jobs import showing

    account = look_up(lambda lookups: showing.campaign(lookups, campaign_id), f"campaign {campaign_id}")
    if json_:
        print_json(account)
        return
    print_rows(account["counts"])
    if shards:
        typer.echo()
        print_rows(account["shards"])


@app.command(epilog="Example: codes show reservation r-1")
def reservation(reservation_id: Annotated[str, typer.Argument(show_default=False)], json_: Json = False) -> None:
    """Show the fan and the codes of a reservation. Its id is the id of the request that created it."""
    from cli.jobs import showing

    print_account(
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
    print_account(lambda lookups: showing.request(lookups, request_id), subject, json_, dead_letter)


app.command(
    epilog="Examples: codes show code 3f0c…; codes show code --value (asks for it); "
    "codes show code --value --campaign spring < value.txt"
)(code)
app.command(epilog="Examples: codes show fan fan-1; codes show fan fan-1 --campaign spring --topics --json")(fan)
app.command("import", epilog="The same as codes imports show.")(import_)
