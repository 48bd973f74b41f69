"""Counts a campaign's shards and codes in one snapshot, and corrects shards that differ from the codes.

In:       campaign ids.
Out:      `CampaignSnapshot`; campaigns in pages, so that memory does not grow with their number.
Promise:  a snapshot blocks no writer. A correction is written in the transaction whose snapshot it is based on, and
          fails if another correction was committed meanwhile: of two concurrent repairs, one corrects.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

import pymongo
from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo.read_concern import ReadConcern

from handlers.code_ids import CAMPAIGN_DIGITS, campaign_prefix, id_range
from handlers.inventory.reconcile import CampaignSnapshot, CountKey, corrected, corrections
from handlers.inventory.republish import renumbered
from handlers.shards import ShardChange
from schemas.documents import InventoryDocument
from stores.mongo.closing import is_closed_campaign
from stores.mongo.collections import Collections, Document, from_document, snapshot, to_document
from stores.mongo.errors import idempotent, in_transaction, writing
from stores.mongo.last_codes import new_mark
from stores.mongo.shards import begin_shards, write_shards
from stores.mongo.transactions import finish_transaction
from stores.mongo.walk import merged, parts_of

SHARDS_PAGE: Final = 1_000
"""Shards read in one round trip to find campaigns; more than a campaign has."""
CAMPAIGNS_PAGE: Final = 500
LAST_CHARACTER: Final = chr(0x10FFFF)
"""Behind every id that begins alike."""
COUNT_TIMEOUT_S: Final = 600
"""Seconds for one campaign's count, instead of `mongo.timeout_ms`."""


