"""Reads the reject report of an import.

In:       an import's id.
Out:      the report: CSV, with line and reason of each rejected row.
Promise:  only an object that an importer wrote as a report is read. It has no code.
"""

from typing import ClassVar, Final

from ops.imports.retrying import NoSuchImport
from ops.settings.load import Settings
from schemas.errors import CodeServiceError, ImportFailed
from stores.import_port import ObjectPlace
from stores.mongo.import_desk import ImportDesk
from stores.s3.objects import open_objects

REPORT_BYTES_MAX: Final = 32 * 1024 * 1024


class ReportAbsent(CodeServiceError):
    """The import has no reject report, or it cannot be read. See docs/imports.md#rejected-rows."""

    retriable: ClassVar[bool] = False


async def report_of(settings: Settings, desk: ImportDesk, import_id: str) -> bytes:
    """The whole report.

    Raises:
        NoSuchImport: it has not started.
        ReportAbsent: it has no report, or one that is too large or that S3 does not give.
        StoreUnavailable, ObjectStoreUnavailable: a part gave no answer.
    """
    document = await desk.find(import_id)
    if document is None:
        raise NoSuchImport(f"there is no import {import_id}")
    if document.report is None:
        raise ReportAbsent(f"import {import_id} has no reject report")
    bucket, _, key = document.report.removeprefix("s3://").partition("/")
    try:
        return await _content(settings, ObjectPlace(bucket, key), document.report)
    except ImportFailed as why:
        raise ReportAbsent(f"S3 does not give {document.report}: {why.reason}") from None


async def _content(settings: Settings, place: ObjectPlace, address: str) -> bytes:
    async with open_objects(settings.s3) as objects:
        seen = await objects.look(place)
        if seen.size_bytes > REPORT_BYTES_MAX:
            raise ReportAbsent(f"the report has {seen.size_bytes:,} bytes: download {address} from S3")
        return await objects.read(place, seen.etag, 0, seen.size_bytes)
