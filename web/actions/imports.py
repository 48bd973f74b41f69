"""Cancels and retries imports, and downloads their reject reports.

In:       a request of an actor, an import's id.
Out:      `ActionDone`; the report as CSV.
Promise:  what `codes imports cancel` and `retry` do, with the same checks. A report has no code.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from ops.imports.cancelling import is_known, request_cancellation, resend_if_unfinished
from ops.imports.reports import report_of
from ops.imports.retrying import NoSuchImport, retry_target
from ops.imports.unfinished import command_fields, resume_command, unfinished_import
from ops.publishing import Sending, default_key, publish
from schemas.clock import utc_now
from schemas.documents import ImportDocument
from schemas.errors import CodeServiceError
from schemas.requests import ImportCommand
from stores.mongo.collections import Collections
from stores.mongo.import_desk import ImportDesk
from web.actions.asking import confirmed, id_in
from web.actions.models import ActionDone, Confirmation
from web.actions.performing import Done, Intent, Performer
from web.actions.rights import NO_S3
from web.responses import answered

ImportWork = Callable[[Collections, str], Awaitable[Done]]


class ImportEnded(CodeServiceError):
    """Only an import that waits or runs can be cancelled."""


class ImportActions:
    """Handlers; they live as long as the application."""

    def __init__(self, performer: Performer) -> None:
        self._performer = performer

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        return answered(await self._on_import(request, "cancel_import", self._cancel))

    async def retry(self, request: web.Request) -> web.StreamResponse:
        return answered(await self._on_import(request, "retry_import", self._retry))

    async def report(self, request: web.Request) -> web.StreamResponse:
        """The report is a file: rows by line and reason."""
        content = b""

        async def read(collections: Collections, import_id: str) -> Done:
            nonlocal content
            content = await report_of(self._performer.settings, ImportDesk(collections), import_id)
            return Done(f"the report of import {import_id} was downloaded", {"bytes": len(content)})

        self._performer.rights.actor(request)
        self._performer.rights.needs(self._performer.settings.actions.s3, NO_S3)
        await self._on_import(request, "download_report", read)
        return web.Response(body=content, content_type="text/csv", headers={"Cache-Control": "no-store"})

    async def _on_import(self, request: web.Request, action: str, work: ImportWork) -> ActionDone:
        by, import_id = self._performer.rights.actor(request), id_in(request, "import_id")
        await confirmed(request, Confirmation, import_id)
        intent = Intent(by, action, import_id, await self._campaign_of(import_id))
        return await self._performer.perform(intent, lambda collections: work(collections, import_id))

    async def _campaign_of(self, import_id: str) -> str | None:
        """The campaign of an import; None if it has not started."""
        async with self._performer.database() as collections:
            found = await ImportDesk(collections).find(import_id)
        return None if found is None else found.campaign_id

    async def _cancel(self, collections: Collections, import_id: str) -> Done:
        desk, settings = ImportDesk(collections), self._performer.settings
        if not await is_known(settings, desk, import_id):
            raise NoSuchImport(f"there is no import {import_id}, and no command for it")
        found = await request_cancellation(desk, import_id, now=utc_now())
        if found is None:
            return Done(f"import {import_id} has not started; it will be cancelled when it starts")
        if found.state != "running":
            raise ImportEnded(f"import {import_id} has already ended: {found.state}")
        note = await self._end_if_interrupted(desk, found)
        return Done(f"import {import_id} stops at the end of the current chunk; imported codes stay{note}")

    async def _end_if_interrupted(self, desk: ImportDesk, found: ImportDocument) -> str:
        """The cancellation is already stored: a failure here is only mentioned."""
        try:
            is_sent = await resend_if_unfinished(self._performer.settings, desk, found)
        except CodeServiceError as why:
            return f"; whether an importer still runs it is unknown: {why}"
        return "; it was interrupted, and its command is sent again, so that it ends" if is_sent else ""

    async def _retry(self, collections: Collections, import_id: str) -> Done:
        settings, desk = self._performer.settings, ImportDesk(collections)
        unfinished = await unfinished_import(settings, desk, import_id)
        if unfinished is not None:
            command = resume_command(unfinished)
        else:
            document, next_id = await retry_target(desk, import_id)
            command = ImportCommand.model_validate({**command_fields(document), "request_id": next_id})
        await publish(settings, Sending(command), default_key(command))
        return Done(f"sent as import {command.request_id}", import_id=command.request_id)
