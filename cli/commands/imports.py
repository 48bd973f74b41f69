"""`codes imports`: lists, shows, cancels and retries imports; for campaign managers.

Out:      a table, the fields of one import, or one JSON object; one line for what was requested.
Promise:  exit code 0 on success, 1 and one line otherwise. Never a code's value.
"""

from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from cli.commands.imports_asking import (
    ask_paces,
    query,
    send_again_if_unfinished,
    unfinished_import,
    why_not_found,
)
from cli.commands.imports_dry_run import dry_run
from cli.commands.printing import Json, complain, print_fields, print_json, wrong_usage
from cli.commands.sending import ImportTimeoutS, ImportWait, request_from_options, send
from ops.exit_codes import Exit
from schemas.clock import utc_now

if TYPE_CHECKING:
    from datetime import datetime

    from schemas.documents import ImportDocument
    from schemas.events import ImportState
    from stores.mongo.import_desk import ImportDesk

    T = TypeVar("T")

SHOWN: Final = (
    *("import_id", "campaign_id", "code_type", "object", "version_id"),
    *("state", "reason", "remedy", "cancel_asked_at", "progress_percent"),
    *("rows_read", "inserted", "duplicates", "duplicates_in_file", "duplicates_in_campaign", "rejected", "report"),
    *("bytes_read", "bytes_total", "started_at", "changed_at", "duration_s", "rows_per_s", "left_s"),
)
"""Fields shown to people; `--json` also has the importer's internal fields."""

app = typer.Typer(
    name="imports", help="List, show, cancel or retry imports; try one without changes.", no_args_is_help=True
)

ImportId = Annotated[str, typer.Argument(metavar="ID", help="The import's id.", show_default=False)]
Campaign = Annotated[str | None, typer.Option("--campaign", help="Only imports into this campaign.")]
State = Annotated[
    str | None,
    typer.Option(
        "--state",
        help="Only imports in this state: running, completed or failed.",
        autocompletion=lambda: ["running", "completed", "failed"],
    ),
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1_000, help="Maximum number of imports to list.")]


@app.command(
    "list", epilog="Examples: codes imports list --campaign spring; codes imports list --state failed --json"
)
def list_(
    *,
    campaign: Campaign = None,
    state: State = None,
    limit: Limit = 20,
    json_: Json = False,
) -> None:
    """List imports that have started, newest first."""
    from cli.commands.imports_table import print_table
    from cli.jobs.importing import account_of

    wanted = _checked_state(state)

    async def look(desk: "ImportDesk") -> "tuple[list[ImportDocument], dict[str, datetime]]":
        found = await desk.latest(campaign_id=campaign, state=wanted, count_max=limit)
        running = [document.id for document in found if document.state == "running"]
        return found, dict(await desk.cancellations(running)) if running else {}

    found, cancelled_at = query(look)
    paces, now = ask_paces(found), utc_now()
    accounts = [
        account_of(document, cancelled_at.get(document.id), now=now, pace=paces.get(document.id))
        for document in found
    ]
    if json_:
        print_json({"imports": accounts})
    elif accounts:
        print_table(accounts)
    else:
        complain("no matching import has started")


@app.command(epilog="Example: codes imports show i-1 --json")
def show(import_id: ImportId, json_: Json = False) -> None:
    """Show an import's progress, or how it ended and what to do about it."""
    from cli.jobs.importing import account_of

    async def look(desk: "ImportDesk") -> "tuple[ImportDocument | None, datetime | None]":
        return await desk.find(import_id), (await desk.cancellations([import_id])).get(import_id)

    found, cancelled_at = query(look)
    if found is None:
        complain(why_not_found(import_id, is_cancelled=cancelled_at is not None))
        raise typer.Exit(Exit.FAILED)
    account = account_of(found, cancelled_at, now=utc_now(), pace=ask_paces([found]).get(found.id))
    if json_:
        print_json(account)
    else:
        print_fields({name: account[name] for name in SHOWN if account[name] is not None})


