"""Questions of `codes imports` to the database and to Kafka.

In:       an import's id.
Out:      its document; how fast it goes; whether its command waits for the importer; the command, sent again for an
          import that was interrupted.
Promise:  exits only by errors: what is printed are warnings.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from cli.commands.printing import complain

if TYPE_CHECKING:
    from handlers.inventory.pace import Pace
    from schemas.documents import ImportDocument
    from stores.mongo.import_desk import ImportDesk

T = TypeVar("T")


def query(ask: "Callable[[ImportDesk], Awaitable[T]]") -> T:
    from cli.interrupts import run
    from ops.settings.load import load_settings
    from stores.mongo.collections import open_collections
    from stores.mongo.import_desk import ImportDesk

    async def answer() -> T:
        async with open_collections(load_settings().mongo) as collections:
            return await ask(ImportDesk(collections))

    return run(answer())


def ask_paces(documents: "Sequence[ImportDocument]") -> "Mapping[str, Pace]":
    """How fast the running ones of these imports go."""
    from cli.interrupts import run
    from cli.jobs.import_pace import paces_of
    from ops.settings.load import load_settings
    from schemas.clock import utc_now

    return run(paces_of(load_settings(), documents, utc_now()))


def why_not_found(import_id: str, *, is_cancelled: bool) -> str:
    """Whether its command is waiting, which only Kafka knows."""
    from cli.interrupts import run
    from ops.imports.unfinished import has_command
    from ops.settings.load import load_settings
    from schemas.errors import CodeServiceError

    note = "; it is cancelled, and will end as soon as it starts" if is_cancelled else ""
    try:
        is_waiting = run(has_command(load_settings(), import_id))
    except CodeServiceError as why:
        return f"import {import_id} has not started{note}; whether it was sent is unknown: {why}"
    if is_waiting:
        return f"import {import_id} has not started{note}; its command waits for an importer"
    return f"there is no import {import_id} yet{note}" if is_cancelled else f"there is no import {import_id}"


def unfinished_import(import_id: str) -> "ImportDocument | None":
    """The import, if its document has the state `running` but the importer has no command for it."""
    from ops.imports import unfinished
    from ops.settings.load import load_settings

    return query(lambda desk: unfinished.unfinished_import(load_settings(), desk, import_id))


def send_again_if_unfinished(document: "ImportDocument") -> None:
    """Resend the command, so that the import ends. The cancellation is already stored: a failure here only warns."""
    from ops.imports.cancelling import resend_if_unfinished
    from ops.settings.load import load_settings
    from schemas.errors import CodeServiceError

    try:
        is_sent = query(lambda desk: resend_if_unfinished(load_settings(), desk, document))
    except CodeServiceError as why:
        complain(f"cannot check whether the importer is still running import {document.id}: {why}; try again later")
        return
    if is_sent:
        complain(f"import {document.id} was interrupted; its command is sent again, so that it ends as cancelled")
