"""A campaign's shards compared with its codes, and the shard that corrects the difference. Pure.

In:       the shards and the codes of a campaign, counted in one snapshot.
Out:      `Line`s to show; corrections where the counts differ.
Promise:  every transaction moves codes and shards together, so the drift of a snapshot is still the drift later, and
          a correction made from it stays right whatever moves meanwhile.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from handlers.shards import ShardChange, changed_shard, empty_shard
from schemas.base import CODE_TYPES, CodeStatus, CodeType, to_milliseconds
from schemas.documents import InventoryDocument

RECONCILE_SHARD: Final = "reconcile"
"""The shard that only a repair changes. Partitions' shards have names with dots."""


class CountKey(NamedTuple):
    """Codes with this campaign, type and status are counted together."""

    campaign_id: str
    code_type: str
    status: str

    def __str__(self) -> str:
        return f"campaign {self.campaign_id}, {self.code_type}, {self.status}"


@dataclass(frozen=True, slots=True)
class CampaignSnapshot:
    """A campaign's shards and code counts, read in one snapshot."""

    campaign_id: str
    shards: Sequence[InventoryDocument]
    codes: Mapping[CountKey, int]


class Line(NamedTuple):
    """A count by the shards and by the codes."""

    key: CountKey
    by_shards: int
    by_codes: int

    @property
    def drift(self) -> int:
        """How much the shards count too many."""
        return self.by_shards - self.by_codes


def sums(shards: Iterable[Mapping[str, Any]]) -> Counter[CountKey]:
    """A campaign's counts: the sum over its shards."""
    totals: Counter[CountKey] = Counter()
    for shard in shards:
        for status in CodeStatus:
            totals[CountKey(shard["campaign_id"], shard["code_type"], status)] += shard[status]
    return totals


def lines_of(snapshot: CampaignSnapshot) -> tuple[Line, ...]:
    """Every count that the shards or the codes have."""
    by_shards = sums(shard.model_dump() for shard in snapshot.shards)
    keys = sorted(by_shards.keys() | snapshot.codes, key=str)
    return tuple(Line(key, by_shards[key], snapshot.codes.get(key, 0)) for key in keys)


def drifting(snapshot: CampaignSnapshot) -> tuple[Line, ...]:
    """The counts that differ."""
    return tuple(line for line in lines_of(snapshot) if line.drift)


def shards_to_renumber(snapshot: CampaignSnapshot) -> tuple[InventoryDocument, ...]:
    """The partitions' shards of every code type that drifts.

    A version of them may have been published with other counts. Readers accept a new version.
    """
    types = {line.key.code_type for line in drifting(snapshot)}
    return tuple(shard for shard in snapshot.shards if shard.code_type in types and shard.shard != RECONCILE_SHARD)


def corrections(snapshot: CampaignSnapshot, *, now: datetime) -> tuple[ShardChange, ...]:
    """The correcting shard of each code type that drifts."""
    drifts = {line.key: line.drift for line in drifting(snapshot)}
    types = {key.code_type for key in drifts}
    return tuple(correction(snapshot, code_type, drifts, now=now) for code_type in CODE_TYPES if code_type in types)


def correction(
    snapshot: CampaignSnapshot, code_type: CodeType, drifts: Mapping[CountKey, int], *, now: datetime
) -> ShardChange:
    """A code type's correcting shard, with the drift subtracted."""
    added = {status: -drifts.get(CountKey(snapshot.campaign_id, code_type, status), 0) for status in CodeStatus}
    before = correcting_shard(snapshot, code_type, now=now)
    return changed_shard(before, added, cause="reconcile", now=to_milliseconds(now))


def correcting_shard(snapshot: CampaignSnapshot, code_type: CodeType, *, now: datetime) -> InventoryDocument:
    """The existing one, or a new one that corrects nothing yet."""
    for shard in snapshot.shards:
        if shard.shard == RECONCILE_SHARD and shard.code_type == code_type:
            return shard
    is_closed = any(shard.is_closed for shard in snapshot.shards)
    return empty_shard(snapshot.campaign_id, code_type, RECONCILE_SHARD, now=now, is_closed=is_closed)


def corrected(snapshot: CampaignSnapshot, changes: Iterable[ShardChange]) -> CampaignSnapshot:
    """The same campaign after these changes."""
    after = {change.after.id: change.after for change in changes}
    kept = {shard.id: shard for shard in snapshot.shards}
    return CampaignSnapshot(snapshot.campaign_id, tuple((kept | after).values()), snapshot.codes)


def shards_to_publish(snapshot: CampaignSnapshot) -> tuple[InventoryDocument, ...]:
    """All shards of every code type that was ever corrected: an earlier repair may have died before it published."""
    types = {shard.code_type for shard in snapshot.shards if shard.shard == RECONCILE_SHARD}
    return tuple(shard for shard in snapshot.shards if shard.code_type in types)
