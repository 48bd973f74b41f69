"""Whole collections searched for what has no index, in ranges of `_id`.

In:       a collection and a filter.
Out:      the documents that match, range by range.
Promise:  no operation reads more than `RANGE` documents, so none blocks the server's cache or its cursors for long,
          whatever the size of the collection. A document that is inserted meanwhile may be missed.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import pymongo

from stores.mongo.collections import Collection, Document
from stores.mongo.errors import idempotent

RANGE: Final = 50_000
RANGE_TIMEOUT_S: Final = 60
"""Per range, instead of `mongo.timeout_ms`: a busy server reads it from its disk."""

Wanted = Mapping[str, Any]


async def ranges_of(
    collection: Collection, wanted: Wanted, fields: Mapping[str, int] | None = None, *, size: int = RANGE
) -> AsyncIterator[list[Document]]:
    """The documents that match, one list for each range.

    Raises:
        StoreUnavailable: MongoDB is unavailable, or a range was not read in time.
    """
    with idempotent():  # an unavailable server is noticed within `mongo.timeout_ms`, not within a range's time
        await collection.database.command("ping")
    low: str | None = None
    while True:
        high = await end_of_range(collection, low, size)
        yield await matching(collection, {**bounds(low, high), **wanted}, fields)
        if high is None:
            return
        low = high


async def end_of_range(collection: Collection, low: str | None, size: int) -> str | None:
    """The id of the range's last document, read from the index alone; None: it is the last range."""
    with idempotent(), pymongo.timeout(RANGE_TIMEOUT_S):
        ids = collection.find(bounds(low, None), {"_id": 1}).sort("_id", pymongo.ASCENDING)
        [*found] = await ids.skip(size - 1).limit(1).to_list(1)
    return found[0]["_id"] if found else None


async def matching(collection: Collection, wanted: Wanted, fields: Mapping[str, int] | None) -> list[Document]:
    """The documents of one range."""
    with idempotent(), pymongo.timeout(RANGE_TIMEOUT_S):
        return await collection.find(wanted, fields).to_list(None)


def bounds(low: str | None, high: str | None) -> Document:
    """A filter for ids above `low`, up to `high`."""
    limits = {"$gt": low, "$lte": high}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    return {"_id": given} if given else {}
