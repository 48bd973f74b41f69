"""What we compare with: an importer that upserts row by row, plainly and fairly.

It does less than the importer, to its own advantage: no counts, no checkpoint, no transaction, no check of a cell.

In:   `python -m benchmarks.row_by_row BUCKET KEY`, settings from the environment as the importer's.
Out:  a line `seconds rows` on standard output now and then.
"""

import asyncio
import codecs
import csv
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import boto3

from benchmarks.codes_file import CAMPAIGN
from benchmarks.insert_many import tell
from ops.settings import Settings, load_settings
from stores.mongo.collections import Collection
from stores.mongo.connection import connect, database
from tests.fakes.stocking import a_code

TELL_EVERY_ROWS: Final = 100


async def load(settings: Settings, bucket: str, key: str) -> None:
    """Download, parse, and upsert."""
    client = connect(settings.mongo)
    collection: Collection = database(client, settings.mongo)["codes"]
    done = 0
    tell(time.perf_counter(), done)
    for done, document in enumerate(documents(settings, bucket, key), 1):
        await upsert(collection, document)
        if done % TELL_EVERY_ROWS == 0:
            tell(time.perf_counter(), done)
    tell(time.perf_counter(), done)
    client.close()


def documents(settings: Settings, bucket: str, key: str) -> Iterator[dict[str, Any]]:
    """One for each row after the header."""
    s3 = boto3.client("s3", endpoint_url=settings.s3.endpoint_url, region_name=settings.s3.region)
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    for row in csv.DictReader(codecs.getreader("utf-8")(body)):
        yield a_code(CAMPAIGN, "tm", row["code"])


async def upsert(collection: Collection, document: dict[str, Any]) -> None:
    """Insert it, unless the campaign has the code."""
    which = {name: document.pop(name) for name in ("campaign_id", "code")}
    await collection.update_one(which, {"$setOnInsert": document}, upsert=True)


if __name__ == "__main__":
    asyncio.run(load(load_settings(), *sys.argv[1:]))
