"""Shards told anew, so that every reader of `inventory.v1` counts what the database does. Pure.

In:       one campaign's shards, and what readers may have heard of it.
Out:      the shards to tell, those among them that only readers know; each under a version that nobody has heard.
Promise:  whatever a reader heard before, after these events its sum is that of the database's shards. The counts of
          a shard stay as they are; one that the database does not know counts nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from handlers.shards import ShardChange, empty_shard
from schemas.base import to_milliseconds
from schemas.documents import InventoryDocument
from schemas.stock import CampaignStock, ShardCounts

UNHEARD: Final = ShardCounts(version=0, available=0, reserved=0, assigned=0)


class Retelling(NamedTuple):
    """One shard to be told anew."""

    shard: InventoryDocument
    """As the database has it; version 0: it has none."""
    heard: ShardCounts
    """The last that readers heard of it."""

    @property
    def gain(self) -> int:
        """Available codes that readers will count more."""
        return self.shard.available - self.heard.available


def retellings(
    campaign_id: str, shards: Sequence[InventoryDocument], heard: CampaignStock | None, *, now: datetime
) -> list[Retelling]:
    """Every shard that the database or a reader knows.

    Those that make more available come first: half-way, no reader shall count fewer than before and fewer than there
    are, and send an alert for it.
    """
    types = {} if heard is None else heard.types
    told = {(code_type, name): said for code_type, one in types.items() for name, said in one.shards.items()}
    known = {(shard.code_type, shard.shard): shard for shard in shards}
    found = [
        Retelling(known.get(key) or empty_shard(campaign_id, *key, now=now), told.get(key, UNHEARD))
        for key in {**known, **told}
    ]
    return sorted(found, key=lambda one: -one.gain)


def renumbered(shard: InventoryDocument, *, above: int, now: datetime) -> ShardChange:
    """The same counts under a version that is higher than the shard's own, and than this one."""
    changes = {"version": max(shard.version, above) + 1, "cause": "reconcile", "changed_at": to_milliseconds(now)}
    return ShardChange(shard.version, shard.model_copy(update=changes))
