"""`codes migrate`: creates or updates topics, collections, indexes and validators.

Out:      the changes, as a table or JSON; warnings that need a person; what the server refused.
Promise:  idempotent, and safe to run concurrently; removes nothing.
"""

import json
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.commands.printing import Json
from ops.exit_codes import Exit

HINT: Final = (
    "The user needs the privilege collMod (role dbAdmin); if the server does not support validators, "
    "set CODES_MONGO__VALIDATORS=optional."
)

if TYPE_CHECKING:
    from stores.mongo.migration import Step


def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit code 1 if something would change.")
    ] = False,
    json_: Json = False,
) -> None:
    """Create or update Kafka's topics and MongoDB's collections, indexes and validators."""
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

    by_kind = report(steps)
    if by_kind["changes"]:
        table = Table("kind", "name", "would be" if check else "is now", box=None, pad_edge=False)
        for change in by_kind["changes"]:
            table.add_row(change["kind"], change["name"], change["what"])
        table_console().print(table)
    else:
        typer.echo("nothing to change")
    for label, found in (("warning", by_kind["warnings"]), ("refused", by_kind["refused"])):
        for step in found:
            typer.echo(f"{label}: {step['kind']} {step['name']}: {step['why']}", err=True)
    if by_kind["refused"]:
        typer.echo(HINT, err=True)
