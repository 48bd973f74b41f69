"""Closes and reopens a campaign: its document first, then the mark on each of its shards.

In:       a campaign's id, who asks, and when.
Out:      the campaign's document.
Promise:  when `close` has returned, no transaction commits that gives out a code of the campaign's stock, whichever
          worker runs it; `reopen` likewise. A partition's shard is in every such transaction, and is guarded by its
          mark. A shard that begins meanwhile conflicts with the write of the campaign's document, and copies it. So
          no shard is missed, and a call that was killed half-way is simply made again.
"""

from datetime import datetime
from typing import Final

from schemas.base import to_milliseconds
from schemas.documents import CampaignDocument
from schemas.errors import CodeServiceError
from stores.mongo.collections import Collections, Document, read_document
from stores.mongo.errors import idempotent
from stores.mongo.shards import IS_CLOSED
from stores.patience import patiently

ROUNDS_MAX: Final = 10
"""Rounds over a campaign's shards, each after somebody closed or reopened it meanwhile."""


class CampaignUnknown(CodeServiceError):
    """There is no campaign of this id. A campaign exists from its first import on: see `codes campaigns list`."""


class CampaignDocumentLost(CodeServiceError):
    """The campaign has shards, and no document in `campaigns`: it was removed by hand, or is missing after a restore.

    Restore the collection `campaigns`: without it, the campaign can neither be closed nor get more codes.
    """


class CampaignRemoved(CodeServiceError):
    """The campaign is archived or purged: it stays closed, and its id is never used again."""


class CampaignContested(CodeServiceError):
    """Others close and reopen the campaign at the same time. Run `codes campaigns show ID`, then try again."""


class Closing:
    """Every method raises StoreUnavailable if MongoDB gives no answer for a while; safe to repeat.

    A write that meets the transaction of a worker that froze waits until the server ends it, after a minute.
    """

    def __init__(self, collections: Collections) -> None:
        self._collections = collections
        self._campaigns = collections.campaigns
        self._inventory = collections.inventory

    async def close(self, campaign_id: str, *, by: str, now: datetime) -> CampaignDocument:
        """Refuse new reserves, assigns straight from stock, and imports; one that is closed keeps its time.

        Raises:
            CampaignUnknown, CampaignDocumentLost, CampaignContested: see there.
        """
        closed = {"closed_at": to_milliseconds(now), "closed_by": by}
        await patiently(self._move, {"_id": campaign_id, "closed_at": None}, closed)
        return await self._settled(campaign_id, is_closed=True)

    async def reopen(self, campaign_id: str, *, by: str) -> CampaignDocument:
        """Give out codes again.

        Raises:
            CampaignRemoved, CampaignUnknown, CampaignDocumentLost, CampaignContested: see there.
        """
        if (await self.document(campaign_id)).removal is not None:
            raise CampaignRemoved(f"campaign {campaign_id} cannot be reopened")
        closed = {"_id": campaign_id, "closed_at": IS_CLOSED, "removal": None}
        await patiently(self._move, closed, {"closed_at": None, "closed_by": by})
        return await self._settled(campaign_id, is_closed=False)

    async def _move(self, guard: Document, fields: Document) -> None:
        with idempotent():
            await self._campaigns.update_one(guard, {"$set": fields})

    async def _settled(self, campaign_id: str, *, is_closed: bool) -> CampaignDocument:
        """Mark shards until the document is the same after as before: then no shard has another mark."""
        document = await self.document(campaign_id)
        for _ in range(ROUNDS_MAX):
            if (document.closed_at is not None) != is_closed:
                break
            await patiently(self._mark, campaign_id, is_closed=is_closed)
            before, document = document, await self.document(campaign_id)
            if document.closed_at == before.closed_at:
                return document
        raise CampaignContested(f"campaign {campaign_id}: {document.closed_by} closed or reopened it meanwhile")

    async def document(self, campaign_id: str) -> CampaignDocument:
        """The campaign's document.

        Raises:
            CampaignUnknown, CampaignDocumentLost: there is none.
            DocumentUnreadable: it was edited by hand.
        """
        with idempotent():
            found = await self._campaigns.find_one({"_id": campaign_id})
            if found is None and await self._inventory.find_one({"campaign_id": campaign_id}, {"_id": 1}):
                raise CampaignDocumentLost(f"campaign {campaign_id}: its document is lost")
        if found is None:
            raise CampaignUnknown(f"there is no campaign {campaign_id}")
        return read_document(CampaignDocument, "campaigns", found)

    async def _mark(self, campaign_id: str, *, is_closed: bool) -> None:
        """A write that meets a worker's open transaction waits for its end."""
        others = {"campaign_id": campaign_id, "is_closed": {"$ne": True} if is_closed else True}
        with idempotent():
            await self._inventory.update_many(others, {"$set": {"is_closed": is_closed}})


async def is_closed_campaign(collections: Collections, campaign_id: str) -> bool:
    """Whether the campaign's document says so. Raises PyMongoError."""
    found = await collections.campaigns.find_one({"_id": campaign_id, "closed_at": IS_CLOSED}, {"_id": 1})
    return found is not None


async def removed_campaigns(collections: Collections) -> frozenset[str]:
    """Campaigns of which the removal has begun, by an archive or a purge.

    Raises:
        StoreUnavailable: MongoDB gave no answer in time.
    """
    with idempotent():
        found = await collections.campaigns.find({"removal": {"$ne": None}}, {"_id": 1}).to_list(None)
    return frozenset(document["_id"] for document in found)
