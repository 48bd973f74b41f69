"""`codes show code`: a code's status and holder, and all that happened to it, by time.

Out:      the fields and a table, or one JSON object.
Promise:  a code's value is never an argument, and is printed only with `--reveal`.
"""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.commands.looking import look_up, print_history, records_reader
from cli.commands.printing import Json, complain, print_fields, print_json, wrong_usage
from ops.exit_codes import Exit

if TYPE_CHECKING:
    from schemas.documents import CodeDocument
    from stores.mongo.lookups import Lookups

CodeId = Annotated[str | None, typer.Argument(help="The code's id, not its value.", show_default=False)]
Campaign = Annotated[str | None, typer.Option("--campaign", help="Look up the code by its value, here only.")]
ByValue = Annotated[
    bool, typer.Option("--value", help="Look up the code by its value: asks for it, or reads it from a pipe.")
]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show the code's value.")]
ReadTopics = Annotated[bool, typer.Option("--topics", help="Also read the topics, which may take minutes.")]
History = Annotated[bool, typer.Option("--history/--no-history", help="Also show what happened to it.")]


def code(
    code_id: CodeId = None,
    *,
    value: ByValue = False,
    campaign: Campaign = None,
    reveal: Reveal = False,
    history: History = True,
    topics: ReadTopics = False,
    json_: Json = False,
) -> None:
    """Show a code's status, holder and history, by the code's id or by its value.

    The history reads every reservation and the whole ledger, which may take a while.
    """
    from cli.jobs import showing

    if (code_id is None) != (value or campaign is not None):
        raise wrong_usage("specify the code by its id, or by --value, which asks for the value")
    secret = "" if code_id is not None else _prompt_for_value()
    records = records_reader(topics)

    async def look(lookups: "Lookups") -> dict[str, Any] | None:
        found = await (lookups.code(code_id) if code_id is not None else _by_value(lookups, campaign, secret))
        return await showing.code(lookups, found, records, reveal=reveal, history=history)

    account = look_up(look, _subject(code_id, campaign))
    if json_:
        print_json(account)
    else:
        _print(account)


def _subject(code_id: str | None, campaign: str | None) -> str:
    if code_id is not None:
        return f"code {code_id}"
    return "code with this value" if campaign is None else f"code with this value in campaign {campaign}"


async def _by_value(lookups: "Lookups", campaign: str | None, secret: str) -> "CodeDocument | None":
    """Exits with code 1 and the campaigns' names if several have this value."""
    from stores.mongo.questions import codes_with_value

    if campaign is not None:
        return await lookups.code_by_value(campaign, secret)
    found = await codes_with_value(lookups.collections, secret)
    if len(found) > 1:
        names = ", ".join(sorted(code.campaign_id for code in found))
        complain(f"{len(found)} campaigns have a code with this value: {names}. Choose one with --campaign")
        raise typer.Exit(Exit.FAILED)
    return found[0] if found else None


def _print(account: dict[str, Any]) -> None:
    holder = account.pop("holder") or {}
    fields = {name: value for name, value in account.items() if name not in {"events", "is_complete"}}
    print_fields({**fields, **{f"holder {name}": field for name, field in holder.items()}})
    if "events" in account:
        typer.echo()
        print_history(account)


def _prompt_for_value() -> str:
    """Read the code from a hidden prompt, or from a pipe."""
    from getpass import getpass

    from cli.interrupts import interruptible

    if sys.stdin.isatty():
        with interruptible():
            return getpass("code: ").strip()
    return sys.stdin.readline().strip()
