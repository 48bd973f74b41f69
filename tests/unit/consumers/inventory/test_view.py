"""The view takes each record once, in any order."""

from datetime import timedelta

from handlers.inventory.counts import Counts, counts_of
from schemas.stock import CampaignHours, CampaignStock, ShardCounts, TypeStock
from tests.fakes.filled_view import CHANGELOG, NOW, FilledView


def booked(version: int, available: int, **shards: ShardCounts) -> bytes:
    """What the changelog says of the campaign `sale`."""
    said = ShardCounts(version=version, available=available, reserved=0, assigned=0)
    stock = TypeStock(shards={"s": said, **shards}, standing="low")
    return CampaignStock(campaign_id="sale", types={"tm": stock}, changed_at=NOW).to_json()


def known(filled: FilledView) -> Counts:
    stock = filled.view.stock("sale")
    assert stock is not None
    return counts_of(stock.types["tm"])


def test_the_changelog_and_the_events_are_joined() -> None:
    """Whichever is newer; an idle shard that the topic no longer holds comes from the changelog."""
    filled = FilledView()
    idle = ShardCounts(version=1, available=100, reserved=0, assigned=0)
    filled.change("sale", 5, -10, 10)
    filled.record(CHANGELOG, booked(4, -8, idle=idle))
    assert Counts(90, 10, 0) == known(filled)

    filled.record(CHANGELOG, booked(6, -20))

    assert Counts(80, 0, 0) == known(filled)
    assert "low" == filled.view.stocks()[0].types["tm"].standing


def test_what_cannot_be_read_is_passed_over() -> None:
    """On any topic."""
    filled = FilledView()
    for topic in ("inventory.v1", "imports.v1", "stock-alerts.v1"):
        for value in (None, b"", b"{", b"[]", b'{"campaign_id": 1}'):
            filled.record(f"codes.{topic}", value)
    filled.record(CHANGELOG, None)
    filled.record(CHANGELOG, b"{}")
    filled.record("codes.dead-letters.v1", None)

    assert [] == filled.view.stocks()
    assert 1 == filled.view.dead_letters.all.counts(NOW)["other"]


def test_a_revision_shows_what_changed_since() -> None:
    """A repeat is no change."""
    filled = FilledView()
    filled.change("a", 1, 5)
    filled.change("b", 1, 5)
    before = filled.view.revision
    filled.change("a", 1, 5)
    filled.change("b", 2, 4)

    assert ["b"] == [stock.campaign_id for stock in filled.view.changed_since(before)]
    assert ["b", "a"] == [stock.campaign_id for stock in filled.view.changed_since(-1)]
    assert not filled.view.part_changed("imports", before)
    filled.imported("i", "running", rows_read=1)
    assert filled.view.part_changed("imports", before)


def test_rates_that_fade_are_news_without_an_event() -> None:
    """Until they are zero, and once more then."""
    filled = FilledView()
    filled.change("sale", 1, 5)
    filled.change("rest", 1, 5, changed_at=(NOW - timedelta(hours=1)).isoformat())
    before = filled.view.revision
    filled.view.age()
    assert ["sale"] == [stock.campaign_id for stock in filled.view.changed_since(before)]

    filled.now = NOW + timedelta(seconds=400)
    before = filled.view.revision
    filled.view.age()

    assert [] == list(filled.view.changed_since(before))


def test_an_alert_is_known_by_its_id() -> None:
    """So it is not sent again."""
    filled = FilledView()
    filled.alerted("x")

    assert (True, False) == (filled.view.was_sent("x"), filled.view.was_sent("y"))


def test_a_tombstone_makes_the_view_forget_a_campaign() -> None:
    """Whatever of before is read after it, on either topic; what changes later counts."""
    filled = FilledView()
    filled.change("sale", 5, -10, 10)
    filled.change("other", 1, 1)
    before = filled.view.revision
    hours = CampaignHours(campaign_id="sale", types={"tm": ((1, 2, 3, 4),)})
    filled.record(CHANGELOG, hours.to_json(), key=b"sale#hours")
    assert hours == filled.view.hours.get("sale")
    filled.record(CHANGELOG, None, key=b"sale")
    assert filled.view.hours.get("sale") is None
    assert before < filled.view.revision

    filled.change("sale", 4, -8, 8)
    filled.record(CHANGELOG, booked(6, -20))
    assert ["other"] == [stock.campaign_id for stock in filled.view.stocks()]
    assert ["other"] == [stock.campaign_id for stock in filled.view.changed_since(-1)]

    filled.now = NOW + timedelta(seconds=5)
    filled.change("sale", 7, 3)

    assert Counts(3, 0, 0) == known(filled)
