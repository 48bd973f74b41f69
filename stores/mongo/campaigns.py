"""Cache of the campaigns that exist, with their approximate numbers of available codes.

In:       campaign ids.
Out:      `Campaigns`: entries at most `FRESH_S` seconds old.
Promise:  a campaign without an entry is queried every time, so a new one is served at once. Counts are only hints
          for the number of candidates to read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Final

from handlers.requests.facts import StockKey
from schemas.base import CODE_TYPES
from stores.mongo.collections import Collections, Document

FRESH_S: Final = 1.0
CAMPAIGNS_MAX: Final = 10_000
"""Entries; beyond that the cache is cleared and filled again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A cached campaign."""

    at_s: float
    available: Mapping[StockKey, int]


class Campaigns:
    """Shared by all partitions of a process."""

    def __init__(self, collections: Collections) -> None:
        self._inventory = collections.inventory
        self._seen: dict[str, Seen] = {}

    async def known(self, campaign_ids: Iterable[str]) -> frozenset[str]:
        """Return those of the campaigns that any import has written to."""
        wanted = frozenset(campaign_ids)
        now = monotonic()
        fresh = frozenset(campaign for campaign in wanted if self._is_fresh(campaign, now))
        return fresh | await self._look(wanted - fresh, now)

    def available(self, key: StockKey) -> int:
        """The approximate number of available codes of a kind, from the cache; 0 if it is not cached."""
        seen = self._seen.get(key.campaign_id)
        return 0 if seen is None else max(0, seen.available.get(key, 0))

    async def _look(self, wanted: frozenset[str], now: float) -> frozenset[str]:
        """Query these campaigns. The result must not come from the cache, which may be cleared meanwhile."""
        if not wanted:
            return frozenset()
        shards = await self._inventory.find(
            {"campaign_id": {"$in": list(wanted)}},
            {"campaign_id": 1, "code_type": 1, "available": 1},
        ).to_list(None)
        found = {campaign: Seen(now, counts) for campaign, counts in summed(shards).items()}
        if len(self._seen) > CAMPAIGNS_MAX:
            self._seen.clear()
        self._seen |= found
        return frozenset(found)

    def _is_fresh(self, campaign_id: str, now: float) -> bool:
        seen = self._seen.get(campaign_id)
        return seen is not None and now - seen.at_s < FRESH_S


def summed(shards: Iterable[Document]) -> dict[str, dict[StockKey, int]]:
    """Available codes by campaign and kind, over all shards; a shard without a count (edited by hand) adds none."""
    totals: dict[str, dict[StockKey, int]] = {}
    for shard in shards:
        campaign_id, code_type, available = (shard.get(name) for name in ("campaign_id", "code_type", "available"))
        if not isinstance(campaign_id, str):  # `$in` finds an array that has the wanted id
            continue
        campaign = totals.setdefault(campaign_id, {})
        if code_type in CODE_TYPES and isinstance(available, int):
            key = StockKey(campaign_id, code_type)
            campaign[key] = campaign.get(key, 0) + available
    return totals
