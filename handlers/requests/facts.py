"""What a decision is made from, and which of it a batch needs.

In:   the readable requests of a batch.
Out:  `Needs` (what to read), `Facts` (what was read); `stores` turns the one into the other.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from schemas.base import CodeType
from schemas.documents import InventoryDocument, LedgerDocument, ReservationDocument
from schemas.records import Asked
from schemas.requests import AssignFromStock, AssignReservation, ReleaseRequest, Request, ReserveRequest


class StockKey(NamedTuple):
    """Which codes are alike: a fan takes any of them."""

    campaign_id: str
    code_type: CodeType


class Candidate(NamedTuple):
    """A code that was available when it was read. Only a hint: the guard of the write decides."""

    code_id: str
    code: str
    """The secret; empty where it is not published (reserve)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true, as far as this batch must know it."""

    known_campaigns: frozenset[str] = frozenset()
    """Campaigns that any import has written to."""
    closed_campaigns: frozenset[str] = frozenset()
    """Campaigns that are closed, as far as is known; of a campaign in `shards`, the shard knows it for certain."""
    decided: Mapping[str, LedgerDocument] = field(default_factory=dict)
    """The ledger's entries of this batch's request ids."""
    reservations: Mapping[str, ReservationDocument] = field(default_factory=dict)
    """The reservations this batch names."""
    code_values: Mapping[str, str] = field(default_factory=dict)
    """Code id to secret: of the codes this batch may assign, or publish again."""
    code_holders: Mapping[str, str] | None = None
    """Code id to `moved_by`, of the same codes; None where codes were not read."""
    candidates: Mapping[StockKey, Sequence[Candidate]] = field(default_factory=dict)
    """As many as are wanted, or all that a fresh look at everything found."""
    shards: Mapping[StockKey, InventoryDocument] = field(default_factory=dict)
    """The totals of this partition's own shards."""
    inconsistent: Mapping[str, str] = field(default_factory=dict)
    """Reservations that cannot be moved, and why: their document or one of their codes cannot be read, or they
    disagree with their codes (`handlers/requests/consistency.py`; known only once a plan proved stale again and
    again)."""
    unreadable_entries: Mapping[str, str] = field(default_factory=dict)
    """Request ids whose ledger entry cannot be read, and why not."""
    unreadable_shards: Mapping[str, str] = field(default_factory=dict)
    """Ids of this partition's own shards that cannot be read, and why not."""

    def is_closed(self, key: StockKey) -> bool:
        """Whether codes of this kind are given out no more."""
        shard = self.shards.get(key)
        return key.campaign_id in self.closed_campaigns if shard is None else shard.is_closed


@dataclass(frozen=True, slots=True)
class Needs:
    """What to read for a batch, ledger aside."""

    campaigns: frozenset[str]
    reservations: frozenset[str]
    stock: Mapping[StockKey, int]
    """Codes wanted, all requests together."""
    redelivered_codes: frozenset[str]
    """Ids of codes that were assigned by records of this batch before a crash."""


def needs_of(requests: Sequence[Asked[Request]], decided: Mapping[str, LedgerDocument]) -> Needs:
    """What the undecided requests must know, and what of the decided ones must be published again."""
    undecided = [asked.request for asked in requests if asked.request.request_id not in decided]
    again = (redelivered_codes(asked, decided.get(asked.request.request_id)) for asked in requests)
    return Needs(
        campaigns=frozenset(asked.request.campaign_id for asked in requests),
        reservations=frozenset(named_reservations(undecided)),
        stock=wanted_stock(undecided),
        redelivered_codes=frozenset(chain.from_iterable(again)),
    )


def is_redelivery(asked: Asked[Request], entry: LedgerDocument) -> bool:
    """Whether this very record was decided before: its output may never have got out."""
    return entry.source == asked.source and entry.digest == asked.digest


def redelivered_codes(asked: Asked[Request], entry: LedgerDocument | None) -> tuple[str, ...]:
    """The codes whose assignment must be announced again, because this record is read a second time."""
    if entry is None or entry.outcome.outcome != "assigned" or not is_redelivery(asked, entry):
        return ()
    return entry.outcome.code_ids


def named_reservations(requests: Iterable[Request]) -> set[str]:
    """Reservations that requests name, and those they would make.

    The ledger forgets an id some day; a reservation of that id stays, and must not be made twice.
    """
    return {
        request.reservation_id if isinstance(request, AssignReservation | ReleaseRequest) else request.request_id
        for request in requests
    }


def closed_reservations(requests: Iterable[Request]) -> set[str]:
    """Reservations that requests would take to their end."""
    return {request.reservation_id for request in requests if isinstance(request, AssignReservation | ReleaseRequest)}


def wanted_stock(requests: Iterable[Request]) -> Mapping[StockKey, int]:
    """Codes wanted by campaign and code type."""
    wanted: Counter[StockKey] = Counter()
    for request in requests:
        if isinstance(request, ReserveRequest | AssignFromStock):
            wanted[StockKey(request.campaign_id, request.code_type)] += request.quantity
    return wanted
