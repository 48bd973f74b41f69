"""The hours of a week: bounded, the same after a repeat, and joined to the minutes of the last day."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consumers.inventory.counting import keep_hour
from handlers.inventory.counts import Counts, folded
from handlers.inventory.hours import HOUR_S, HOURS_MAX, WEEK_S, KeptHours, ends_hour, week, with_hour
from handlers.inventory.motion import COARSE, Motion, Point
from schemas.events import InventoryChanged
from schemas.stock import HOURS_SUFFIX, CampaignHours, CampaignStock

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
BYTES_MAX = 35


def changed(version: int, available: int, ago: timedelta, code_type: str = "tm") -> InventoryChanged:
    event_fields = {"campaign_id": "sale", "code_type": code_type, "shard": "s", "version": version}
    counts = {"available": available, "reserved": 1_000, "assigned": 0}
    return InventoryChanged.model_validate({**event_fields, **counts, "cause": "reserve", "changed_at": NOW - ago})


class Table(dict[bytes, bytes]):
    """Counts events as the inventory does."""

    stock: CampaignStock | None = None

    def count(self, *events: InventoryChanged) -> None:
        for event in events:
            if self.stock is not None and ends_hour(self.stock, event):
                keep_hour(self, b"sale", self.stock)
            self.stock = folded(self.stock, event)

    @property
    def hours(self) -> CampaignHours | None:
        found = self.get(b"sale" + HOURS_SUFFIX)
        return None if found is None else CampaignHours.model_validate_json(found)

    def week(self, motion: Motion | None = None, code_type: Any = None) -> list[tuple[int, int]]:
        """Seconds before now, and what is available."""
        assert self.stock is not None
        shards = [self.stock.types[name].shards["s"] for name in self.stock.types if code_type in {None, name}]
        counts = Counts(sum(shard.available for shard in shards))
        recent = (motion or Motion()).history(counts, NOW, COARSE, code_type)
        points = week(self.hours, recent, self.stock.changed_at, code_type)
        return [(NOW_S - point.at_s, point.counts.available) for point in points]


def hours(ago: float) -> timedelta:
    return timedelta(hours=ago)


def test_the_last_counts_of_each_hour_stay() -> None:
    """At the instant of the hour's last change; the hour that goes on is known from the stock itself."""
    table = Table()
    table.count(changed(1, 900, hours(72.4)), changed(2, 800, hours(72)), changed(3, 700, hours(48)))

    assert [(72 * HOUR_S, 800), (48 * HOUR_S, 700), (0, 700)] == table.week()


def test_an_event_that_is_counted_again_changes_nothing() -> None:
    """The inventory was killed between its writes, or before its commit."""
    table = Table()
    events = [changed(version, 1_000 - version, hours(72 - version)) for version in range(1, 20)]
    table.count(*events)
    before = table.hours
    table.count(*events)
    keep_hour(table, b"sale", _all(events[:-1]))

    assert before == table.hours


def _all(events: list[InventoryChanged]) -> CampaignStock:
    stock = None
    for event in events:
        stock = folded(stock, event)
    assert stock is not None
    return stock


def test_a_month_of_changes_takes_the_room_of_a_week() -> None:
    """500 campaigns of two types take less than six megabytes in the table, and as much in the view."""
    table = Table()
    month = 30 * 24
    table.count(*(changed(number, 1_000_000 - number, hours(month - number)) for number in range(1, month)))

    assert table.hours is not None
    assert HOURS_MAX == len(table.hours.types["tm"])
    assert len(table[b"sale#hours"]) < BYTES_MAX * HOURS_MAX
    assert (WEEK_S, 1_000_000 - (month - 7 * 24)) == table.week()[0]


def test_the_last_day_comes_from_its_minutes() -> None:
    """By hours too; so it is complete also for an hour that has not ended yet."""
    table, motion = Table(), Motion()
    sold = ((1, 900, 50), (2, 600, 2.4), (3, 500, 2.1), (4, 100, 0.2))
    events = [changed(version, available, hours(ago)) for version, available, ago in sold]
    table.count(*events)
    for event in events:
        motion.add(event, NOW)

    points = table.week(motion)
    assert [(50 * HOUR_S, 900), (int(2.4 * HOUR_S), 900)] == points[:2]
    assert [500, 100, 100] == [available for _, available in points[2:]]
    assert (0, 100) == points[-1]


def test_types_are_told_apart_and_summed() -> None:
    """As they are in the counts."""
    table = Table()
    table.count(changed(1, 10, hours(30), "external"), changed(1, 500, hours(29)), changed(2, 400, hours(27)))

    assert [10, 510, 410, 410] == [available for _, available in table.week()]
    assert [10] * 4 == [available for _, available in table.week(code_type="external")]


@pytest.mark.parametrize(("ago_h", "first_s"), [(24 * 10, WEEK_S), (24 * 6, 24 * 6 * HOUR_S)])
def test_a_week_begins_with_the_counts_of_before(ago_h: int, first_s: int) -> None:
    """If there were any."""
    table = Table()
    table.count(changed(1, 900, hours(ago_h)), changed(2, 300, hours(30)))

    assert [(first_s, 900), (30 * HOUR_S, 300), (0, 300)] == table.week()


def test_the_view_keeps_the_hours_of_those_that_changed_last() -> None:
    """A tombstone, and a campaign that is forgotten, take them away; other keys are not theirs."""
    kept = KeptHours(campaigns_max=2)
    value = with_hour(None, _all([changed(1, 5, hours(1))])).to_json()
    taken = [kept.take(key, value) for key in (b"a#hours", b"b#hours", b"a#hours", b"c#hours", b"a", None)]

    assert [True] * 4 + [False] * 2 == taken
    assert [True, False, True] == [kept.get(name) is not None for name in "abc"]
    kept.take(b"a#hours", None)
    kept.forget("c")
    assert [None] * 3 == [kept.get(name) for name in "abc"]


@pytest.mark.parametrize(("ago_s", "first_s"), [(HOUR_S, HOUR_S), (2 * WEEK_S, WEEK_S), (-5, 0)])
def test_a_campaign_at_rest_has_a_line(ago_s: int, first_s: int) -> None:
    """From its last change, at most a week ago, to now; also if a clock was fast."""
    counts = Counts(7, 0, 0)
    points = week(None, [Point(NOW_S, counts)], NOW - timedelta(seconds=ago_s))

    assert (Point(NOW_S - first_s, counts), Point(NOW_S, counts)) == (points[0], points[-1])
