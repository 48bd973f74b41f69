"""The upper limit of an import: one transaction with one `insert_many` per chunk, and nothing else.

In:   `python -m benchmarks.systems.insert_many START STOP`, the numbers of the codes to write; settings from the
      environment as the importer's.
Out:  a line `seconds rows` on standard output after each chunk. Seconds are those of writing alone: the documents are
      made before the clock goes on. No look-up, no counts, no checkpoint; the collection is the reference model's.
"""

import asyncio
import sys
import time
from collections.abc import Sequence

from motor.motor_asyncio import AsyncIOMotorClientSession

from benchmarks.codes_file import codes
from benchmarks.load import CAMPAIGN
from benchmarks.reference.documents import Document, code
from benchmarks.reference.model import Collection, connect, create, reference
from ops.settings.load import Settings, load_settings


async def insert(settings: Settings, first: int, end: int) -> None:
    """Write all documents, chunk by chunk, and print the progress."""
    client = connect(settings)
    db = reference(client, settings)
    await create(db)
    chunk = settings.importer.rows_per_chunk_max
    spent_s = 0.0
    print_progress(spent_s, 0)
    async with await client.start_session() as session:
        for start in range(first, end, chunk):
            stop = min(start + chunk, end)
            documents = [code(CAMPAIGN, value) for value in codes(start, stop)]
            spent_s += await write_s(db["codes"], session, documents)
            print_progress(spent_s, stop - first)
    client.close()


async def write_s(collection: Collection, session: AsyncIOMotorClientSession, documents: Sequence[Document]) -> float:
    """Write one chunk; returns the seconds it took."""
    begun_s = time.perf_counter()
    async with session.start_transaction():
        await collection.insert_many(documents, ordered=False, session=session)
    return time.perf_counter() - begun_s


def print_progress(at_s: float, rows: int) -> None:
    """Print the progress."""
    print(at_s, rows, flush=True)


if __name__ == "__main__":
    asyncio.run(insert(load_settings(), int(sys.argv[1]), int(sys.argv[2])))
