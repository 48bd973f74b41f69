"""Whole collections, page by page, for an audit of more documents than fit in memory or in one transaction.

In:       a collection, a filter.
Out:      documents in the order of their `_id`, each once.
Promise:  no transaction or cursor is open between two pages, so no time-out ends the read, however long it takes. A
          document that changes meanwhile is read before or after the change; `changed_at` shows which.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import pymongo

from stores.mongo.collections import Collection, Document
from stores.mongo.errors import idempotent

PAGE: Final = 5_000
PAGE_TIMEOUT_S: Final = 600
"""Per page, instead of `mongo.timeout_ms`: a filter may skip very many documents."""


async def documents(
    collection: Collection, wanted: Mapping[str, Any], fields: Mapping[str, int] | None = None
) -> AsyncIterator[Document]:
    """All documents that match.

    Raises:
        StoreUnavailable: a page did not come in time.
    """
    async for page in pages(collection, wanted, fields):
        for document in page:
            yield document


async def pages(
    collection: Collection, wanted: Mapping[str, Any], fields: Mapping[str, int] | None = None, *, size: int = PAGE
) -> AsyncIterator[list[Document]]:
    """The same, in pages of `size`."""
    last: Mapping[str, Any] = {}
    while page := await page_after(collection, {**wanted, **last}, fields, size):
        yield page
        last = {"_id": {"$gt": page[-1]["_id"]}}


async def page_after(
    collection: Collection, wanted: Mapping[str, Any], fields: Mapping[str, int] | None, size: int
) -> list[Document]:
    """The next page. The time-out ends here: across a `yield` it would also limit the caller."""
    with idempotent(), pymongo.timeout(PAGE_TIMEOUT_S):
        found = collection.find(wanted, fields, batch_size=size).sort("_id", pymongo.ASCENDING).limit(size)
        return await found.to_list(size)


async def how_many(collection: Collection) -> int:
    """The approximate number of documents."""
    with idempotent():
        return await collection.estimated_document_count()
