"""The port `CodeStore` in memory: the guards of `stores/mongo/codes.py`, and faults at exact moments.

In:       a batch's requests, then its plan; and the faults that a test arranges.
Out:      facts; then nothing, or an error.
Promise:  `apply` writes all or nothing, like one transaction. Both stores pass `tests/contract`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
TAKEN = frozenset({"held", "assigned"})
STOCK_YIELD: Final = 2
"""A refill takes this many times the demand, so that a stock lasts and can become stale."""

T = TypeVar("T")


@dataclass(slots=True)
class MemoryDatabase:
    """The collections that all shards share."""

    codes: dict[str, CodeDocument] = field(default_factory=dict)
    reservations: dict[str, ReservationDocument] = field(default_factory=dict)
    requests: dict[str, LedgerDocument] = field(default_factory=dict)
    inventory: dict[str, InventoryDocument] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    """Campaigns."""
    applied: list[Plan] = field(default_factory=list)
    """Applied plans, in the order of their commits; plans without writes included."""

    def add_codes(self, key: StockKey, codes: Iterable[Candidate], at: datetime) -> None:
        """Insert codes and count them in the import's shard, as an import's transaction does."""
        added = [self._code(key, number, code, at) for number, code in enumerate(codes)]
        self.codes |= {code.id: code for code in added}
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
            is_closed=key.campaign_id in self.closed,
        )

    def set_closed(self, campaign_id: str, *, is_closed: bool) -> None:
        """Close or reopen a campaign: its document, and the mark on each of its shards."""
        (self.closed.add if is_closed else self.closed.discard)(campaign_id)
        for shard_id, shard in self.inventory.items():
            if shard.campaign_id == campaign_id:
                self.inventory[shard_id] = shard.model_copy(update={"is_closed": is_closed})

    def available(self, key: StockKey) -> list[Candidate]:
        """All available codes, in the order of their ids."""
        found = (code for code in self.codes.values() if is_of(code, key) and code.status == CodeStatus.AVAILABLE)
        return [Candidate(code.id, code.code) for code in sorted(found, key=lambda code: (len(code.id), code.id))]

    def _code(self, key: StockKey, number: int, candidate: Candidate, at: datetime) -> CodeDocument:
        return CodeDocument(
            _id=candidate.code_id,
            campaign_id=key.campaign_id,
            code=candidate.code,
            code_type=key.code_type,
            status=CodeStatus.AVAILABLE,
            moved_by=f"{IMPORT_SHARD}@1",
            imported_by="i-1",
            changed_at=at,
        )


class MemoryCodeStore:
    """The store of one partition."""

    def __init__(self, database: MemoryDatabase, shard: str, *, publishes_code_values: bool) -> None:
        self.faults = Faults()
        self._database = database
        self._shard = shard
        self._publishes_code_values = publishes_code_values
        self._stock: dict[StockKey, dict[str, Candidate]] = {}

    def put_in_stock(self, key: StockKey, gone: Iterable[Candidate]) -> None:
        """Make the stock stale: put candidates first that other partitions have taken."""
        self._stock[key] = {candidate.code_id: candidate for candidate in gone} | self._stock.get(key, {})

    async def take_over(self) -> None:
        """See `CodeStore.take_over`: no transaction can be open in memory."""

    async def gather(self, requests: Sequence[Asked[Request]]) -> Facts:
        """See `CodeStore.gather`."""
        decided = self._decided(requests)
        needs = needs_of(requests, decided)
        campaigns = {shard.campaign_id for shard in self._database.inventory.values()}
        reservations = chosen(self._database.reservations, needs.reservations)
        self._used(code_id for found in reservations.values() if found.state in TAKEN for code_id in found.code_ids)
        known = needs.campaigns & campaigns
        codes = self._codes_with_values(reservations.values(), needs.redelivered_codes)
        facts = Facts(
            known_campaigns=known,
            closed_campaigns=frozenset(self._database.closed),
            decided=decided,
            reservations=reservations,
            code_values={code.id: code.code for code in codes},
            code_holders={code.id: code.moved_by for code in codes} if self._publishes_code_values else None,
            shards={
                StockKey(shard.campaign_id, shard.code_type): shard
                for shard in self._database.inventory.values()
                if shard.shard == self._shard
            },
        )
        wanted = {key: count for key, count in needs.stock.items() if key.campaign_id in known}
        drawn = {key: self._supply(key, count) for key, count in wanted.items() if not facts.is_closed(key)}
        return replace(facts, candidates=drawn)

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
        codes = {code.id: CodeState(code.status, code.moved_by) for code in self._database.codes.values()}
        named = chosen(self._database.reservations, reservation_ids)
        found = {rid: disagreement(reservation, codes) for rid, reservation in named.items()}
        return {rid: why for rid, why in found.items() if why is not None}

    def _decided(self, requests: Iterable[Asked[Request]]) -> Mapping[str, LedgerDocument]:
        return chosen(self._database.requests, (asked.request.request_id for asked in requests))

    def _codes_with_values(
        self, reservations: Iterable[ReservationDocument], redelivered_codes: frozenset[str]
    ) -> Collection[CodeDocument]:
        if not self._publishes_code_values:
            return ()
        held = {code_id for hold in reservations if hold.state == "held" for code_id in hold.code_ids}
        return chosen(self._database.codes, held | redelivered_codes).values()

    def _supply(self, key: StockKey, wanted: int) -> list[Candidate]:
        held = self._stock.setdefault(key, {})
        if len(held) < wanted:
            fresh = self._database.available(key)
            if len(fresh) < wanted:
                held.clear()
            held |= {candidate.code_id: candidate for candidate in islice(fresh, wanted * STOCK_YIELD)}
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
            stale_if(len(found) != len(code_ids) or any(code.status != move.before for code in found), "codes")
            is_held = move.before == CodeStatus.RESERVED
            stale_if(is_held and any(code.moved_by not in plan.holders for code in found), "codes")

    def _check_reservations(self, plan: Plan) -> None:
        held = self._database.reservations
        stale_if(any(reservation.id in held for reservation in plan.new_reservations), "reservations")
        moved = (rid for ids in plan.reservation_moves.values() for rid in ids)
        stale_if(any(held[rid].state != "held" for rid in moved), "reservations")

    def _check_shards(self, changes: Iterable[ShardChange]) -> None:
        for change in changes:
            found = self._database.inventory.get(change.after.id)
            stale_if((0 if found is None else found.version) != change.version_before, "inventory")
            stale_if(not self._is_as_closed(change), "inventory")

    def _is_as_closed(self, change: ShardChange) -> bool:
        return change.after.is_closed == (change.after.campaign_id in self._database.closed)

    def _write(self, plan: Plan) -> None:
        database = self._database
        moved = {"moved_by": plan.batch_id, "changed_at": plan.decided_at}
        database.requests |= {entry.id: entry for entry in plan.new_entries}
        for move, code_ids in plan.code_moves.items():
            for code_id in code_ids:
                update = {"status": move.after, **moved}
                database.codes[code_id] = database.codes[code_id].model_copy(update=update)
        database.reservations |= {reservation.id: reservation for reservation in plan.new_reservations}
        for state, ids in plan.reservation_moves.items():
            for rid in ids:
                update = {"state": state, **moved}
                database.reservations[rid] = database.reservations[rid].model_copy(update=update)
        database.inventory |= {change.after.id: change.after for change in plan.shard_changes}


def chosen(documents: Mapping[str, T], ids: Iterable[str]) -> dict[str, T]:
    """The documents with these ids that exist."""
    return {key: documents[key] for key in ids if key in documents}


def summed(shards: Iterable[InventoryDocument]) -> Counter[tuple[str, str, str]]:
    """Codes by campaign, type and status, as the shards add up; zeros are left out."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for shard in shards:
        for status in ("available", "reserved", "assigned"):
            counts[shard.campaign_id, shard.code_type, status] += getattr(shard, status)
    return Counter({key: count for key, count in counts.items() if count})


def is_of(code: CodeDocument, key: StockKey) -> bool:
    """Whether a code has this campaign and code type."""
    return (code.campaign_id, code.code_type) == key


def stale_if(is_stale: bool, collection: str) -> None:
    """Raise FactsStale on a condition."""
    if is_stale:
        raise FactsStale(f"{collection}: no longer as planned")
