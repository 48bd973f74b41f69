"""`codes imports`: what became of imports, one stopped, one sent again; for campaign managers.

Out:      a table or one import's account, or one JSON object; what was asked for, on one line.
Promise:  exit code 0 if it is there or was done, 1 and one line if not. No code's value.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from cli.commands.printing import complain, print_fields, print_json, wrong_usage
from cli.commands.sending import ImportTimeoutS, ImportWait, Json, made, send
from ops.exit_codes import Exit

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
    *("bytes_read", "bytes_total", "started_at", "changed_at", "duration_s"),
)
"""Of an account, for people; `--json` has the importer's own fields too."""

app = typer.Typer(
    name="imports", help="See what became of imports; stop one, or send it again.", no_args_is_help=True
)

ImportId = Annotated[str, typer.Argument(metavar="ID", help="The import's id.", show_default=False)]


@app.command(
    "list", epilog="Examples: codes imports list --campaign spring; codes imports list --state failed --json"
)
def list_(
    *,
    campaign: Annotated[str | None, typer.Option("--campaign", help="Only this campaign's.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="Only running, completed or failed ones.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="At most so many.")] = 20,
    json_: Json = False,
) -> None:
    """List imports that have begun, the newest first."""
    from cli.commands.imports_table import print_table
    from cli.jobs.importing import account_of

    wanted = _state(state)

    async def look(desk: "ImportDesk") -> "tuple[list[ImportDocument], dict[str, datetime]]":
        found = await desk.latest(campaign_id=campaign, state=wanted, count_max=limit)
        running = [document.id for document in found if document.state == "running"]
        return found, dict(await desk.cancellations(running)) if running else {}

    found, asked = _at_desk(look)
    accounts = [account_of(document, asked.get(document.id), now=_now()) for document in found]
    if json_:
        print_json({"imports": accounts})
    elif accounts:
        print_table(accounts)
    else:
        complain("no such import has begun")


@app.command(epilog="Example: codes imports show i-1 --json")
def show(import_id: ImportId, json_: Json = False) -> None:
    """Say how far an import is, or how it ended and what to do about it."""
    from cli.jobs.importing import account_of

    async def look(desk: "ImportDesk") -> "tuple[ImportDocument | None, datetime | None]":
        return await desk.find(import_id), (await desk.cancellations([import_id])).get(import_id)

    found, asked_at = _at_desk(look)
    if found is None:
        note = "" if asked_at is None else " yet; it is cancelled, and will end so when it comes"
        complain(f"there is no import {import_id}{note}")
        raise typer.Exit(Exit.FAILED)
    account = account_of(found, asked_at, now=_now())
    if json_:
        print_json(account)
    else:
        print_fields({name: account[name] for name in SHOWN if account[name] is not None})


@app.command(epilog="Example: codes imports cancel i-1")
def cancel(import_id: ImportId, json_: Json = False) -> None:
    """Stop an import at the end of the chunk under way, or before it begins. What is in stays in, and is counted."""
    from cli.jobs.unfinished import is_quiet

    _check_id(import_id)

    async def ask(desk: "ImportDesk") -> "ImportDocument | None":
        found = await desk.find(import_id)
        if found is None or found.state == "running":
            await desk.cancel(import_id, now=_now())
        return found

    found = _at_desk(ask)
    will_stop = found is None or found.state == "running"
    if found is not None and is_quiet(found, now=_now()):
        _send_again_if_unfinished(found)
    if json_:
        print_json({"import_id": import_id, "state": found and found.state, "will_stop": will_stop})
    elif will_stop:
        typer.echo(_promised(import_id, has_begun=found is not None))
    if found is not None and not will_stop:
        end = found.state if found.reason is None else f"{found.state}, {found.reason}"
        complain(f"import {import_id} has ended already: {end}")
        raise typer.Exit(Exit.FAILED)


