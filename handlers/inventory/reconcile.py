"""Whether a campaign's shards say what its codes are, and the shard that makes them say it. Pure.

In:       one campaign's shards and its codes, counted at one time.
Out:      `Line`s to show; corrections where they differ.
Promise:  every transaction moves codes and shards together, so the drift of one time is the drift of every time
          since, and a correction made from it stays right whatever moves meanwhile.
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
"""The shard that nobody moves but a repair. Partitions' shards have names with dots."""


class Shelf(NamedTuple):
    """What is counted together."""

    campaign_id: str
    code_type: str
    status: str

    def __str__(self) -> str:
        return f"campaign {self.campaign_id}, {self.code_type}, {self.status}"


@dataclass(frozen=True, slots=True)
class Books:
    """One campaign at one time."""

    campaign_id: str
    shards: Sequence[InventoryDocument]
    codes: Mapping[Shelf, int]


class Line(NamedTuple):
    """One shelf by both accounts."""

    shelf: Shelf
    by_shards: int
    by_codes: int

    @property
    def drift(self) -> int:
        """What the shards say too much."""
        return self.by_shards - self.by_codes


def sums(shards: Iterable[Mapping[str, Any]]) -> Counter[Shelf]:
    """A campaign's counts: the sum over its shards."""
    totals: Counter[Shelf] = Counter()
    for shard in shards:
        for status in CodeStatus:
            totals[Shelf(shard["campaign_id"], shard["code_type"], status)] += shard[status]
    return totals


def lines_of(books: Books) -> tuple[Line, ...]:
    """Every shelf that either account knows."""
    told = sums(shard.model_dump() for shard in books.shards)
    return tuple(Line(shelf, told[shelf], books.codes.get(shelf, 0)) for shelf in sorted(told.keys() | books.codes))


def drifting(books: Books) -> tuple[Line, ...]:
    """The shelves on which the accounts differ."""
    return tuple(line for line in lines_of(books) if line.drift)


def shards_to_renumber(books: Books) -> tuple[InventoryDocument, ...]:
    """The partitions' shards of every code type that drifts.

    One of them may have been changed under a version that was told with other counts. Readers believe a new version.
    """
    kinds = {line.shelf.code_type for line in drifting(books)}
    return tuple(shard for shard in books.shards if shard.code_type in kinds and shard.shard != RECONCILE_SHARD)


def corrections(books: Books, *, now: datetime) -> tuple[ShardChange, ...]:
    """The correcting shard of each code type that drifts."""
    drifts = {line.shelf: line.drift for line in drifting(books)}
    kinds = {shelf.code_type for shelf in drifts}
    return tuple(correction(books, code_type, drifts, now=now) for code_type in CODE_TYPES if code_type in kinds)


def correction(books: Books, code_type: CodeType, drifts: Mapping[Shelf, int], *, now: datetime) -> ShardChange:
    """One code type's correcting shard, with the drift taken off."""
    added = {status: -drifts.get(Shelf(books.campaign_id, code_type, status), 0) for status in CodeStatus}
    before = correcting_shard(books, code_type, now=now)
    return changed_shard(before, added, cause="reconcile", now=to_milliseconds(now))


def correcting_shard(books: Books, code_type: CodeType, *, now: datetime) -> InventoryDocument:
    """The one that is there, or one that corrects nothing yet."""
    for shard in books.shards:
        if shard.shard == RECONCILE_SHARD and shard.code_type == code_type:
            return shard
    return empty_shard(books.campaign_id, code_type, RECONCILE_SHARD, now=now)


def corrected(books: Books, changes: Iterable[ShardChange]) -> Books:
    """The same campaign after these changes."""
    after = {change.after.id: change.after for change in changes}
    kept = {shard.id: shard for shard in books.shards}
    return Books(books.campaign_id, tuple((kept | after).values()), books.codes)


def shards_to_tell(books: Books) -> tuple[InventoryDocument, ...]:
    """All shards of every code type that was ever corrected: a repair that died before it told them is told so."""
    kinds = {shard.code_type for shard in books.shards if shard.shard == RECONCILE_SHARD}
    return tuple(shard for shard in books.shards if shard.code_type in kinds)
