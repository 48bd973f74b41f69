"""The baseline of `import`: a straightforward importer that upserts row by row and counts new codes.

It does less than the importer, to its own advantage: no checkpoint, no transaction, no event, no check of a cell.

In:   `python -m benchmarks.systems.row_by_row BUCKET KEY`, settings from the environment as the importer's.
Out:  a line `seconds rows` on standard output now and then.
"""

import asyncio
import codecs
import csv
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import boto3

from benchmarks.load import CAMPAIGN
from benchmarks.reference.documents import Document, code
from benchmarks.reference.model import Collection, connect, create, reference
from benchmarks.systems.insert_many import print_progress
from ops.settings.load import Settings, load_settings

TELL_EVERY_ROWS: Final = 100
SHARD: Final = {
    "campaign_id": CAMPAIGN,
    "code_type": "tm",
    "shard": "row-by-row",
    "reserved": 0,
    "assigned": 0,
    "cause": "import",
    "changed_at": datetime(2026, 1, 1, tzinfo=UTC),
}
ONE_MORE: Final = (
    {"_id": f"{CAMPAIGN}:tm:row-by-row"},
    {"$inc": {"available": 1, "version": 1}, "$setOnInsert": SHARD},
)
"""The count that moves with each code; without it the campaign's totals would be unknown."""


async def load(settings: Settings, bucket: str, key: str) -> None:
    """Download, parse, and upsert."""
    client = connect(settings)
    db = reference(client, settings)
    await create(db)
    done = 0
    print_progress(time.perf_counter(), done)
    for done, document in enumerate(documents(settings, bucket, key), 1):
        if await upsert(db["codes"], document):
            await db["inventory"].update_one(*ONE_MORE, upsert=True)
        if done % TELL_EVERY_ROWS == 0:
            print_progress(time.perf_counter(), done)
    print_progress(time.perf_counter(), done)
    client.close()


def documents(settings: Settings, bucket: str, key: str) -> Iterator[Document]:
    """One code per row after the header."""
    s3 = boto3.client("s3", endpoint_url=settings.s3.endpoint_url, region_name=settings.s3.region)
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    for row in csv.DictReader(codecs.getreader("utf-8")(body)):
        yield code(CAMPAIGN, row["code"])


async def upsert(collection: Collection, document: Document) -> bool:
    """Insert a code unless the campaign has it; returns whether it was new."""
    which = {name: document.pop(name) for name in ("campaign_id", "code")}
    done = await collection.update_one(which, {"$setOnInsert": document}, upsert=True)
    return done.upserted_id is not None


if __name__ == "__main__":
    asyncio.run(load(load_settings(), *sys.argv[1:]))
