"""Uploads files of codes: first a preview, then the import of the very same file.

In:       a request of an actor, the bytes of a CSV file, plain or compressed.
Out:      `Preview`; `ActionDone` with the import that was sent.
Promise:  a preview writes nothing. A code is in no answer, and in no log. One file at a time is in memory, and while
          it is read the live streams go on.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from aiohttp import web

from ops.imports.forecast import Count, Forecast, chunker_of
from ops.imports.uploading import upload, upload_key
from ops.publishing import Sending, default_key, publish
from schemas.errors import ImportFailed
from schemas.requests import ImportCommand
from schemas.settings import ImporterSettings
from stores.import_port import ObjectPlace
from stores.s3.objects import GZIP_SUFFIX
from web.actions.asking import PIECE_BYTES, check_confirmation, file_of
from web.actions.models import Preview, PreviewQuery, UploadQuery
from web.actions.performing import Done, Intent, Performer
from web.actions.rights import NO_BUCKET, NO_S3
from web.queries import InvalidQuery, asked
from web.responses import NoAnswer, answered

FORECAST_FIELDS: Final = ("rows_read", "duplicates_in_file", "rejected", "rejects", "lines", "reason")


class FileActions:
    """Handlers; they live as long as the application."""

    def __init__(self, performer: Performer) -> None:
        self._performer = performer
        self._is_busy = False

    async def preview(self, request: web.Request) -> web.StreamResponse:
        self._actor(request)
        query = asked(request, PreviewQuery)
        with self._one_at_a_time():
            content = await file_of(request, self._performer.settings.actions.upload_bytes_max)
            forecast = await forecast_of(content, query, self._limits())
        return answered(preview_of(content, forecast))

    async def upload(self, request: web.Request) -> web.StreamResponse:
        by, query = self._actor(request), asked(request, UploadQuery)
        check_confirmation(query.confirm, query.campaign_id)
        with self._one_at_a_time():
            content = await file_of(request, self._performer.settings.actions.upload_bytes_max)
            if sha256(content).hexdigest() != query.sha256:
                raise InvalidQuery("sha256: this is not the file of the preview; look at it again")
            intent = Intent(by, "import_file", query.campaign_id, query.campaign_id)
            return answered(
                await self._performer.perform(intent, lambda _: self._send(content, query, intent.audit_id))
            )

    def _actor(self, request: web.Request) -> str:
        by, settings = self._performer.rights.actor(request), self._performer.settings
        self._performer.rights.needs(settings.actions.s3, NO_S3)
        self._performer.rights.needs(bool(settings.s3.allowed_buckets), NO_BUCKET)
        return by

    def _limits(self) -> ImporterSettings:
        """Those of an import; but less text, which is in memory here."""
        importer, bytes_max = self._performer.settings.importer, self._performer.settings.actions.upload_bytes_max
        return importer.model_copy(update={"text_bytes_max": min(importer.text_bytes_max, bytes_max)})

    async def _send(self, content: bytes, query: UploadQuery, audit_id: str) -> Done:
        """The id of the import leads to the audit record."""
        settings, import_id = self._performer.settings, f"page-{audit_id}"
        place = ObjectPlace(next(iter(settings.s3.allowed_buckets)), upload_key(query.name, import_id))
        command = ImportCommand(
            request_id=import_id,
            campaign_id=query.campaign_id,
            code_type=query.code_type,
            bucket=place.bucket,
            key=place.key,
        )
        await upload(settings, pieces_of(content), place)
        await publish(settings, Sending(command), default_key(command))
        return Done(f"{place.address} is sent as import {import_id}", {"bytes": len(content)}, import_id)

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        if self._is_busy:
            raise NoAnswer(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "another file is being read; try again")
        self._is_busy = True
        try:
            yield
        finally:
            self._is_busy = False


async def forecast_of(content: bytes, query: PreviewQuery, limits: ImporterSettings) -> Forecast:
    """What an import would count, if the campaign had none of the codes."""
    forecast, is_gzip = Forecast(), query.name.lower().endswith(GZIP_SUFFIX)

    async def none_present(_codes: set[str]) -> set[str]:
        await asyncio.sleep(0)  # the streams go on
        return set()

    try:
        await Count(forecast, none_present).all(
            chunker_of(limits, query.code_type, is_gzip=is_gzip), pieces_of(content)
        )
    except ImportFailed as why:
        forecast.reason = why.reason
    return forecast


def preview_of(content: bytes, forecast: Forecast) -> Preview:
    fields = forecast.fields
    return Preview.model_validate(
        {
            "sha256": sha256(content).hexdigest(),
            "size_bytes": len(content),
            "codes": forecast.inserted,
            "remedy": fields["remedy"],
            **{name: fields[name] for name in FORECAST_FIELDS},
        }
    )


async def pieces_of(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), PIECE_BYTES):
        yield content[start : start + PIECE_BYTES]
