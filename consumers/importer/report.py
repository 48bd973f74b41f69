"""An import's rejected rows as a CSV beside the object: `<key>.<import_id>.rejects.csv`.

In:       the rejected rows, chunk by chunk, from the database.
Out:      `line,reason`, one row each, in the order of the file; never a code.
Promise:  written anew as a whole each time; memory holds a few chunks' worth and one part. A report is completed only
          by the import's owner, and only with as many lines as the import has counted: whoever was frozen until its
          heir had ended the import, and had removed the rows, leaves the heir's report as it is.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Final

from schemas.documents import ImportDocument, RejectsDocument
from schemas.errors import ImportFailed
from stores.import_port import ImportStore, ObjectPlace, ObjectStore

SUFFIX: Final = ".rejects.csv"
HEADER: Final = b"line,reason\n"
REPORT_NOT_WRITTEN: Final = "report_not_written"

CheckOwner = Callable[[], Awaitable[object]]
"""Raises PartitionFenced if another run has the import."""


def place_of_report(document: ImportDocument) -> ObjectPlace:
    """Where the report goes: two imports of one object have one each."""
    return ObjectPlace(document.bucket, f"{document.key}.{document.id}{SUFFIX}")


async def write_report(
    document: ImportDocument, store: ImportStore, objects: ObjectStore, check_owner: CheckOwner
) -> str:
    """Write it once; gives its address.

    Raises:
        StoreUnavailable, StoreRefused, FactsStale, ObjectStoreUnavailable: safe to repeat.
        PartitionFenced: see `check_owner`. Nothing was written.
        ImportFailed: S3 does not take it, or the database has lost some of the rows. Nothing was written.
    """
    place = place_of_report(document)
    async with aclosing(report_of(store.rejects(document.id), document.rejected, check_owner)) as pieces:
        await objects.write(place, pieces)
    return place.address


async def report_of(
    rejects: AsyncIterator[RejectsDocument], expected: int, check_owner: CheckOwner
) -> AsyncGenerator[bytes, None]:
    """The report's text in pieces. What it raises at its end keeps the object from being made."""
    yield HEADER
    lines = 0
    async for document in rejects:
        rows = zip(document.lines, document.reasons, strict=True)
        lines += len(document.lines)
        yield "".join(f"{line},{reason}\n" for line, reason in rows).encode()
    await check_owner()
    if lines != expected:
        raise ImportFailed(REPORT_NOT_WRITTEN)
