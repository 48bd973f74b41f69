"""`codes migrate`: topics, collections, indexes and validators, as they should be.

Out:      what was changed, as a table or JSON; warnings where a person must act.
Promise:  may be run again and again, and by several at once; removes nothing.
"""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ops.exits import Exit

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

    from ops.migrate import migrate as run
    from ops.settings import load_settings
    from stores.mongo.migration import Change

    steps = asyncio.run(run(load_settings(), check=check))
    if json_:
        typer.echo(json.dumps(report(steps), indent=2))
    else:
        _print(steps, check=check)
    if check and any(isinstance(step, Change) for step in steps):
        raise typer.Exit(Exit.FAILED)


def report(steps: list["Step"]) -> dict[str, list[dict[str, str]]]:
    """`changes` (kind, name, what) and `warnings` (kind, name, why)."""
    from dataclasses import asdict

    from stores.mongo.migration import Change

    return {
        "changes": [asdict(step) for step in steps if isinstance(step, Change)],
        "warnings": [asdict(step) for step in steps if not isinstance(step, Change)],
    }


def _print(steps: list["Step"], *, check: bool) -> None:
    from rich.table import Table

    from ops.commands.printing import table_console

    told = report(steps)
    if told["changes"]:
        table = Table("kind", "name", "would be" if check else "is now", box=None, pad_edge=False)
        for change in told["changes"]:
            table.add_row(change["kind"], change["name"], change["what"])
        table_console().print(table)
    else:
        typer.echo("nothing to change")
    for warning in told["warnings"]:
        typer.echo(f"warning: {warning['kind']} {warning['name']}: {warning['why']}", err=True)
