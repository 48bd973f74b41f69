"""Questions that people ask and no role does: which codes a campaign has, and in which campaigns a value is a code.

In:       codes as people type them or as a file has them.
Out:      documents as models; codes.
Promise:  reads only. Each function raises StoreUnavailable if MongoDB gives no answer in time.
"""

from collections.abc import Iterable
from typing import Final

from handlers.code_ids import code_ids
from schemas.documents import CodeDocument
from stores.mongo.collections import Collections, Document, find_by_id, read_document
from stores.mongo.errors import idempotent
from stores.mongo.everything import pages
from stores.mongo.salts import Salts, salt_in

CAMPAIGNS_PAGE: Final = 1_000


async def codes_present(collections: Collections, campaign_id: str, codes: Iterable[str]) -> set[str]:
    """Those of these codes that the campaign has."""
    salt = await Salts(collections).find(campaign_id)
    if salt is None:
        return set()
    ids = code_ids(campaign_id, salt, codes)
    with idempotent():
        found = await find_by_id(collections.codes, ids, {"_id": 0, "code": 1})
    return {document["code"] for document in found}


async def codes_with_value(collections: Collections, value: str) -> list[CodeDocument]:
    """The codes of all campaigns that have this value: each campaign gives it another id.

    Raises:
        StoreRefused: a campaign's salt was changed by hand; nobody can know whether it has the code.
    """
    found: list[CodeDocument] = []
    async for campaigns in pages(collections.campaigns, {}, size=CAMPAIGNS_PAGE):
        ids = [code_id for document in campaigns for code_id in code_ids(document["_id"], salt_in(document), [value])]
        with idempotent():
            documents = await find_by_id(collections.codes, ids)
        found.extend(read_document(CodeDocument, "codes", document) for document in documents if has(document, value))
    return found


def has(document: Document, value: str) -> bool:
    """Whether it is the value that gave the id: another one may give the same."""
    return document.get("code") == value
