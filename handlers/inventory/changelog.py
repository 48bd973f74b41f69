"""The table's changelog where an older value follows a newer one.

In:       the changelog's records, in their order.
Out:      `rebuilt`, a campaign's value with all that its records say; `Overwritten`, the campaigns whose last record
          lacks something that an earlier one has.
Promise:  a process that was frozen while it counted, and writes its value after the next owner's, changes no count.
"""

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import ValidationError

from handlers.inventory.counts import joined
from schemas.stock import HOURS_SUFFIX, CampaignStock


class Lacking(NamedTuple):
    """A campaign whose last record is an older one."""

    partition: int
    """Of the changelog, and of the events."""
    whole: CampaignStock
    """All that its records say."""


class Overwritten:
    """Lives as long as a view. Holds one stock for each campaign of the changelog."""

    def __init__(self) -> None:
        self._read_to: dict[int, int] = {}
        self._whole: dict[bytes, CampaignStock] = {}
        self._lacking: dict[bytes, Lacking] = {}

    @property
    def lacking(self) -> Mapping[bytes, Lacking]:
        """By the key of the campaign."""
        return self._lacking

    def take(self, key: bytes, place: tuple[int, int], stock: CampaignStock | None) -> None:
        """A record at its partition and offset; None is a tombstone. A record that is read again changes nothing."""
        partition, offset = place
        if offset <= self._read_to.get(partition, -1):
            return
        self._read_to[partition] = offset
        known = self._whole.pop(key, None)
        self._lacking.pop(key, None)
        if stock is None:
            return
        whole = self._whole[key] = stock if known is None else joined(stock, known)
        if whole is not stock:
            self._lacking[key] = Lacking(partition, whole)


def rebuilt(key: bytes, known: bytes | None, value: bytes) -> bytes:
    """The value of a key after one more record.

    The standing is that of the later record, unless it has no newer shard. An unreadable value, and hours, replace
    what was known.
    """
    if known is None or key.endswith(HOURS_SUFFIX):
        return value
    try:
        before, after = (CampaignStock.model_validate_json(found) for found in (known, value))
    except ValidationError:
        return value
    whole = joined(after, before)
    if whole is after:
        return value
    return known if joined(before, after) is before else whole.to_json()


def restored(value: bytes | None, lacking: Lacking) -> bytes | None:
    """What its owner has to write again: its own value, once that has all that the changelog had."""
    if value is None:
        return None
    try:
        own = CampaignStock.model_validate_json(value)
    except ValidationError:
        return None
    return value if joined(own, lacking.whole) is own else None
