"""The state that one batch works on: facts, and what the requests decided so far made of them.

In:       the facts of a batch.
Out:      the net writes, once all requests are decided.
Promise:  a request sees what the one before it did; nothing outside is touched.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from handlers.requests.facts import Candidate, Facts, StockKey
from handlers.shards import ShardChange, changed_shard, empty_shard, shard_id
from schemas.base import CodeStatus, to_milliseconds
from schemas.documents import LedgerDocument, ReservationDocument, ReservationState
from schemas.errors import FactsStale, ReservationInconsistent
from schemas.events import InventoryCause
from schemas.records import Asked
from schemas.requests import AssignFromStock, Request, ReserveRequest
from schemas.results import Result

STATUS_OF: Mapping[ReservationState, CodeStatus] = {
    "held": CodeStatus.RESERVED,
    "assigned": CodeStatus.ASSIGNED,
    "released": CodeStatus.AVAILABLE,
    "expired": CodeStatus.AVAILABLE,
}
CAUSE_OF: Mapping[ReservationState, InventoryCause] = {
    "held": "reserve",
    "assigned": "assign",
    "released": "release",
    "expired": "expire",
}


class CodeMove(NamedTuple):
    """From which status to which."""

    before: CodeStatus
    after: CodeStatus


@dataclass(slots=True)
class Totals:
    """What a batch adds to one shard, net."""

    delta: dict[CodeStatus, int] = field(default_factory=lambda: dict.fromkeys(CodeStatus, 0))
    cause: InventoryCause = "reserve"


def iter_left(stock: deque[Candidate]) -> Iterator[Candidate]:
    """Take one after the other."""
    while stock:
        yield stock.popleft()


class WorkingState:
    """Lives for one batch. `now` is the time of decision, UTC with milliseconds."""

    def __init__(self, facts: Facts, *, shard: str, batch_id: str, now: datetime) -> None:
        self.now = to_milliseconds(now)
        self.known_campaigns = facts.known_campaigns
        self.ledger = dict(facts.decided)
        self.new_entries: list[LedgerDocument] = []
        self.code_values = dict(facts.code_values)
        self.inconsistent = facts.inconsistent
        self.unreadable_entries = facts.unreadable_entries
        self.holders: set[str] = set()
        self._shard = shard
        self._batch_id = batch_id
        self._code_holders = facts.code_holders
        self._shards = facts.shards
        self._unreadable_shards = facts.unreadable_shards
        self._stock = {key: deque(candidates) for key, candidates in facts.candidates.items()}
        self._reservations = dict(facts.reservations)
        self._reservations_read = frozenset(facts.reservations)
        self._touched: dict[str, None] = {}
        self._moves: dict[str, CodeMove] = {}
        self._totals: defaultdict[StockKey, Totals] = defaultdict(Totals)

    def reservation(self, reservation_id: str, campaign_id: str) -> ReservationDocument | None:
        """A reservation of this campaign, as the requests so far left it."""
        found = self._reservations.get(reservation_id)
        return found if found is not None and found.campaign_id == campaign_id else None

    def has_reservation(self, reservation_id: str) -> bool:
        """Whether the id is taken, in whatever campaign."""
        return reservation_id in self._reservations or self.is_unreadable(reservation_id)

    def is_unreadable(self, reservation_id: str) -> bool:
        """Whether there is a reservation of this id, and nothing else is known of it."""
        return reservation_id in self.inconsistent and reservation_id not in self._reservations

    def draw(self, key: StockKey, quantity: int, *, request_id: str) -> tuple[str, ...] | None:
        """Take `quantity` codes from the stock; None, and nothing taken, if it has fewer.

        Raises:
            ReservationInconsistent: the shard that counts them cannot be read. None was taken: a request that is set
                aside must not make the next one find the stock empty.
            FactsStale: it has fewer, because this batch moves some of them for their reservations.
        """
        stock = self._stock.get(key)
        if stock is None or len(stock) < quantity:
            return None
        self._check_shard(key, request_id)
        # The stock may still have a code that was reserved since it was read. If this batch takes that reservation to
        # its end, both moves become one, which is guarded by the reservation alone: two fans would get the code.
        fresh = (found for found in iter_left(stock) if found.code_id not in self._moves)
        drawn = list(islice(fresh, quantity))
        if len(drawn) < quantity:
            raise FactsStale("codes: a reservation of this batch has some of the stock")
        self.code_values.update(drawn)
        return tuple(candidate.code_id for candidate in drawn)

    def open_reservation(
        self,
        request: ReserveRequest | AssignFromStock,
        code_ids: tuple[str, ...],
        *,
        state: ReservationState,
        expires_at: datetime | None,
    ) -> ReservationDocument:
        """Bind drawn codes to the request's fan."""
        reservation = ReservationDocument.trusted(
            id=request.request_id,
            campaign_id=request.campaign_id,
            fan_id=request.fan_id,
            code_type=request.code_type,
            code_ids=code_ids,
            state=state,
            expires_at=expires_at,
            moved_by=self._batch_id,
            changed_at=self.now,
        )
        self._put(reservation, before=CodeStatus.AVAILABLE)
        return reservation

    def close_reservation(self, reservation: ReservationDocument, end: ReservationState) -> ReservationDocument:
        """Take a held reservation to its end, and its codes with it.

        Raises:
            FactsStale: a code was read that another reservation holds, or that this batch has moved already.
            ReservationInconsistent: the shard that counts them cannot be read.
        """
        self._check_shard(StockKey(reservation.campaign_id, reservation.code_type), reservation.id)
        if reservation.id in self._reservations_read:
            self._check_holder(reservation)
            self.holders.add(reservation.moved_by)
        closed = reservation.model_copy(
            update={"state": end, "moved_by": self._batch_id, "changed_at": self.now},
        )
        self._put(closed, before=CodeStatus.RESERVED)
        return closed

    def remember(self, asked: Asked[Request], result: Result) -> None:
        """Enter an outcome into the ledger."""
        entry = LedgerDocument.trusted(
            id=asked.request.request_id,
            digest=asked.digest,
            source=asked.source,
            outcome=result,
            decided_at=result.decided_at,
        )
        self.ledger[entry.id] = entry
        self.new_entries.append(entry)

    def code_moves(self) -> dict[CodeMove, tuple[str, ...]]:
        """Code ids by their net move; a code that came back where it was does not move."""
        grouped: dict[CodeMove, list[str]] = {}
        for code_id, move in self._moves.items():
            if move.before != move.after:
                grouped.setdefault(move, []).append(code_id)
        return {move: tuple(code_ids) for move, code_ids in grouped.items()}

    def new_reservations(self) -> tuple[ReservationDocument, ...]:
        """Reservations that did not exist before this batch, in their last state."""
        return tuple(self._reservations[rid] for rid in self._touched if rid not in self._reservations_read)

    def reservation_moves(self) -> dict[ReservationState, tuple[str, ...]]:
        """Ids of reservations that this batch takes out of `held`, by the state they go to."""
        grouped: dict[ReservationState, list[str]] = {}
        for rid in self._touched:
            if rid in self._reservations_read:
                grouped.setdefault(self._reservations[rid].state, []).append(rid)
        return {state: tuple(ids) for state, ids in grouped.items()}

    def shard_changes(self) -> tuple[ShardChange, ...]:
        """This partition's shards after the batch; those whose totals stay are left out."""
        return tuple(self._changed(key, totals) for key, totals in self._totals.items() if any(totals.delta.values()))

    def _check_holder(self, reservation: ReservationDocument) -> None:
        """Raises FactsStale if another reservation has its codes.

        Moved through the wrong one, a code could go to a fan while another fan holds it, and be counted twice.
        """
        if any(code_id in self._moves for code_id in reservation.code_ids):
            raise FactsStale("codes: two reservations of a batch name the same one")
        holders = self._code_holders
        if holders is not None and any(
            holders.get(code_id) != reservation.moved_by for code_id in reservation.code_ids
        ):
            raise FactsStale("codes: not held by the reservation that names them")

    def _check_shard(self, key: StockKey, reservation_id: str) -> None:
        """Raises ReservationInconsistent if the totals are unknown that a move of these codes would change."""
        why = self._unreadable_shards.get(shard_id(key.campaign_id, key.code_type, self._shard))
        if why is not None:
            raise ReservationInconsistent(reservation_id, why)

    def _put(self, reservation: ReservationDocument, *, before: CodeStatus) -> None:
        self._reservations[reservation.id] = reservation
        self._touched[reservation.id] = None
        after = STATUS_OF[reservation.state]
        for code_id in reservation.code_ids:
            first = self._moves.get(code_id, CodeMove(before, after)).before
            self._moves[code_id] = CodeMove(first, after)
        totals = self._totals[StockKey(reservation.campaign_id, reservation.code_type)]
        totals.delta[before] -= len(reservation.code_ids)
        totals.delta[after] += len(reservation.code_ids)
        totals.cause = CAUSE_OF[reservation.state]

    def _changed(self, key: StockKey, totals: Totals) -> ShardChange:
        before = self._shards.get(key) or empty_shard(key.campaign_id, key.code_type, self._shard, now=self.now)
        return changed_shard(before, totals.delta, cause=totals.cause, now=self.now)
