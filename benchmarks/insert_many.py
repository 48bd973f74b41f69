"""The upper limit of an import: one transaction with one `insert_many` per chunk, and nothing else.

In:   `python -m benchmarks.insert_many START STOP`, the numbers of the codes to write; settings from the environment
      as the importer's.
Out:  a line `seconds rows` on standard output after each chunk. Seconds are those of writing alone: the documents are
      made before the clock goes on. No look-up, no counts, no checkpoint; indexes and validators are the service's.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClientSession

from benchmarks.codes_file import CAMPAIGN, codes
from ops.settings.load import Settings, load_settings
from stores.mongo.collections import Collection
from stores.mongo.connection import connect, database
from tests.fakes.stocking import a_code


async def insert(settings: Settings, first: int, end: int) -> None:
    """Write all documents, chunk by chunk, and print the progress."""
    client = connect(settings.mongo)
    collection: Collection = database(client, settings.mongo)["codes"]
    chunk = settings.importer.rows_per_chunk_max
    spent_s = 0.0
    print_progress(spent_s, 0)
    async with await client.start_session() as session:
        for start in range(first, end, chunk):
            stop = min(start + chunk, end)
            documents = [a_code(CAMPAIGN, "tm", code) for code in codes(start, stop)]
            spent_s += await write_s(collection, session, documents)
            print_progress(spent_s, stop - first)
    client.close()


async def write_s(
    collection: Collection, session: AsyncIOMotorClientSession, documents: Sequence[dict[str, Any]]
) -> float:
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