class Reconciliation:
    """Every method raises StoreUnavailable if MongoDB gives no answer in time."""

    def __init__(self, collections: Collections) -> None:
        self._client = collections.database.client
        self._collections = collections
        self._inventory = collections.inventory
        self._codes = collections.codes

    async def campaigns(self) -> AsyncIterator[str]:
        """Every campaign that has shards, then those that have only codes."""
        last = ""
        while page := await self._campaigns_after(last):
            for campaign_id in page:
                yield campaign_id
            last = page[-1]
        async for campaign_id in self._without_shards():
            yield campaign_id

    async def snapshot_of(self, campaign_id: str) -> CampaignSnapshot:
        """Count a campaign in one snapshot.

        Raises:
            FactsStale: the server ended the snapshot (a `mongod` does so after 60 s); may be retried.
        """
        with in_transaction(), pymongo.timeout(COUNT_TIMEOUT_S):
            async with snapshot(self._client) as session:
                return await self._read(campaign_id, session)

    async def renumber(self, shard: InventoryDocument, *, now: datetime, above: int = 0) -> InventoryDocument:
        """Write a shard's current counts under a new version, higher than `above`; return the new shard.

        A shard of version 0 is inserted, unless it exists by now.

        Raises:
            FactsStale: another process writes to the shard; may be retried.
        """
        with idempotent():
            found = await self._inventory.find_one({"_id": shard.id})
            if found is None:
                is_closed = await is_closed_campaign(self._collections, shard.campaign_id)
                known = shard.model_copy(update={"is_closed": is_closed})
            else:
                known = from_document(InventoryDocument, found)
        change = renumbered(known, above=above, now=now)
        if found is None:
            await self._begin(change)
        with writing():
            await write_shards(self._collections, [change])
        return change.after

    async def correct(self, campaign_id: str, *, now: datetime) -> CampaignSnapshot:
        """Count one campaign and write the corrections; return the corrected campaign.

        Raises:
            FactsStale: another repair was committed meanwhile, or the server ended the snapshot. Nothing was written.
        """
        with in_transaction(), pymongo.timeout(COUNT_TIMEOUT_S):
            session = await self._begun()
            try:
                found = await self._read(campaign_id, session)
            except BaseException:
                await session.end_session()
                raise
            changes = corrections(found, now=now)
            # From here on a cancellation must not end the session: a write of a thread would run outside of it.
            await finish_transaction(session, lambda: self._write(found, changes, session))
        return corrected(found, changes)

    async def mark_hidden(self, found: CampaignSnapshot) -> int:
        """Mark available codes that partitions have walked past, so that they are found by their marks; how many.

        Without a transaction: a mark is only a hint, and whoever takes the code removes it.
        """
        walked = merged(part for shard in found.shards for part in parts_of(shard.walked))
        mark = {"$set": {"returned": new_mark(campaign_prefix(found.campaign_id))}}
        count = 0
        for part in walked:
            hidden = {
                "_id": id_range(found.campaign_id, part.low, part.high),
                "campaign_id": found.campaign_id,
                "status": "available",
                "returned": None,
            }
            with idempotent(), pymongo.timeout(COUNT_TIMEOUT_S):
                count += (await self._codes.update_many(hidden, mark)).modified_count
        return count

    async def _begun(self) -> AsyncIOMotorClientSession:
        """A session with an open transaction, which reads from one snapshot on every engine."""
        session = await self._client.start_session()
        session.start_transaction(read_concern=ReadConcern("snapshot"))
        return session

    async def _begin(self, change: ShardChange) -> None:
        with in_transaction():
            async with await self._client.start_session() as session:
                await begin_shards(self._collections, [change], session)

    async def _write(
        self, found: CampaignSnapshot, changes: Sequence[ShardChange], session: AsyncIOMotorClientSession
    ) -> None:
        """A correcting shard begins here: no partition gives out codes by it, so a closing need not know of it."""
        known = {shard.id for shard in found.shards}
        begun = [to_document(change.after) for change in changes if change.after.id not in known]
        with writing():
            if begun:
                await self._inventory.insert_many(begun, session=session)
            await write_shards(self._collections, [change for change in changes if change.after.id in known], session)

    async def _read(self, campaign_id: str, session: AsyncIOMotorClientSession) -> CampaignSnapshot:
        """One after the other: a session serves one operation at a time."""
        of_campaign = {"campaign_id": campaign_id}
        shards = await self._inventory.find(of_campaign, session=session).to_list(None)
        its_codes = {"_id": id_range(campaign_id), **of_campaign}
        kinds = {"code_type": "$code_type", "status": "$status"}
        counted = self._codes.aggregate(
            [{"$match": its_codes}, {"$group": {"_id": kinds, "count": {"$sum": 1}}}], session=session
        )
        codes = {count_key(campaign_id, group["_id"]): group["count"] async for group in counted}
        return CampaignSnapshot(
            campaign_id, tuple(from_document(InventoryDocument, shard) for shard in shards), codes
        )

    async def _campaigns_after(self, last: str) -> list[str]:
        wanted = {"campaign_id": {"$gt": last}}
        with idempotent():
            found = self._inventory.find(wanted, {"campaign_id": 1}).sort("campaign_id", 1).limit(SHARDS_PAGE)
            return list(dict.fromkeys([shard["campaign_id"] async for shard in found]))

    async def _without_shards(self) -> AsyncIterator[str]:
        last = ""
        while page := await self._codes_after(last):
            with idempotent():
                known = await self._inventory.distinct("campaign_id", {"campaign_id": {"$in": list(page)}})
            for campaign_id in sorted(page.keys() - set(known)):
                yield campaign_id
            last = max(page.values())

    async def _codes_after(self, last: str) -> dict[str, str]:
        """Campaigns with the id of one code each, in the order of the ids: one small read per campaign.

        Of two campaigns with the same 8 digits, the one without shards may be missed.
        """
        page: dict[str, str] = {}
        while len(page) < CAMPAIGNS_PAGE:
            wanted = {"_id": {"$gt": last[:CAMPAIGN_DIGITS] + LAST_CHARACTER}} if last else {}
            with idempotent():
                found = await self._codes.find_one(wanted, {"campaign_id": 1}, sort=[("_id", 1)])
            if found is None:
                break
            last = found["_id"]
            page[str(found.get("campaign_id"))] = last
        return page


def count_key(campaign_id: str, kind: Document) -> CountKey:
    """The key of a group of the aggregation."""
    return CountKey(campaign_id, kind["code_type"], kind["status"])
