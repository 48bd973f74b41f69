"""`codes show fan`: a fan's reservations, and all that happened to the fan, by time.

Out:      two tables, or one JSON object. Never a code's value.
"""

from typing import Annotated

import typer

from cli.commands.looking import look_up, print_history, print_rows, records_reader
from cli.commands.printing import Json, print_json

Campaign = Annotated[str | None, typer.Option("--campaign", help="Only what is about this campaign.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Maximum number of rows of each table.")]
ReadTopics = Annotated[bool, typer.Option("--topics", help="Also read the topics, which may take minutes.")]


def fan(
    fan_id: Annotated[str, typer.Argument(show_default=False)],
    *,
    campaign: Campaign = None,
    topics: ReadTopics = False,
    limit: Limit = 1_000,
    json_: Json = False,
) -> None:
    """Show a fan's reservations, the last changed first, and all requests and moves, by time.

    Reads every reservation and the whole ledger, which may take a while.
    """
    from cli.jobs import showing

    records = records_reader(topics)
    account = look_up(
        lambda lookups: showing.fan(lookups, fan_id, campaign, records, limit),
        f"reservation or request of fan {fan_id}",
    )
    if json_:
        print_json(account)
        return
    if account["reservations"]:
        print_rows([{**row, "code_ids": " ".join(row["code_ids"])} for row in account["reservations"]])
        typer.echo()
    print_history(account)