@app.command(epilog="Examples: codes imports retry i-1 --wait; codes imports retry i-1 --request-id i-1b")
def retry(
    import_id: ImportId,
    *,
    request_id: Annotated[
        str | None, typer.Option("--request-id", help="The new import's id.", show_default="ID:2, ID:3, …")
    ] = None,
    wait: ImportWait = False,
    timeout_s: ImportTimeoutS = 600.0,
    json_: Json = False,
) -> None:
    """Send an import that has ended once more, under a new id. Codes that are in already count as duplicates.

    One that nobody goes on with is sent under its own id, and goes on from where it was left.
    """
    from cli.jobs.retrying import command_again
    from cli.jobs.unfinished import fields_again, same_command
    from schemas.requests import ImportCommand

    if (unfinished := _unfinished(import_id)) is not None:
        complain(f"import {import_id} was left unfinished; it goes on under its own id")
        send(same_command(unfinished), None, wait, timeout_s, json_)
        return
    document, next_id = _at_desk(lambda desk: command_again(desk, import_id))
    send(made(ImportCommand, fields_again(document), request_id or next_id), None, wait, timeout_s, json_)


def _unfinished(import_id: str) -> "ImportDocument | None":
    """The import, if its document says that it runs and the importer has no command of it."""
    import asyncio

    from cli.jobs.unfinished import is_awaited, is_quiet
    from ops.settings.load import load_settings

    found = _at_desk(lambda desk: desk.find(import_id))
    if found is None or not is_quiet(found, now=_now()) or asyncio.run(is_awaited(load_settings(), import_id)):
        return None
    found = _at_desk(lambda desk: desk.find(import_id))  # it may have ended before its command was looked for
    return found if found is not None and found.state == "running" else None


def _send_again_if_unfinished(document: "ImportDocument") -> None:
    """So that it ends. The wish is written down already: Kafka being unavailable delays only this."""
    import asyncio

    from cli.jobs.publishing import default_key, publish
    from cli.jobs.unfinished import same_command
    from ops.settings.load import load_settings
    from schemas.errors import CodeServiceError

    try:
        if _unfinished(document.id) is None:
            return
        order = same_command(document)
        asyncio.run(publish(load_settings(), order, default_key(order)))
    except CodeServiceError as why:
        complain(f"whether the importer still has import {document.id} could not be seen: {why}; try again later")
    else:
        complain(f"import {document.id} was left unfinished; its command is sent again, so that it ends as cancelled")


def _promised(import_id: str, *, has_begun: bool) -> str:
    if has_begun:
        return f"import {import_id} stops at the end of the chunk under way; see codes imports show {import_id}"
    return f"import {import_id} has not begun; it will be cancelled when it comes"


def _state(state: str | None) -> "ImportState | None":
    from typing import get_args

    from schemas.events import ImportState

    states: tuple[ImportState, ...] = get_args(ImportState)
    if state is None:
        return None
    if state not in states:
        raise wrong_usage(f"--state must be one of {', '.join(states)}")
    return states[states.index(state)]


def _check_id(import_id: str) -> None:
    """A misspelt id would wait for ever for an import that cannot be."""
    from pydantic import TypeAdapter, ValidationError

    from schemas.base import SenderId

    try:
        TypeAdapter(SenderId).validate_python(import_id)
    except ValidationError:
        raise wrong_usage("ID must be an import's id: 1 to 110 characters of A-Z a-z 0-9 . _ : -") from None


def _at_desk(ask: "Callable[[ImportDesk], Awaitable[T]]") -> "T":
    """The answer of the database."""
    import asyncio

    from ops.settings.load import load_settings
    from stores.mongo.collections import open_collections
    from stores.mongo.import_desk import ImportDesk

    async def answer() -> "T":
        async with open_collections(load_settings().mongo) as collections:
            return await ask(ImportDesk(collections))

    return asyncio.run(answer())


def _now() -> "datetime":
    from datetime import UTC, datetime

    return datetime.now(UTC)
