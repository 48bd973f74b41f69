"""An import's rejected rows as a CSV beside the object: `<key>.rejects.csv`.

In:       the rejected rows, chunk by chunk, from the database.
Out:      `line,reason`, one row each, in the order of the file; never a code.
Promise:  written anew as a whole each time; memory holds a few chunks' worth and one part.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

from schemas.documents import ImportDocument, RejectsDocument
from stores.import_port import ImportStore, ObjectPlace, ObjectStore

SUFFIX: Final = ".rejects.csv"
HEADER: Final = b"line,reason\n"


def place_of_report(document: ImportDocument) -> ObjectPlace:
    """Where the report goes."""
    return ObjectPlace(document.bucket, document.key + SUFFIX)


async def write_report(document: ImportDocument, store: ImportStore, objects: ObjectStore) -> str:
    """Write it once; gives its address.

    Raises:
        StoreUnavailable, ObjectStoreUnavailable: safe to repeat.
        ImportFailed: S3 does not take it.
    """
    place = place_of_report(document)
    async with aclosing(report_of(store.rejects(document.id))) as pieces:
        await objects.write(place, pieces)
    return place.address


async def report_of(rejects: AsyncIterator[RejectsDocument]) -> AsyncGenerator[bytes, None]:
    """The report's text in pieces."""
    yield HEADER
    async for one in rejects:
        rows = zip(one.lines, one.reasons, strict=True)
        yield "".join(f"{line},{reason}\n" for line, reason in rows).encode()
