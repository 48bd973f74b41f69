"""Whole collections, page by page: for an audit of more than memory, or one transaction, holds.

In:       a collection, a filter.
Out:      documents in the order of their `_id`, each once.
Promise:  no transaction and no cursor is open between two pages, so nothing ends the look, however long it takes.
          What moves meanwhile is seen before or after its move: `changed_at` says which documents did.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import pymongo

from stores.mongo.collections import Collection, Document
from stores.mongo.errors import idempotent

PAGE: Final = 5_000
PAGE_TIMEOUT_S: Final = 600
"""Seconds for one page, instead of `mongo.timeout_ms`: a filter may pass over very many documents."""


async def documents(
    collection: Collection, wanted: Mapping[str, Any], fields: Mapping[str, int] | None = None
) -> AsyncIterator[Document]:
    """All that are wanted.

    Raises:
        StoreUnavailable: a page did not come in time.
    """
    async for page in pages(collection, wanted, fields):
        for document in page:
            yield document


async def pages(
    collection: Collection, wanted: Mapping[str, Any], fields: Mapping[str, int] | None = None, *, size: int = PAGE
) -> AsyncIterator[list[Document]]:
    """The same, so many at a time."""
    last: Mapping[str, Any] = {}
    while page := await page_after(collection, {**wanted, **last}, fields, size):
        yield page
        last = {"_id": {"$gt": page[-1]["_id"]}}


async def page_after(
    collection: Collection, wanted: Mapping[str, Any], fields: Mapping[str, int] | None, size: int
) -> list[Document]:
    """The next ones. The time-out ends with the page: one that spans a `yield` would be the caller's too."""
    with idempotent(), pymongo.timeout(PAGE_TIMEOUT_S):
        found = collection.find(wanted, fields, batch_size=size).sort("_id", pymongo.ASCENDING).limit(size)
        return await found.to_list(size)


async def how_many(collection: Collection) -> int:
    """About."""
    with idempotent():
        return await collection.estimated_document_count()
