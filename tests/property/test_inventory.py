"""The inventory's folding and its alerts, over any histories of any shards."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from handlers.inventory.alerts import PendingAlert, StockLimits, updated_standing
from handlers.inventory.counts import Counts, counts_by_type, folded, joined, summed
from handlers.inventory.motion import COARSE, FINE, Motion
from schemas.base import CodeType
from schemas.events import InventoryChanged
from schemas.stock import CampaignStock

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIMITS = StockLimits(percent=10, count=3)
SHARDS: tuple[tuple[CodeType, str], ...] = (("tm", "a"), ("tm", "b"), ("external", "a"))
Events = list[InventoryChanged]


@st.composite
def histories(draw: st.DrawFn) -> Events:
    """Shards that move codes as the service does: imported, reserved, assigned, released, in one order."""
    totals = dict.fromkeys(SHARDS, Counts())
    versions = dict.fromkeys(SHARDS, 0)
    events: Events = []
    for number in range(draw(st.integers(1, 40))):
        shard = draw(st.sampled_from(SHARDS))
        available = summed(counts for other, counts in totals.items() if other[0] == shard[0]).available
        moved, to = draw(st.integers(0, 60)), draw(st.sampled_from(["import", "reserve", "assign", "release"]))
        taken = min(moved, max(available, 0))
        change = {
            "import": Counts(moved, 0, 0),
            "reserve": Counts(-taken, taken, 0),
            "assign": Counts(-taken, 0, taken),
            "release": Counts(moved, -moved, 0),
        }[to]
        totals[shard] = totals[shard].plus(change)
        versions[shard] += 1
        events.append(an_event(shard, versions[shard], totals[shard], number))
    return events


def an_event(shard: tuple[CodeType, str], version: int, counts: Counts, number: int) -> InventoryChanged:
    return InventoryChanged(
        campaign_id="sale",
        code_type=shard[0],
        shard=shard[1],
        version=version,
        **counts._asdict(),
        cause="reserve",
        changed_at=NOW - timedelta(seconds=400 - 10 * number),
    )


def last_words(events: Sequence[InventoryChanged]) -> Events:
    """The highest version of each shard."""
    return list({(event.code_type, event.shard): event for event in events}.values())


def all_folded(events: Sequence[InventoryChanged], known: CampaignStock | None = None) -> CampaignStock | None:
    for event in events:
        known = folded(known, event)
    return known


def counted(
    events: Sequence[InventoryChanged], stock: CampaignStock | None = None
) -> tuple[CampaignStock, list[PendingAlert]]:
    """Count and judge every event, as the role does; returns the stock and its alerts."""
    alerts = []
    for event in events:
        after = folded(stock, event)
        if after is not stock:
            stock, due = updated_standing(after, event.code_type, LIMITS, at=event.changed_at)
            alerts += [due] if due else []
    assert stock is not None
    return stock, alerts


@given(histories(), st.data())
def test_order_repetition_and_loss_change_nothing(events: Events, data: st.DataObject) -> None:
    """As long as the last event of each shard arrives."""
    others = data.draw(st.lists(st.sampled_from(events), max_size=60))
    received = data.draw(st.permutations([*others, *last_words(events)]))

    known, found = all_folded(events), all_folded(received)

    assert known is not None
    assert found is not None
    assert counts_by_type(known) == counts_by_type(found)
    assert {name: of_type.shards for name, of_type in known.types.items()} == {
        name: of_type.shards for name, of_type in found.types.items()
    }


@given(histories(), st.data())
def test_views_of_parts_join_to_the_whole(events: Events, data: st.DataObject) -> None:
    """In either order: the view joins the table's changelog with the events that it read itself."""
    cut = data.draw(st.integers(1, len(events)))
    late = data.draw(st.permutations(events[cut - 1 :]))
    early, other, both = all_folded(events[:cut]), all_folded(late), all_folded(events)

    assert early is not None
    assert other is not None
    assert both is not None
    assert counts_by_type(both) == counts_by_type(joined(early, other)) == counts_by_type(joined(other, early))
    assert joined(early, other).changed_at == both.changed_at
    assert joined(both, early) is both


@given(histories())
def test_each_crossing_is_published_once(events: Events) -> None:
    """Never the same level twice in a row, `recovered` only after a fall, and the last level still holds."""
    stock, alerts = counted(events)

    for code_type, of_type in stock.types.items():
        levels = [due.alert.level for due in alerts if due.alert.code_type == code_type]
        assert all(before != after for before, after in pairwise(levels))
        assert ["recovered"] != levels[:1]
        assert of_type.standing == {"recovered": "enough"}.get(levels[-1], levels[-1]) if levels else "enough"
    assert len(alerts) == len({due.identity for due in alerts})
    assert all(due.alert.available <= due.alert.threshold for due in alerts if due.alert.level != "recovered")
    assert all(due.alert.available > due.alert.threshold for due in alerts if due.alert.level == "recovered")


@given(histories(), st.data())
def test_a_crash_repeats_alerts_only_under_the_same_identity(events: Events, data: st.DataObject) -> None:
    """The table is at some event, the offset at an earlier one, and alerts were published up to a later one."""
    offset, table, died = sorted(data.draw(st.tuples(*[st.integers(0, len(events))] * 3)))
    _, whole = counted(events)
    before = counted(events[:died])[1] if died else []
    stock = counted(events[:table])[0] if table else None
    known = {due.identity for due in before}

    again = counted(events[offset:], stock)[1]

    assert {due.identity for due in whole} == known | {due.identity for due in again}
    assert len(whole) == len(before) + len([due for due in again if due.identity not in known])


@given(histories())
def test_history_ends_with_what_is_true_and_begins_with_nothing(events: Events) -> None:
    """All events received from the very first: counted back from now, there was nothing before."""
    motion = Motion()
    for event in events:
        motion.add(event, NOW)
    known = all_folded(events)
    assert known is not None
    counts = summed(counts_by_type(known).values())

    for resolution in (FINE, COARSE):
        points = motion.history(counts, NOW, resolution)
        assert counts == points[-1].counts
        assert Counts() == points[0].counts
        assert [point.at_s for point in points] == sorted(point.at_s for point in points)


@given(histories(), st.data())
def test_repeats_and_late_events_do_not_move_a_campaign(events: Events, data: st.DataObject) -> None:
    """Rates and history are those of each event received once, in order."""
    motion, other = Motion(), Motion()
    for index, event in enumerate(events):
        motion.add(event, NOW)
        other.add(event, NOW)
        other.add(data.draw(st.sampled_from(events[: index + 1])), NOW)

    assert motion == other
    assert motion.rate(NOW, 300) == other.rate(NOW, 300) >= 0
