"""Cache of the campaigns that exist, with their approximate counts and what all partitions have walked.

In:       campaign ids.
Out:      `Campaigns`: entries at most `FRESH_S` seconds old.
Promise:  a campaign without an entry is queried every time, so a new one is served at once. Figures are only hints
          for where to read candidates, and how many. Whether a campaign is closed is a hint too: shards know it.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from handlers.requests.facts import StockKey
from schemas.base import CODE_TYPES
from stores.mongo.collections import Collections, Document
from stores.mongo.walk import Part, Walked, parts_of

FRESH_S: Final = 1.0
CAMPAIGNS_MAX: Final = 10_000
"""Entries; beyond that the cache is cleared and filled again."""


COUNTS: Final = ("available", "reserved", "assigned")
FIELDS: Final = ("campaign_id", "code_type", "shard", "walked", *COUNTS)
"""Of a shard document: what the figures are made from."""


@dataclass(slots=True)
class Figures:
    """A kind of codes, over all shards."""

    available: int = 0
    total: int = 0
    in_campaign: int = 0
    """Codes of all kinds of the campaign."""
    by_shard: dict[str, list[Part]] = field(default_factory=dict)
    """What each partition has walked; its last part is where it is."""

    def walked(self, own_shard: str) -> Walked:
        """All of it; heads are those of the other partitions."""
        others = [parts[-1].high for shard, parts in self.by_shard.items() if parts and shard != own_shard]
        return Walked([part for parts in self.by_shard.values() for part in parts], frozenset(others))


@dataclass(frozen=True, slots=True)
class Seen:
    """A cached campaign."""

    at_s: float
    kinds: Mapping[StockKey, Figures]
    is_closed: bool


@dataclass(frozen=True, slots=True)
class Known:
    """Those of some campaigns that exist."""

    campaigns: frozenset[str] = frozenset()
    """Any import has written to them."""
    closed: frozenset[str] = frozenset()
    """Of these, those that are closed or archived."""


class Campaigns:
    """Shared by all partitions of a process."""

    def __init__(self, collections: Collections) -> None:
        self._inventory = collections.inventory
        self._documents = collections.campaigns
        self._seen: dict[str, Seen] = {}

    async def known(self, campaign_ids: Iterable[str]) -> Known:
        """Return those of the campaigns that exist."""
        wanted = frozenset(campaign_ids)
        now = monotonic()
        fresh = {campaign: seen for campaign in wanted if (seen := self._fresh(campaign, now))}
        found = fresh | await self._look(wanted - fresh.keys(), now)
        closed = frozenset(campaign for campaign, seen in found.items() if seen.is_closed)
        return Known(frozenset(found), closed)

    def forget(self, campaign_ids: Iterable[str]) -> None:
        """What is cached of these proved stale."""
        for campaign_id in campaign_ids:
            self._seen.pop(campaign_id, None)

    def figures(self, key: StockKey) -> Figures:
        """The approximate figures of a kind, from the cache; all 0 if it is not cached."""
        seen = self._seen.get(key.campaign_id)
        return (seen.kinds.get(key) if seen else None) or Figures()

    async def _look(self, wanted: frozenset[str], now: float) -> dict[str, Seen]:
        """Query these campaigns. The result must not come from the cache, which may be cleared meanwhile."""
        if not wanted:
            return {}
        ids = {"$in": list(wanted)}
        shards, closed = await asyncio.gather(
            self._inventory.find({"campaign_id": ids}, dict.fromkeys(FIELDS, 1)).to_list(None),
            self._documents.find({"_id": ids, "closed_at": {"$ne": None}}, {"_id": 1}).to_list(None),
        )
        kinds, closed_ids = summed(shards), {document["_id"] for document in closed}
        # An archived campaign has no shards any more, and stays closed.
        found = {name: Seen(now, kinds.get(name, {}), name in closed_ids) for name in kinds.keys() | closed_ids}
        if len(self._seen) > CAMPAIGNS_MAX:
            self._seen.clear()
        self._seen |= found
        return found

    def _fresh(self, campaign_id: str, now: float) -> Seen | None:
        seen = self._seen.get(campaign_id)
        return seen if seen is not None and now - seen.at_s < FRESH_S else None


def summed(shards: Iterable[Document]) -> dict[str, dict[StockKey, Figures]]:
    """Figures by campaign and kind, over all shards; a shard without a count (edited by hand) adds none."""
    totals: dict[str, dict[StockKey, Figures]] = {}
    for shard in shards:
        campaign_id, code_type = shard.get("campaign_id"), shard.get("code_type")
        if not isinstance(campaign_id, str):  # `$in` finds an array that has the wanted id
            continue
        campaign = totals.setdefault(campaign_id, {})
        if code_type in CODE_TYPES:
            add(campaign.setdefault(StockKey(campaign_id, code_type), Figures()), shard)
    for campaign in totals.values():
        in_campaign = sum(figures.total for figures in campaign.values())
        for figures in campaign.values():
            figures.in_campaign = in_campaign
    return totals


def add(figures: Figures, shard: Document) -> None:
    """Add a shard's counts, and what its partition has walked."""
    counts = [count for name in COUNTS if isinstance(count := shard.get(name), int)]
    figures.total += sum(counts)
    if isinstance(available := shard.get("available"), int):
        figures.available += available
    walked = shard.get("walked")
    if isinstance(walked, list) and all(isinstance(number, int) for number in walked):
        figures.by_shard[str(shard.get("shard"))] = parts_of(walked)
