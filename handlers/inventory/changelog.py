"""The table's changelog where an older value follows a newer one.

In:       the changelog's records, in their order.
Out:      `rebuilt`, a campaign's value with all that its records say; `Overwritten`, the campaigns whose last record
          lacks something that an earlier one has.
Promise:  a process that was frozen while it counted, and writes its value after the next owner's, changes no count.
"""

from collections.abc import Mapping

from pydantic import ValidationError

from handlers.inventory.counts import joined
from schemas.stock import HOURS_SUFFIX, CampaignStock

Place = tuple[int, bytes]
"""A campaign in the changelog: the partition, which is also that of its events, and the key. When partitions are
added, a campaign has records in two of them."""


class Overwritten:
    """Lives as long as a view. Holds one stock for each campaign of the changelog."""

    def __init__(self) -> None:
        self._read_to: dict[int, int] = {}
        self._whole: dict[Place, CampaignStock] = {}
        self._lacking: dict[Place, CampaignStock] = {}

    @property
    def lacking(self) -> Mapping[Place, CampaignStock]:
        """What the records of each of these campaigns say together, which the last one does not."""
        return self._lacking

    def take(self, place: Place, offset: int, stock: CampaignStock | None) -> None:
        """A record; None is a tombstone. One that is read again changes nothing."""
        partition, _ = place
        if offset <= self._read_to.get(partition, -1):
            return
        self._read_to[partition] = offset
        known = self._whole.pop(place, None)
        self._lacking.pop(place, None)
        if stock is None:
            return
        whole = self._whole[place] = stock if known is None else joined(stock, known)
        if whole is not stock:
            self._lacking[place] = whole


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


def restored(value: bytes | None, lacking: CampaignStock) -> bytes | None:
    """What its owner has to write again: its own value, once that has all that the changelog had."""
    if value is None:
        return None
    try:
        own = CampaignStock.model_validate_json(value)
    except ValidationError:
        return None
    return value if joined(own, lacking) is own else None