@app.command(epilog="Examples: codes imports cancel i-1; codes imports cancel i-2 --force")
def cancel(
    import_id: ImportId,
    force: Annotated[
        bool, typer.Option("--force", help="Also record the cancellation of an import whose command is not sent yet.")
    ] = False,
    json_: Json = False,
) -> None:
    """Stop an import at the end of the current chunk, or before it starts. Imported codes stay, and are counted."""
    from ops.imports.cancelling import request_cancellation
    from ops.imports.unfinished import is_quiet

    _check_id(import_id)
    if not force:
        _check_known(import_id)

    found = query(lambda desk: request_cancellation(desk, import_id, now=utc_now()))
    will_stop = found is None or found.state == "running"
    if found is not None and is_quiet(found, now=utc_now()):
        send_again_if_unfinished(found)
    if json_:
        print_json({"import_id": import_id, "state": found and found.state, "will_stop": will_stop})
    elif will_stop:
        typer.echo(_confirmation(import_id, has_begun=found is not None))
    if found is not None and not will_stop:
        end = found.state if found.reason is None else f"{found.state}, {found.reason}"
        complain(f"import {import_id} has already ended: {end}")
        raise typer.Exit(Exit.FAILED)


@app.command(epilog="Examples: codes imports retry i-1 --wait; codes imports retry i-1 --request-id i-1b")
def retry(
    import_id: ImportId,
    *,
    request_id: Annotated[
        str | None, typer.Option("--request-id", help="Id of the new import.", show_default="ID:2, ID:3, …")
    ] = None,
    wait: ImportWait = False,
    timeout_s: ImportTimeoutS = 600.0,
    json_: Json = False,
) -> None:
    """Retry an import that has ended, under a new id. Codes that are already imported count as duplicates.

    An import that was interrupted, and whose command is gone, is sent under its own id and resumes where it stopped.
    """
    from ops.imports.retrying import retry_target
    from ops.imports.unfinished import command_fields, resume_command
    from schemas.requests import ImportCommand

    if (unfinished := unfinished_import(import_id)) is not None:
        complain(f"import {import_id} was interrupted; it resumes under its own id")
        send(resume_command(unfinished), None, wait, timeout_s, json_)
        return
    document, next_id = query(lambda desk: retry_target(desk, import_id))
    command = request_from_options(ImportCommand, command_fields(document), request_id or next_id)
    send(command, None, wait, timeout_s, json_)


app.command(
    "dry-run",
    epilog="Examples: codes imports dry-run spring.csv --campaign spring; "
    "codes imports dry-run s3://codes/spring.csv --campaign spring --json",
)(dry_run)


def _confirmation(import_id: str, *, has_begun: bool) -> str:
    if has_begun:
        return f"import {import_id} stops at the end of the current chunk; see codes imports show {import_id}"
    return f"import {import_id} has not started; it will be cancelled when it starts"


def _checked_state(state: str | None) -> "ImportState | None":
    from typing import get_args

    from schemas.events import ImportState

    states: tuple[ImportState, ...] = get_args(ImportState)
    if state is None:
        return None
    if state not in states:
        raise wrong_usage(f"--state must be one of {', '.join(states)}")
    return states[states.index(state)]


def _check_known(import_id: str) -> None:
    from ops.imports.cancelling import is_known
    from ops.settings.load import load_settings

    if not query(lambda desk: is_known(load_settings(), desk, import_id)):
        complain(f"there is no import {import_id}, and no command for it; to record the cancellation anyway: --force")
        raise typer.Exit(Exit.FAILED)


def _check_id(import_id: str) -> None:
    """A cancellation of an invalid id would wait forever for an import that cannot exist."""
    from pydantic import TypeAdapter, ValidationError

    from schemas.base import SenderId

    try:
        TypeAdapter(SenderId).validate_python(import_id)
    except ValidationError:
        raise wrong_usage("ID must be an import's id: 1 to 110 characters of A-Z a-z 0-9 . _ : -") from None
