"""`codes migrate`: creates or updates topics, collections, indexes and validators, and shards collections.

Out:      the changes, as a table or JSON; warnings that need a person; what the server refused; with `--check` also
          settings that weaken the promise.
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

CHECK_HELP: Final = (
    "Change nothing; report what would change, and settings that weaken the promise. Exit code 1 if something would "
    "change, or a setting breaks the promise."
)
SHARD_HELP: Final = "Also shard codes, reservations and requests; the address must be that of a router (mongos)."

if TYPE_CHECKING:
    from ops.settings.load import Settings
    from schemas.findings import Finding
    from stores.mongo.migration import Step


def migrate(
    check: Annotated[bool, typer.Option("--check", help=CHECK_HELP)] = False,
    shard: Annotated[bool, typer.Option("--shard", help=SHARD_HELP)] = False,
    json_: Json = False,
) -> None:
    """Create or update Kafka's topics and MongoDB's collections, indexes and validators."""
    from cli.interrupts import run
    from ops.settings.load import load_settings

    steps, findings = run(_run(load_settings(), check=check, shard=shard))
    if json_:
        typer.echo(json.dumps(report(steps) | ({"findings": rows(findings)} if check else {}), indent=2))
    else:
        _print(steps, check=check)
        _print_findings(findings)
    if is_failure(steps, findings, check=check):
        raise typer.Exit(Exit.FAILED)


async def _run(settings: "Settings", *, check: bool, shard: bool) -> tuple[list["Step"], list["Finding"]]:
    from ops.broker.migrate import migrate as run
    from ops.weaknesses.check import findings

    steps = await run(settings, check=check, shard=shard)
    return steps, await findings(settings) if check else []


def is_failure(steps: list["Step"], findings: list["Finding"], *, check: bool) -> bool:
    """Whether the command ends with exit code 1."""
    from stores.mongo.migration import Change, Refused

    fails = (Change, Refused) if check else (Refused,)
    return any(isinstance(step, fails) for step in steps) or any(
        finding.severity == "breaks the promise" for finding in findings
    )


def rows(findings: list["Finding"]) -> list[dict[str, str]]:
    """`severity`, `kind`, `name`, `setting`, `value`, `why`, `remedy`."""
    from dataclasses import asdict

    return [asdict(finding) for finding in findings]


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
    from stores.mongo.sharding import SHARDING

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
    if any(step["kind"] != SHARDING for step in by_kind["refused"]):
        typer.echo(HINT, err=True)


def _print_findings(findings: list["Finding"]) -> None:
    """Print each finding in two lines: what is set where, then why it matters and what to set."""
    for found in findings:
        typer.echo(f"{found.severity}: {found.kind} {found.name}: {found.setting} is {found.value}")
        typer.echo(f"    {found.why}. Set: {found.remedy}.")
