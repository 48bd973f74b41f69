"""`codes schemas publish`: the JSON Schemas of this version as subjects of a schema registry.

Out:      a table or JSON, one row per subject; what the registry says against a schema.
Promise:  idempotent. If one schema is incompatible, none is registered. `--check` and `--dry-run` change nothing.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.commands.printing import Json, complain, print_json, wrong_usage
from ops.exit_codes import Exit

if TYPE_CHECKING:
    from ops.registry.publishing import Verdict
    from ops.registry.subject import Subject
    from ops.settings.load import Settings

CHECK_HELP: Final = "Change nothing; exit code 1 if something would change, or the registry would refuse a schema."
DRY_RUN_HELP: Final = "Change nothing; exit code 1 only if the registry would refuse a schema."
ACCEPT_HELP: Final = "Also register this subject's schema if it is incompatible. May be repeated."
Accept = Annotated[list[str], typer.Option("--accept", metavar="SUBJECT", help=ACCEPT_HELP)]


def publish(
    *,
    check: Annotated[bool, typer.Option("--check", help=CHECK_HELP)] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=DRY_RUN_HELP)] = False,
    accept: Accept = [],  # noqa: B006  # typer copies it
    json_: Json = False,
) -> None:
    """Publish the JSON Schemas to the schema registry of CODES_REGISTRY__URL: one subject per topic.

    Requests are kept BACKWARD compatible, events FORWARD: docs/registry.md.
    """
    from cli.interrupts import run
    from ops.settings.load import load_settings

    settings, is_trial = load_settings(), check or dry_run
    subjects = _subjects(settings, accept)
    verdicts = run(_run(settings, subjects, accept, is_trial=is_trial))
    if json_:
        print_json({"registry": settings.registry.url, "subjects": [row(verdict) for verdict in verdicts]})
    else:
        _print(verdicts, is_trial=is_trial)
    if not is_trial and is_failure(verdicts, accept, check=False):
        complain("nothing is registered, because a schema is incompatible (--accept SUBJECT registers it)")
    if is_failure(verdicts, accept, check=check):
        raise typer.Exit(Exit.FAILED)


def _subjects(settings: "Settings", accepted: Sequence[str]) -> "list[Subject]":
    from interfaces.subjects import subjects
    from schemas.errors import SettingsInvalid

    if settings.registry.url is None:
        raise SettingsInvalid("CODES_REGISTRY__URL: the address of the schema registry is needed")
    found = subjects(settings.topics)
    unknown = sorted(set(accepted) - {subject.name for subject in found})
    if unknown:
        raise wrong_usage(f"--accept: there is no subject {unknown[0]}; codes schemas publish --dry-run lists them")
    return found


async def _run(
    settings: "Settings", subjects: "Sequence[Subject]", accepted: Sequence[str], *, is_trial: bool
) -> "list[Verdict]":
    from ops.registry.client import connected
    from ops.registry.publishing import compared, published

    async with connected(settings.registry) as registry:
        if is_trial:
            return await compared(registry, subjects)
        return await published(registry, subjects, accepted)


def is_failure(verdicts: "Sequence[Verdict]", accepted: Sequence[str], *, check: bool) -> bool:
    """Whether the command ends with exit code 1."""
    from ops.registry.publishing import is_refused

    would_change = check and not all(verdict.is_current for verdict in verdicts)
    return would_change or any(is_refused(verdict, accepted) for verdict in verdicts)


def row(verdict: "Verdict") -> dict[str, Any]:
    """A verdict with the names of docs/scripting.md."""
    found = verdict.registered
    return {
        "subject": verdict.subject.name,
        "state": verdict.state,
        "version": found and found.version,
        "schema_id": found and found.schema_id,
        "level": verdict.level,
        "level_wanted": verdict.subject.level,
        "changes": list(verdict.changes),
        "problems": list(verdict.problems),
    }


def _print(verdicts: "Sequence[Verdict]", *, is_trial: bool) -> None:
    from rich.table import Table

    from cli.commands.printing import table_console

    table = Table(
        "subject", "state", "version", "level", "would be" if is_trial else "is now", box=None, pad_edge=False
    )
    for verdict in verdicts:
        version = "-" if verdict.registered is None else str(verdict.registered.version)
        changes = pending(verdict) if is_trial else verdict.changes
        table.add_row(verdict.subject.name, verdict.state, version, verdict.level or "-", ", ".join(changes) or "-")
    table_console().print(table)
    problems = [(verdict.subject.name, problem) for verdict in verdicts for problem in verdict.problems]
    for name, problem in problems:
        complain(f"{name}: {problem}")
    if all(verdict.is_current and not verdict.changes for verdict in verdicts):
        typer.echo("nothing to change")


def pending(verdict: "Verdict") -> list[str]:
    """What a run without `--check` and `--dry-run` would do, if the registry lets it."""
    if verdict.state == "incompatible":
        return ["refused"]
    level = [] if verdict.level == verdict.subject.level else [f"level {verdict.subject.level}"]
    return level if verdict.state == "same" else ["registered", *level]
