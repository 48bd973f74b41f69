"""An import long enough to be disturbed, and what must be true after it, however it was disturbed.

Out: the file and its counts, small chunks for it, `reached`, `check_exact`.
"""

import asyncio
import gzip
from typing import Final

from schemas.topics import IMPORTS
from stores.mongo.connection import Database
from tests.integration.importing import Files, check_books, counts, ends
from tests.integration.running import Neighbour

ROWS: Final = 3_000
TEXT: Final = "code\n" + "".join(
    f"CODE-{number:05}\nCODE-{number // 2:05}\nCODE {number}\n" for number in range(ROWS)
)
EXPECTED: Final = {"rows_read": 3 * ROWS, "inserted": ROWS, "duplicates_in_file": ROWS, "rejected": ROWS}
SMALL: Final = {
    "CODES_IMPORTER__RANGE_BYTES": "4096",
    "CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "100",
    "CODES_IMPORTER__PROGRESS_EVERY_S": "0.1",
}
KEYS: Final = ("plain.csv", "packed.csv.gz")
REACHED_S: Final = 60


def body_of(key: str) -> bytes:
    """The file, packed if its name says so."""
    return gzip.compress(TEXT.encode(), mtime=0) if key.endswith(".gz") else TEXT.encode()


def put_text(files: Files, key: str) -> None:
    """Create the object."""
    files.put(key, body_of(key))


async def reached(db: Database, rows: int, import_id: str = "i1") -> int:
    """Wait until an import has read so many rows; gives how many it has."""
    async with asyncio.timeout(REACHED_S):
        while True:
            found = await db["imports"].find_one({"_id": import_id}) or {"rows_read": 0}
            if found["rows_read"] >= rows:
                return int(found["rows_read"])
            await asyncio.sleep(0.01)


async def check_exact(neighbour: Neighbour, files: Files, db: Database) -> None:
    """One end event, of one identity; exact counts; each code once; a whole report; true books."""
    [end] = await ends(neighbour, 1, timeout_s=REACHED_S)
    assert ("completed", EXPECTED) == (end["state"], counts(end))
    assert ROWS + 1 == files.text(end["report"]).count("\n")
    codes = [code["code"] async for code in db["codes"].find({}, {"code": 1})]
    assert [f"CODE-{number:05}" for number in range(ROWS)] == sorted(codes)
    assert 0 == await db["rejects"].count_documents({})
    events = await neighbour.values(IMPORTS, 1, settle_s=0.5)
    assert 1 == sum(event["state"] != "running" for event in events)
    rows = [event["rows_read"] for event in events]
    assert sorted(rows) == rows
    await check_books(neighbour, db)
