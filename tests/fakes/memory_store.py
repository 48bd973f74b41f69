"""The port `CodeStore` in memory: the guards of `stores/mongo/codes.py`, and faults at exact moments.

In:       a batch's requests; then the plan that was made of them. And a test's word on what shall go wrong.
Out:      facts; then nothing, or an error.
Promise:  `apply` writes all or nothing, as one transaction does. Both stores pass `tests/contract`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, TypeVar

from handlers.requests.consistency import CodeState, disagreement
from handlers.requests.facts import Candidate, Facts, StockKey, needs_of
from handlers.requests.plan import Plan
from handlers.shards import ShardChange
from schemas.base import CodeStatus
from schemas.documents import CodeDocument, InventoryDocument, LedgerDocument, ReservationDocument
from schemas.errors import FactsStale
from schemas.records import Asked
from schemas.requests import Request
from tests.fakes.faults import Faults

IMPORT_SHARD: Final = "import.commands.v1.0"
STOCK_YIELD: Final = 2
"""A refill takes so many times what is wanted, so that a stock lasts, and grows stale."""

T = TypeVar("T")


@dataclass(slots=True)
class MemoryDatabase:
    """What all shards share."""

    codes: dict[str, CodeDocument] = field(default_factory=dict)
    reservations: dict[str, ReservationDocument] = field(default_factory=dict)
    requests: dict[str, LedgerDocument] = field(default_factory=dict)
    inventory: dict[str, InventoryDocument] = field(default_factory=dict)
    applied: list[Plan] = field(default_factory=list)
    """Plans that are written, those without writes included, in the order of their commits."""

    def add_codes(self, key: StockKey, codes: Iterable[Candidate], at: datetime) -> None:
        """What an import's transaction does: insert codes, and count them in the import's own shard."""
        added = [self._code(key, number, one, at) for number, one in enumerate(codes)]
        self.codes |= {one.id: one for one in added}
        shard_id = f"{key.campaign_id}:{key.code_type}:{IMPORT_SHARD}"
        old = self.inventory.get(shard_id)
        self.inventory[shard_id] = InventoryDocument(
            _id=shard_id,
            campaign_id=key.campaign_id,
            code_type=key.code_type,
            shard=IMPORT_SHARD,
            version=1 if old is None else old.version + 1,
            available=len(added) if old is None else old.available + len(added),
            reserved=0,
            assigned=0,
            cause="import",
            changed_at=at,
        )

    def available(self, key: StockKey) -> list[Candidate]:
        """A look at everything there is, in the order of the draw."""
        found = (one for one in self.codes.values() if is_in(one, key) and one.status == CodeStatus.AVAILABLE)
        return [Candidate(one.id, one.code) for one in sorted(found, key=lambda one: one.draw)]

    def _code(self, key: StockKey, number: int, one: Candidate, at: datetime) -> CodeDocument:
        return CodeDocument(
            _id=one.code_id,
            campaign_id=key.campaign_id,
            code=one.code,
            code_type=key.code_type,
            status=CodeStatus.AVAILABLE,
            draw=len(self.codes) + number,
            moved_by=f"{IMPORT_SHARD}@1",
            imported_by="i-1",
            changed_at=at,
        )


class MemoryCodeStore:
    """One partition's way to the database."""

    def __init__(self, database: MemoryDatabase, shard: str, *, tells_values: bool) -> None:
        self.faults = Faults()
        self._database = database
        self._shard = shard
        self._tells_values = tells_values
        self._stock: dict[StockKey, dict[str, Candidate]] = {}

    def put_in_stock(self, key: StockKey, gone: Iterable[Candidate]) -> None:
        """Make the stock stale: candidates that somebody else has by now come first."""
        self._stock[key] = {one.code_id: one for one in gone} | self._stock.get(key, {})

    async def take_over(self) -> None:
        """See `CodeStore.take_over`: memory holds nothing open."""

    async def gather(self, requests: Sequence[Asked[Request]]) -> Facts:
        """See `CodeStore.gather`."""
        decided = self._decided(requests)
        needs = needs_of(requests, decided)
        campaigns = {shard.campaign_id for shard in self._database.inventory.values()}
        reservations = chosen(self._database.reservations, needs.reservations)
        known = needs.campaigns & campaigns
        told = self._told(reservations.values(), needs.told_again)
        return Facts(
            known_campaigns=known,
            decided=decided,
            reservations=reservations,
            code_values={one.id: one.code for one in told},
            code_holders={one.id: one.moved_by for one in told} if self._tells_values else None,
            candidates={
                key: self._supply(key, wanted) for key, wanted in needs.stock.items() if key.campaign_id in known
            },
            shards={
                StockKey(one.campaign_id, one.code_type): one
                for one in self._database.inventory.values()
                if one.shard == self._shard
            },
        )

    async def apply(self, plan: Plan) -> None:
        """See `CodeStore.apply`."""
        await self.faults.before_apply()
        if plan.writes:
            try:
                self._check(plan)
            except FactsStale:
                self._stock.clear()
                raise
            self._write(plan)
        self._database.applied.append(plan)
        self.faults.after_apply()
        self._used(code_id for code_ids in plan.code_moves.values() for code_id in code_ids)

    async def inconsistent(self, reservation_ids: Collection[str]) -> Mapping[str, str]:
        """See `CodeStore.inconsistent`."""
        codes = {one.id: CodeState(one.status, one.moved_by) for one in self._database.codes.values()}
        named = chosen(self._database.reservations, reservation_ids)
        found = {rid: disagreement(reservation, codes) for rid, reservation in named.items()}
        return {rid: why for rid, why in found.items() if why is not None}

    def _decided(self, requests: Iterable[Asked[Request]]) -> Mapping[str, LedgerDocument]:
        return chosen(self._database.requests, (asked.request.request_id for asked in requests))

    def _told(
        self, reservations: Iterable[ReservationDocument], told_again: frozenset[str]
    ) -> Collection[CodeDocument]:
        if not self._tells_values:
            return ()
        held = {code_id for one in reservations if one.state == "held" for code_id in one.code_ids}
        return chosen(self._database.codes, held | told_again).values()

    def _supply(self, key: StockKey, wanted: int) -> list[Candidate]:
        held = self._stock.setdefault(key, {})
        if len(held) < wanted:
            fresh = self._database.available(key)
            if len(fresh) < wanted:
                held.clear()
            held |= {one.code_id: one for one in islice(fresh, wanted * STOCK_YIELD)}
        return list(islice(held.values(), wanted))

    def _used(self, code_ids: Iterable[str]) -> None:
        for code_id in list(code_ids):
            for held in self._stock.values():
                held.pop(code_id, None)

    def _check(self, plan: Plan) -> None:
        self._check_ledger(plan)
        self._check_codes(plan)
        self._check_reservations(plan)
        self._check_shards(plan.shard_changes)

    def _check_ledger(self, plan: Plan) -> None:
        stale_if(any(entry.id in self._database.requests for entry in plan.new_entries), "requests")

    def _check_codes(self, plan: Plan) -> None:
        for move, code_ids in plan.code_moves.items():
            found = chosen(self._database.codes, code_ids).values()
            stale_if(len(found) != len(code_ids) or any(one.status != move.before for one in found), "codes")
            is_held = move.before == CodeStatus.RESERVED
            stale_if(is_held and any(one.moved_by not in plan.holders for one in found), "codes")

    def _check_reservations(self, plan: Plan) -> None:
        held = self._database.reservations
        stale_if(any(one.id in held for one in plan.new_reservations), "reservations")
        moved = (rid for ids in plan.reservation_moves.values() for rid in ids)
        stale_if(any(held[rid].state != "held" for rid in moved), "reservations")

    def _check_shards(self, changes: Iterable[ShardChange]) -> None:
        for change in changes:
            found = self._database.inventory.get(change.after.id)
            stale_if((0 if found is None else found.version) != change.version_before, "inventory")

    def _write(self, plan: Plan) -> None:
        database = self._database
        moved = {"moved_by": plan.batch_id, "changed_at": plan.decided_at}
        database.requests |= {entry.id: entry for entry in plan.new_entries}
        for move, code_ids in plan.code_moves.items():
            for code_id in code_ids:
                update = {"status": move.after, **moved}
                database.codes[code_id] = database.codes[code_id].model_copy(update=update)
        database.reservations |= {one.id: one for one in plan.new_reservations}
        for state, ids in plan.reservation_moves.items():
            for rid in ids:
                update = {"state": state, **moved}
                database.reservations[rid] = database.reservations[rid].model_copy(update=update)
        database.inventory |= {change.after.id: change.after for change in plan.shard_changes}


def chosen(documents: Mapping[str, T], ids: Iterable[str]) -> dict[str, T]:
    """Those of the documents that are there."""
    return {one: documents[one] for one in ids if one in documents}


def is_in(code: CodeDocument, key: StockKey) -> bool:
    """Whether a code is of a kind."""
    return (code.campaign_id, code.code_type) == key


def stale_if(is_stale: bool, what: str) -> None:
    """Raises FactsStale if so."""
    if is_stale:
        raise FactsStale(f"{what}: no longer as planned")
