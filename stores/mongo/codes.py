"""Codes, reservations, the ledger and the inventory in MongoDB: what one partition writes. `gathering.py` reads.

In:       a batch's requests; then the plan that was made of them.
Out:      facts; then nothing, or an error whose class decides whether to try again.
Promise:  `apply` is one transaction. Every write is guarded by what the plan was made from, so a stale plan writes
          nothing. A batch costs a handful of round trips, however large it is.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo import UpdateMany

from handlers.code_ids import CAMPAIGN_DIGITS
from handlers.requests.facts import Facts, StockKey
from handlers.requests.plan import Plan
from handlers.requests.state import CodeMove
from handlers.shards import ShardChange
from schemas.base import CodeStatus
from schemas.errors import FactsStale
from schemas.records import Asked
from schemas.requests import Request
from stores.code_port import StockFigures
from stores.mongo.campaigns import Campaigns
from stores.mongo.collections import Collection, Collections, Document, to_document
from stores.mongo.connection import Client, is_sharded
from stores.mongo.consistency import Consistency
from stores.mongo.errors import idempotent, in_transaction, writing
from stores.mongo.gathering import Gathering
from stores.mongo.last_codes import new_mark
from stores.mongo.ownership import Ownership
from stores.mongo.shards import begin_shards, check_complete, new_shards, write_shards
from stores.mongo.slow_chunks import batch_in_time
from stores.mongo.stock import Stock
from stores.mongo.transactions import run_transaction
from stores.mongo.walk import numbers_of


@dataclass(frozen=True, slots=True)
class MongoParts:
    """What the stores of one process share."""

    client: Client
    collections: Collections
    campaigns: Campaigns
    turns: asyncio.Semaphore
    """As many as transactions may run at once (`mongo.transactions_max`)."""
    background: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """One of them for what no fan waits for: a hundred thousand expiries at once must leave room for reserves."""
    stock: StockFigures = field(default_factory=StockFigures)


class MongoCodeStore:
    """One partition's way to the database; implements `stores.code_port.CodeStore`."""

    def __init__(
        self, parts: MongoParts, shard: str, *, publishes_code_values: bool, low_priority: bool = False
    ) -> None:
        """`publishes_code_values`: the partition's decisions assign codes to fans, so their values are published.

        `low_priority`: no fan waits for its batches, so only one of them at a time runs in this process.
        """
        self._parts = parts
        self._collections = parts.collections
        self._turns = (parts.background, parts.turns) if low_priority else (parts.turns,)
        self._ownership = Ownership(parts.client, parts.collections, shard)
        self._stock = Stock(parts.collections, parts.campaigns, parts.stock, shard, with_values=publishes_code_values)
        self._gathering = Gathering(
            parts.collections, parts.campaigns, self._stock, shard, publishes_code_values=publishes_code_values
        )

    async def take_over(self) -> None:
        """See `CodeStore.take_over`."""
        await self._ownership.take_over()

    async def gather(self, requests: Sequence[Asked[Request]]) -> Facts:
        """See `CodeStore.gather`."""
        with idempotent():
            return await self._gathering.facts(requests)

    async def apply(self, plan: Plan) -> None:
        """See `CodeStore.apply`."""
        if not plan.writes:
            return
        try:
            with in_transaction(), batch_in_time():
                await self._write_in_turn(plan)
        except FactsStale:
            self._stock.forget()
            self._parts.campaigns.forget(change.after.campaign_id for change in new_shards(plan.shard_changes))
            raise
        self._stock.used(code_id for move in plan.code_moves.values() for code_id in move)

    async def inconsistent(self, reservation_ids: Iterable[str]) -> Mapping[str, str]:
        """See `CodeStore.inconsistent`."""
        return await Consistency(self._collections).disagreements(list(reservation_ids))

    async def _write_in_turn(self, plan: Plan) -> None:
        async with AsyncExitStack() as held:
            for turns in self._turns:
                await held.enter_async_context(turns)
            await self._write_at_once(plan)

    async def _write_at_once(self, plan: Plan) -> None:
        session = await self._ownership.session()
        await begin_shards(self._collections, plan.shard_changes, session)

        async def statements() -> None:
            with writing(), batch_in_time():  # not the commit, which may have happened whatever it reports
                await self._write(plan, session)

        await run_transaction(session, statements)

    async def _write(self, plan: Plan, session: AsyncIOMotorClientSession) -> None:
        entries = [to_document(entry) for entry in plan.new_entries]
        await self._collections.requests.insert_many(entries, ordered=False, session=session)
        await self._move_codes(plan, session)
        await self._move_reservations(plan, session)
        await self._change_shards(plan, session)

    async def _move_codes(self, plan: Plan, session: AsyncIOMotorClientSession) -> None:
        for move, code_ids in plan.code_moves.items():
            guard = code_guard(move, code_ids, plan.holders)
            update = {"status": str(move.after), **moved(plan)}
            await self._move(self._collections.codes, guard, update, session, code_writes(move, guard, update))

    async def _move_reservations(self, plan: Plan, session: AsyncIOMotorClientSession) -> None:
        if plan.new_reservations:
            opened = [to_document(reservation) for reservation in plan.new_reservations]
            await self._collections.reservations.insert_many(opened, ordered=False, session=session)
        for state, ids in plan.reservation_moves.items():
            guard = {"_id": {"$in": list(ids)}, "state": "held"}
            update = {"state": state, **moved(plan)}
            await self._move(self._collections.reservations, guard, update, session)

    async def _change_shards(self, plan: Plan, session: AsyncIOMotorClientSession) -> None:
        """With the counts goes what is walked: were it written alone, it could be of codes that stay available."""
        taken = {
            code_id
            for move, code_ids in plan.code_moves.items()
            if move.before == CodeStatus.AVAILABLE
            for code_id in code_ids
        }
        changes = [self._with_walk(change, taken) for change in plan.shard_changes]
        await write_shards(self._collections, changes, session)

    def _with_walk(self, change: ShardChange, taken: set[str]) -> ShardChange:
        shard = change.after
        parts = self._stock.walked(StockKey(shard.campaign_id, shard.code_type), taken)
        if parts is None:
            return change
        return change._replace(after=shard.model_copy(update={"walked": tuple(numbers_of(parts))}))

    async def _move(
        self,
        collection: Collection,
        guard: Document,
        update: Document,
        session: AsyncIOMotorClientSession,
        writes: Sequence[UpdateMany] = (),
    ) -> None:
        """Move the documents that the guard names by id, or raise FactsStale.

        On a sharded cluster the update's own count is not used: a router may send the update to a shard that has
        orphans, which are copies of documents that moved to another shard. Some versions update and count them too,
        so the count could hide a document that was not as planned. A read finds no orphans.
        """
        done = writes or [UpdateMany(guard, {"$set": update})]
        outcome = await collection.bulk_write(done, ordered=False, session=session)
        matched = outcome.matched_count
        if is_sharded(self._parts.client):
            matched = await collection.count_documents({"_id": guard["_id"], **update}, session=session)
        check_complete(collection.name, matched, len(guard["_id"]["$in"]))


