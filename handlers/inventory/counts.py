"""Inventory events folded into a campaign's stock: the highest version of each shard wins.

In:       what is known, and one more event or another one's knowledge.
Out:      what is known then.
Promise:  order, repetition and the loss of what was not a shard's last word change nothing of the counts.
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
        """All of them."""
        return self.available + self.reserved + self.assigned

    def plus(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts(
            self.available + other.available, self.reserved + other.reserved, self.assigned + other.assigned
        )

    def minus(self, other: "Counts") -> "Counts":
        """What is left without the other."""
        return Counts(
            self.available - other.available, self.reserved - other.reserved, self.assigned - other.assigned
        )


def folded(known: CampaignStock | None, event: InventoryChanged) -> CampaignStock:
    """What is known after an event; the very same object if the event says nothing new."""
    said = ShardCounts(
        version=event.version, available=event.available, reserved=event.reserved, assigned=event.assigned
    )
    news = CampaignStock(
        campaign_id=event.campaign_id,
        types={event.code_type: TypeStock(shards={event.shard: said})},
        changed_at=event.changed_at,
    )
    return news if known is None else joined(known, news)


def joined(known: CampaignStock, other: CampaignStock) -> CampaignStock:
    """What two know together; `known` itself if the other one knows nothing more. The standing is that of `known`."""
    types = {code_type: joined_type(known.types.get(code_type), stock) for code_type, stock in other.types.items()}
    if all(known.types.get(code_type) is stock for code_type, stock in types.items()):
        return known
    changed_at = max(known.changed_at, other.changed_at)
    return known.model_copy(update={"types": {**known.types, **types}, "changed_at": changed_at})


def joined_type(known: TypeStock | None, other: TypeStock) -> TypeStock:
    """The same for one type."""
    if known is None:
        return other
    newer = {name: said for name, said in other.shards.items() if is_newer(said, known.shards.get(name))}
    return known.model_copy(update={"shards": {**known.shards, **newer}}) if newer else known


def is_newer(said: ShardCounts, known: ShardCounts | None) -> bool:
    """Whether a shard's word is later than the last one heard."""
    return known is None or said.version > known.version


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
    return {code_type: counts_of(one) for code_type, one in stock.types.items()}


def summed(counts: Iterable[Counts]) -> Counts:
    """All of them together."""
    total = Counts()
    for one in counts:
        total = total.plus(one)
    return total
