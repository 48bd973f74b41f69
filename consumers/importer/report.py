"""An import's rejected rows as a CSV beside the object: `<key>.<import_id>.rejects.csv`.

In:       the rejected rows, chunk by chunk, from the database.
Out:      `line,reason`, one row each, in the order of the file; never a code.
Promise:  rewritten as a whole each time; memory holds a few chunks' worth and one part. Only the import's owner
          completes a report, and only with as many lines as the import has counted: a process that was frozen until
          the next owner had ended the import, and had removed the rows, leaves that owner's report as it is.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from consumers.importer.owner import ImportOwner
from consumers.importer.waits import Limits
from schemas.documents import ImportDocument
from schemas.errors import ImportFailed, StoreRefused
from stores.import_port import ObjectPlace

SUFFIX: Final = ".rejects.csv"
HEADER: Final = b"line,reason\n"
REPORT_NOT_WRITTEN: Final = "report_not_written"
REPORT_GRACE_S: Final = 5.0
"""Seconds that a cancelled import may take to write its report; if S3 is unavailable for longer, it ends without."""


async def report_of_import(owner: ImportOwner) -> tuple[str | None, str | None]:
    """The report's address, or why there is none although rows were rejected.

    Raises:
        Stopped: the process stops.
        PartitionFenced: another run has taken the import over. Nothing was written.
    """
    if owner.document.rejected == 0:
        return None, None
    owner.context.failpoint.reached("before_report")
    policy = owner.waits.mongo.until(Limits(cancel_grace_s=REPORT_GRACE_S))
    try:
        return await policy.run(owner.waits.s3.run, write_report, owner), None
    except (ImportFailed, StoreRefused):
        return None, REPORT_NOT_WRITTEN


async def write_report(owner: ImportOwner) -> str:
    """Write it once; gives its address.

    Raises:
        StoreUnavailable, ObjectStoreUnavailable: safe to repeat.
        PartitionFenced: see `report_of_import`.
        ImportFailed: S3 does not take it, or the database has lost some of the rows. Nothing was written.
        StoreRefused: some of the rows cannot be read. Nothing was written.
    """
    place = place_of_report(owner.document)
    async with aclosing(pieces_of_report(owner)) as pieces:
        await owner.context.objects.write(place, pieces)
    return place.address


async def pieces_of_report(owner: ImportOwner) -> AsyncGenerator[bytes, None]:
    """The report's text. What it raises at its end keeps the object from being made."""
    yield HEADER
    lines = 0
    async for document in owner.store.rejects(owner.document.id):
        rows = zip(document.lines, document.reasons, strict=True)
        lines += len(document.lines)
        owner.waits.turned()
        yield "".join(f"{line},{reason}\n" for line, reason in rows).encode()
    await owner.waits.mongo.run(owner.still_ours)
    if lines != owner.document.rejected:
        raise ImportFailed(REPORT_NOT_WRITTEN)


def place_of_report(document: ImportDocument) -> ObjectPlace:
    """Where the report goes: two imports of one object have one each."""
    return ObjectPlace(document.bucket, f"{document.key}.{document.id}{SUFFIX}")
