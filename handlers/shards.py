"""A writer's own share of a campaign's counts: its id, its next state, and its event. Pure.

In:       a shard as the database has it, and what a writer adds to its counts.
Out:      `ShardChange`, `InventoryChanged`.
Promise:  each change has the next version, so that readers can tell the newest of a shard's events.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from schemas.base import CodeStatus, CodeType
from schemas.documents import InventoryDocument
from schemas.events import InventoryCause, InventoryChanged


class ShardChange(NamedTuple):
    """A shard's next state, and the version that it is made from (0: it has no counts yet)."""

    version_before: int
    after: InventoryDocument


def shard_id(campaign_id: str, code_type: CodeType, shard: str) -> str:
    """The document's `_id`. `shard` is the writer's name: its input partition without the topic prefix."""
    return f"{campaign_id}:{code_type}:{shard}"


def empty_shard(
    campaign_id: str, code_type: CodeType, shard: str, *, now: datetime, is_closed: bool = False
) -> InventoryDocument:
    """A shard that the database does not have: version 0, all counts 0."""
    return InventoryDocument(
        _id=shard_id(campaign_id, code_type, shard),
        campaign_id=campaign_id,
        code_type=code_type,
        shard=shard,
        version=0,
        available=0,
        reserved=0,
        assigned=0,
        cause="reconcile",
        changed_at=now,
        is_closed=is_closed,
    )


def changed_shard(
    before: InventoryDocument, added: Mapping[CodeStatus, int], *, cause: InventoryCause, now: datetime
) -> ShardChange:
    """The shard with `added` codes more in each status; a number may be negative."""
    counts = {status.value: getattr(before, status) + added.get(status, 0) for status in CodeStatus}
    changes = {**counts, "version": before.version + 1, "cause": cause, "changed_at": now}
    return ShardChange(before.version, before.model_copy(update=changes))


def inventory_event(shard: InventoryDocument) -> InventoryChanged:
    """The shard's totals as `inventory.v1` has them."""
    return InventoryChanged.model_validate(shard.model_dump(exclude={"id", "walked", "is_closed"}))
