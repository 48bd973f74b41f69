"""Shards published again, so that every reader of `inventory.v1` counts what the database does. Pure.

In:       a campaign's shards in the database, and the shards that were published.
Out:      the shards to publish, including those that only readers have; each under a version above all published.
Promise:  whatever a reader has read before, after these events its sum is that of the database's shards. The counts
          of a shard stay as they are; a shard that the database does not have counts nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from handlers.shards import ShardChange, empty_shard
from schemas.base import to_milliseconds
from schemas.documents import InventoryDocument
from schemas.stock import CampaignStock, ShardCounts

NOT_PUBLISHED: Final = ShardCounts(version=0, available=0, reserved=0, assigned=0)


class ShardToPublish(NamedTuple):
    """A shard to publish again."""

    shard: InventoryDocument
    """As in the database; version 0: it is not there."""
    published: ShardCounts
    """Its latest published counts."""

    @property
    def gain(self) -> int:
        """Available codes that readers will count more."""
        return self.shard.available - self.published.available


def shards_to_republish(
    campaign_id: str, shards: Sequence[InventoryDocument], published: CampaignStock | None, *, now: datetime
) -> list[ShardToPublish]:
    """Every shard that the database or a reader has.

    Shards that make more codes available come first. Otherwise a reader would count too few codes half-way, and send
    an alert for it.
    """
    types = {} if published is None else published.types
    read = {(code_type, name): shard for code_type, typed in types.items() for name, shard in typed.shards.items()}
    known = {(shard.code_type, shard.shard): shard for shard in shards}
    found = [
        ShardToPublish(known.get(key) or empty_shard(campaign_id, *key, now=now), read.get(key, NOT_PUBLISHED))
        for key in {**known, **read}
    ]
    return sorted(found, key=lambda shard: -shard.gain)


def renumbered(shard: InventoryDocument, *, above: int, now: datetime) -> ShardChange:
    """The same counts under a version higher than the shard's own and than `above`."""
    changes = {"version": max(shard.version, above) + 1, "cause": "reconcile", "changed_at": to_milliseconds(now)}
    return ShardChange(shard.version, shard.model_copy(update=changes))
