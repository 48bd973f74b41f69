"""`codes migrate`: topics, collections, indexes and validators, as they should be.

Out:      what was changed, as a table or JSON; warnings where a person must act; what the server refused.
Promise:  may be run again and again, and by several at once; removes nothing.
"""

import json
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ops.exit_codes import Exit

HINT: Final = (
    "The user needs the right collMod (the role dbAdmin); where the server takes no validators, "
    "CODES_MONGO__VALIDATORS=optional accepts that."
)

if TYPE_CHECKING:
    from stores.mongo.migration import Step


def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit code 1 if something would change.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Make or adapt Kafka's topics and MongoDB's collections, indexes and validators."""
    import asyncio

    from ops.broker.migrate import migrate as run
    from ops.settings.load import load_settings
    from stores.mongo.migration import Change, Refused

    steps = asyncio.run(run(load_settings(), check=check))
    if json_:
        typer.echo(json.dumps(report(steps), indent=2))
    else:
        _print(steps, check=check)
    fails = (Change, Refused) if check else (Refused,)
    if any(isinstance(step, fails) for step in steps):
        raise typer.Exit(Exit.FAILED)


def report(steps: list["Step"]) -> dict[str, list[dict[str, str]]]:
    """`changes` (kind, name, what), `warnings` and `refused` (kind, name, why)."""
    from dataclasses import asdict

    from stores.mongo.migration import Change, Refused, Warned

    return {
        "changes": [asdict(step) for step in steps if isinstance(step, Change)],
        "warnings": [asdict(step) for step in steps if isinstance(step, Warned)],
        "refused": [asdict(step) for step in steps if isinstance(step, Refused)],
    }


def _print(steps: list["Step"], *, check: bool) -> None:
    from rich.table import Table

    from cli.commands.printing import table_console

    told = report(steps)
    if told["changes"]:
        table = Table("kind", "name", "would be" if check else "is now", box=None, pad_edge=False)
        for change in told["changes"]:
            table.add_row(change["kind"], change["name"], change["what"])
        table_console().print(table)
    else:
        typer.echo("nothing to change")
    for sign, found in (("warning", told["warnings"]), ("refused", told["refused"])):
        for step in found:
            typer.echo(f"{sign}: {step['kind']} {step['name']}: {step['why']}", err=True)
    if told["refused"]:
        typer.echo(HINT, err=True)
