"""Inventory events folded into a campaign's stock: the highest version of each shard wins.

In:       a stock, and an event or another stock of the same campaign.
Out:      the stock with both.
Promise:  the counts depend on each shard's event of the highest version alone: not on the order of the events, on
          repetitions, or on the loss of earlier events.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from schemas.base import CodeType
from schemas.events import InventoryChanged
from schemas.stock import CampaignStock, ShardCounts, TypeStock


class Counts(NamedTuple):
    """Codes by status."""

    available: int = 0
    reserved: int = 0
    assigned: int = 0

    @property
    def total(self) -> int:
        """Codes in any status."""
        return self.available + self.reserved + self.assigned

    def plus(self, other: "Counts") -> "Counts":
        """The sum."""
        return Counts(
            self.available + other.available, self.reserved + other.reserved, self.assigned + other.assigned
        )

    def minus(self, other: "Counts") -> "Counts":
        """The difference."""
        return Counts(
            self.available - other.available, self.reserved - other.reserved, self.assigned - other.assigned
        )


def folded(known: CampaignStock | None, event: InventoryChanged) -> CampaignStock:
    """The stock with an event; the very same object if the event is not newer."""
    shard = ShardCounts(
        version=event.version, available=event.available, reserved=event.reserved, assigned=event.assigned
    )
    stock = CampaignStock(
        campaign_id=event.campaign_id,
        types={event.code_type: TypeStock(shards={event.shard: shard})},
        changed_at=event.changed_at,
    )
    return stock if known is None else joined(known, stock)


def joined(known: CampaignStock, other: CampaignStock) -> CampaignStock:
    """Both stocks together; `known` itself if the other has no newer shard. The standing is that of `known`."""
    types = {code_type: joined_type(known.types.get(code_type), stock) for code_type, stock in other.types.items()}
    if all(known.types.get(code_type) is stock for code_type, stock in types.items()):
        return known
    changed_at = max(known.changed_at, other.changed_at)
    return known.model_copy(update={"types": {**known.types, **types}, "changed_at": changed_at})


def joined_type(known: TypeStock | None, other: TypeStock) -> TypeStock:
    """The same for a code type."""
    if known is None:
        return other
    newer = {name: shard for name, shard in other.shards.items() if is_newer(shard, known.shards.get(name))}
    return known.model_copy(update={"shards": {**known.shards, **newer}}) if newer else known


def is_newer(shard: ShardCounts, known: ShardCounts | None) -> bool:
    """Whether a shard's version is above the known one."""
    return known is None or shard.version > known.version


def counts_of(stock: TypeStock) -> Counts:
    """The sum over the shards, in plain numbers: it is taken for every change of a campaign that somebody watches."""
    available = reserved = assigned = 0
    for shard in stock.shards.values():
        available += shard.available
        reserved += shard.reserved
        assigned += shard.assigned
    return Counts(available, reserved, assigned)


def counts_by_type(stock: CampaignStock) -> Mapping[CodeType, Counts]:
    """A campaign's counts."""
    return {code_type: counts_of(typed) for code_type, typed in stock.types.items()}


def summed(counts: Iterable[Counts]) -> Counts:
    """The sum of all."""
    total = Counts()
    for summand in counts:
        total = total.plus(summand)
    return total
