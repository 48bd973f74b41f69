"""What a batch's decisions need, read from MongoDB.

In:       a batch's requests.
Out:      `Facts`, in at most one read per collection.
Promise:  a document that cannot be read (edited by hand, written by another program) concerns the requests that need
          it and no others: the facts name the field that is wrong and why, never its value.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pydantic import Field

from handlers.requests.facts import Candidate, Facts, Needs, StockKey, needs_of
from handlers.shards import shard_id
from schemas.base import CODE_TYPES, Model
from schemas.documents import InventoryDocument, LedgerDocument, ReservationDocument
from schemas.records import Asked
from schemas.requests import Request
from stores.mongo.campaigns import Campaigns
from stores.mongo.collections import Collections, Readings, find_by_id, read_each
from stores.mongo.stock import Stock

TAKEN: Final = frozenset({"held", "assigned"})


class AssignableCode(Model):
    """The fields of a code that an assignment needs."""

    id: str = Field(alias="_id")
    code: str = Field(min_length=1)
    moved_by: str


class Gathering:
    """Lives as long as its partition is served here."""

    def __init__(
        self, collections: Collections, campaigns: Campaigns, stock: Stock, shard: str, *, publishes_code_values: bool
    ) -> None:
        self._collections = collections
        self._campaigns = campaigns
        self._stock = stock
        self._shard = shard
        self._publishes_code_values = publishes_code_values

    async def facts(self, requests: Sequence[Asked[Request]]) -> Facts:
        """See `CodeStore.gather`."""
        facts, needs = await self._documents(requests)
        # Drawn before they were reserved, they are no candidates any more. Left in the stock, they would make stale
        # each plan of a batch that takes their reservation to its end.
        self._stock.used(
            code_id for reservation in facts.reservations.values() for code_id in taken_codes(reservation)
        )
        return replace(facts, candidates=await self._candidates(needs, facts))

    async def _documents(self, requests: Sequence[Asked[Request]]) -> tuple[Facts, Needs]:
        """Everything but the stock."""
        entries = await self._entries(asked.request.request_id for asked in requests)
        needs = needs_of(requests, entries.models)
        reservations, shards, known = await asyncio.gather(
            self._reservations(needs.reservations),
            self._own_shards(requests, entries.models),
            self._campaigns.known(needs.campaigns),
        )
        codes = await self._codes(reservations.models.values(), needs)
        facts = Facts(
            known_campaigns=known.campaigns,
            closed_campaigns=known.closed,
            decided=entries.models,
            reservations=reservations.models,
            code_values={code_id: code.code for code_id, code in codes.models.items()},
            code_holders={code_id: code.moved_by for code_id, code in codes.models.items()}
            if self._publishes_code_values
            else None,
            shards={StockKey(shard.campaign_id, shard.code_type): shard for shard in shards.models.values()},
            inconsistent={**reservations.unreadable, **holding_unreadable(reservations.models.values(), codes)},
            unreadable_entries=entries.unreadable,
            unreadable_shards=shards.unreadable,
        )
        return facts, needs

    async def _entries(self, request_ids: Iterable[str]) -> Readings[LedgerDocument]:
        found = await find_by_id(self._collections.requests, request_ids)
        return read_each(LedgerDocument, "requests", found)

    async def _reservations(self, reservation_ids: Iterable[str]) -> Readings[ReservationDocument]:
        found = await find_by_id(self._collections.reservations, reservation_ids)
        return read_each(ReservationDocument, "reservations", found)

    async def _own_shards(
        self, requests: Sequence[Asked[Request]], decided: Mapping[str, LedgerDocument]
    ) -> Readings[InventoryDocument]:
        campaigns = {asked.request.campaign_id for asked in requests}
        campaigns |= {entry.outcome.campaign_id for entry in decided.values() if entry.outcome.campaign_id}
        ids = [shard_id(campaign, code_type, self._shard) for campaign in campaigns for code_type in CODE_TYPES]
        return read_each(InventoryDocument, "inventory", await find_by_id(self._collections.inventory, ids))

    async def _codes(self, reservations: Iterable[ReservationDocument], needs: Needs) -> Readings[AssignableCode]:
        if not self._publishes_code_values:
            return Readings({}, {})
        held = {code_id for reservation in reservations for code_id in held_codes(reservation)}
        found = await find_by_id(self._collections.codes, held | needs.redelivered_codes, {"code": 1, "moved_by": 1})
        return read_each(AssignableCode, "codes", found)

    async def _candidates(self, needs: Needs, facts: Facts) -> dict[StockKey, Sequence[Candidate]]:
        return {
            key: await self._stock.supply(key, wanted)
            for key, wanted in needs.stock.items()
            if key.campaign_id in facts.known_campaigns and not facts.is_closed(key)
        }


def held_codes(reservation: ReservationDocument) -> tuple[str, ...]:
    """The codes that a request may still take to their end."""
    return reservation.code_ids if reservation.state == "held" else ()


def taken_codes(reservation: ReservationDocument) -> tuple[str, ...]:
    """The codes that are not available because of it."""
    return reservation.code_ids if reservation.state in TAKEN else ()


def holding_unreadable(
    reservations: Iterable[ReservationDocument], codes: Readings[AssignableCode]
) -> dict[str, str]:
    """Held reservations of which a code cannot be read, and why not."""
    if not codes.unreadable:
        return {}
    found: dict[str, str] = {}
    for reservation in reservations:
        broken = codes.unreadable.keys() & held_codes(reservation)
        whys = sorted({codes.unreadable[code_id] for code_id in broken})
        if whys:
            found[reservation.id] = f"code_ids: {'; '.join(whys)}"
    return found
