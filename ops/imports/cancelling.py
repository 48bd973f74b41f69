"""Cancels an import, whether or not it has started.

In:       an import's id, as typed by the user.
Out:      the request in `cancellations`; for an import that was interrupted, its command, sent again.
Promise:  imported codes stay. The request is stored before anything else is done.
"""

from datetime import datetime

from ops.imports.unfinished import has_command, resume_command, unfinished_import
from ops.publishing import Sending, default_key, publish
from ops.settings.load import Settings
from schemas.documents import ImportDocument
from stores.mongo.import_desk import ImportDesk


async def is_known(settings: Settings, desk: ImportDesk, import_id: str) -> bool:
    """Whether the import has started, or its command waits for the importer. Raises as `unfinished_import` does."""
    return await desk.find(import_id) is not None or await has_command(settings, import_id)


async def request_cancellation(desk: ImportDesk, import_id: str, *, now: datetime) -> ImportDocument | None:
    """The import as it was found; None if it has not started. One that has ended gets no request.

    Raises:
        StoreUnavailable: MongoDB gave no answer.
    """
    found = await desk.find(import_id)
    if found is None or found.state == "running":
        await desk.cancel(import_id, now=now)
    return found


async def resend_if_unfinished(settings: Settings, desk: ImportDesk, document: ImportDocument) -> bool:
    """Send the command of an interrupted import again, so that it ends. Raises as `unfinished_import` does."""
    if await unfinished_import(settings, desk, document.id) is None:
        return False
    command = resume_command(document)
    await publish(settings, Sending(command), default_key(command))
    return True