def moved(plan: Plan) -> Document:
    """The fields of every document that a plan moves."""
    return {"moved_by": plan.batch_id, "changed_at": plan.decided_at}


def code_guard(move: CodeMove, code_ids: Sequence[str], holders: Iterable[str]) -> Document:
    """What codes must still be to be moved.

    Held ones are moved by their holders alone: a code that a restore left in two reservations must not be assigned or
    released through the wrong one.
    """
    guard: Document = {"_id": {"$in": list(code_ids)}, "status": str(move.before)}
    return {**guard, "moved_by": {"$in": list(holders)}} if move.before == CodeStatus.RESERVED else guard


def code_writes(move: CodeMove, guard: Document, update: Document) -> list[UpdateMany]:
    """The writes of a move. A code that comes back is behind the walks, and gets a mark; a taken one loses it."""
    if move.after != CodeStatus.AVAILABLE:
        return [UpdateMany(guard, {"$set": update, "$unset": {"returned": ""}})]
    by_campaign: dict[str, list[str]] = {}
    for code_id in guard["_id"]["$in"]:
        by_campaign.setdefault(code_id[:CAMPAIGN_DIGITS], []).append(code_id)
    return [
        UpdateMany({**guard, "_id": {"$in": ids}}, {"$set": {**update, "returned": new_mark(prefix)}})
        for prefix, ids in by_campaign.items()
    ]
