"""What the commands of `codes campaigns` have in common: their arguments, and questions to the database."""

import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cli.commands.printing import complain
from ops.exit_codes import Exit

if TYPE_CHECKING:
    from stores.mongo.collections import Collections

T = TypeVar("T")
Account = dict[str, Any]

CampaignId = Annotated[str, typer.Argument(metavar="ID", help="The campaign's id.", show_default=False)]
By = Annotated[str | None, typer.Option("--by", help="Who asks; it is recorded.", show_default="$USER")]


def name_of(by: str | None) -> str:
    """Who asks."""
    return by or os.environ.get("USER") or "unknown"


def query(ask: "Callable[[Collections], Awaitable[T]]") -> T:
    """Ask the database of the settings."""
    from cli.interrupts import run
    from ops.settings.load import load_settings
    from stores.mongo.collections import open_collections

    async def answer() -> T:
        async with open_collections(load_settings().mongo) as collections:
            return await ask(collections)

    return run(answer())


def account_or_exit(campaign_id: str) -> Account:
    """The campaign; one line and exit code 1 if there is none."""
    from ops.campaigns.accounts import account_of
    from stores.mongo.campaign_desk import CampaignDesk

    found = query(lambda collections: CampaignDesk(collections).one(campaign_id))
    if found is None:
        complain(f"there is no campaign {campaign_id}; see codes campaigns list")
        raise typer.Exit(Exit.FAILED)
    return account_of(found)
