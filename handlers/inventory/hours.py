"""A campaign's counts hour by hour over a week: the history that no restart loses, as it is stored beside the counts.

In:       a campaign's stock before an event of a later hour; the minutes of the last day.
Out:      `CampaignHours` with the hour that has ended; the points of a week.
Promise:  bounded: `HOURS_MAX` points a campaign and type, about 30 bytes each. An event that is counted again changes
          nothing. The last point is that of now.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from handlers.inventory.counts import Counts, counts_by_type
from handlers.inventory.motion import Point, Resolution
from schemas.base import CodeType
from schemas.events import InventoryChanged
from schemas.stock import HOURS_SUFFIX, CampaignHours, CampaignStock

HOUR_S: Final = 3_600
WEEK_S: Final = 7 * 24 * HOUR_S
HOURLY: Final = Resolution(step_s=HOUR_S, steps_max=WEEK_S // HOUR_S)
"""A week."""
HOURS_MAX: Final = HOURLY.steps_max + 1
"""With the counts that the week begins with."""

Stored = tuple[int, int, int, int]


def ends_hour(known: CampaignStock | None, event: InventoryChanged) -> bool:
    """Whether an event is of a later hour than all before it."""
    return known is not None and hour_of(event.changed_at) > hour_of(known.changed_at)


def with_hour(hours: CampaignHours | None, stock: CampaignStock) -> CampaignHours:
    """The hours with that of the stock's last change, which has ended."""
    at_s = int(stock.changed_at.timestamp())
    before = {} if hours is None else hours.types
    counts = counts_by_type(stock)
    types = {name: (*before.get(name, ()), (at_s, *counts[name])) for name in counts}
    return CampaignHours(
        campaign_id=stock.campaign_id, types={name: bounded(points) for name, points in types.items()}
    )


def bounded(points: Sequence[Stored]) -> tuple[Stored, ...]:
    """One point an hour, the last one; the latest `HOURS_MAX`."""
    by_hour = {point[0] // HOUR_S: point for point in points}
    return tuple(by_hour[hour] for hour in sorted(by_hour)[-HOURS_MAX:])


def week(
    hours: CampaignHours | None,
    recent: Sequence[Point],
    changed_at: datetime,
    code_type: CodeType | None = None,
) -> list[Point]:
    """The stored hours, and after them the last day by hours.

    `recent`: the last day by minutes, up to now. Of a campaign at rest it has only the point of now.
    """
    now = recent[-1]
    if len(recent) == 1:
        at_s = min(int(changed_at.timestamp()), now.at_s)
        recent = [Point(max(at_s, now.at_s - WEEK_S), now.counts), now]
    older = [point for point in stored_points(hours, code_type) if point.at_s < recent[0].at_s]
    return [*since(older, now.at_s - WEEK_S), *by_hours(recent)]


def stored_points(hours: CampaignHours | None, code_type: CodeType | None) -> list[Point]:
    """Of a type, or of all together."""
    sums: dict[int, Counts] = {}
    for name, points in () if hours is None else hours.types.items():
        if code_type in {None, name}:
            for at_s, *counts in points:
                sums[at_s] = sums.get(at_s, Counts()).plus(Counts(*counts))
    return [Point(at_s, sums[at_s]) for at_s in sorted(sums)]


def since(points: Sequence[Point], first_s: int) -> Iterable[Point]:
    """From an instant on; the last one before it is that of the instant."""
    before = [point for point in points if point.at_s <= first_s]
    begin = [Point(first_s, before[-1].counts)] if before else []
    return [*begin, *(point for point in points if point.at_s > first_s)]


def by_hours(points: Sequence[Point]) -> Iterable[Point]:
    """The first point, the last one of each hour, and that of now."""
    *past, now = points
    last = {point.at_s // HOUR_S: point for point in past}
    return [*([past[0]] if past[0] not in last.values() else []), *last.values(), now]


def hour_of(at: datetime) -> int:
    """Its number since 1970."""
    return int(at.timestamp()) // HOUR_S


class KeptHours:
    """The stored hours of the campaigns whose hours changed last, as they are stored.

    The numbers of a week take a tenth of the memory that the models would take.
    """

    def __init__(self, campaigns_max: int) -> None:
        self._campaigns_max = campaigns_max
        self._values: OrderedDict[str, bytes] = OrderedDict()

    def take(self, key: bytes | None, value: bytes | None) -> bool:
        """Take a record of the changelog; False if it has no hours.

        Raises:
            ValidationError: it cannot be read.
        """
        if key is None or not key.endswith(HOURS_SUFFIX):
            return False
        campaign_id = key.removesuffix(HOURS_SUFFIX).decode(errors="replace")
        self.forget(campaign_id)
        if value is not None:
            CampaignHours.model_validate_json(value)
            self._values[campaign_id] = value
        if len(self._values) > self._campaigns_max:
            self._values.popitem(last=False)
        return True

    def get(self, campaign_id: str) -> CampaignHours | None:
        """A campaign's hours; None if it has none, or if those of many others changed later."""
        found = self._values.get(campaign_id)
        return None if found is None else CampaignHours.model_validate_json(found)

    def forget(self, campaign_id: str) -> None:
        """Drop a campaign's hours."""
        self._values.pop(campaign_id, None)
