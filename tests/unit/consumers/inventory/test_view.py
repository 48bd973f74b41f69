"""The view: what it is told becomes what it knows, once."""

from datetime import timedelta

from handlers.inventory.counts import Counts, counts_of
from schemas.stock import CampaignStock, ShardCounts, TypeStock
from tests.fakes.watched import CHANGELOG, NOW, ViewFeed


def booked(version: int, available: int, **shards: ShardCounts) -> bytes:
    """What the changelog says of the campaign `sale`."""
    said = ShardCounts(version=version, available=available, reserved=0, assigned=0)
    one = TypeStock(shards={"s": said, **shards}, standing="low")
    return CampaignStock(campaign_id="sale", types={"tm": one}, changed_at=NOW).to_json()


def known(feed: ViewFeed) -> Counts:
    stock = feed.view.stock("sale")
    assert stock is not None
    return counts_of(stock.types["tm"])


def test_the_changelog_and_the_events_are_joined() -> None:
    """Whichever is ahead; an idle shard that the topic no longer holds comes from the changelog."""
    feed = ViewFeed()
    idle = ShardCounts(version=1, available=100, reserved=0, assigned=0)
    feed.change("sale", 5, -10, 10)
    feed.record(CHANGELOG, booked(4, -8, idle=idle))
    assert Counts(90, 10, 0) == known(feed)

    feed.record(CHANGELOG, booked(6, -20))

    assert Counts(80, 0, 0) == known(feed)
    assert "low" == feed.view.stocks()[0].types["tm"].standing


def test_what_cannot_be_read_is_passed_over() -> None:
    """On any topic."""
    feed = ViewFeed()
    for topic in ("inventory.v1", "imports.v1", "stock-alerts.v1"):
        for value in (None, b"", b"{", b"[]", b'{"campaign_id": 1}'):
            feed.record(f"codes.{topic}", value)
    feed.record(CHANGELOG, None)
    feed.record(CHANGELOG, b"{}")
    feed.record("codes.dead-letters.v1", None)

    assert [] == feed.view.stocks()
    assert 1 == feed.view.dead_letters.counts(NOW)["other"]


def test_a_revision_tells_what_is_news_since() -> None:
    """A repeat is none."""
    feed = ViewFeed()
    feed.change("a", 1, 5)
    feed.change("b", 1, 5)
    before = feed.view.revision
    feed.change("a", 1, 5)
    feed.change("b", 2, 4)

    assert ["b"] == [stock.campaign_id for stock in feed.view.changed_since(before)]
    assert ["b", "a"] == [stock.campaign_id for stock in feed.view.changed_since(-1)]
    assert not feed.view.part_changed("imports", before)
    feed.imported("i", "running", rows_read=1)
    assert feed.view.part_changed("imports", before)


def test_rates_that_fade_are_news_without_an_event() -> None:
    """Until they are zero, and once more then."""
    feed = ViewFeed()
    feed.change("sale", 1, 5)
    feed.change("rest", 1, 5, changed_at=(NOW - timedelta(hours=1)).isoformat())
    before = feed.view.revision
    feed.view.age()
    assert ["sale"] == [stock.campaign_id for stock in feed.view.changed_since(before)]

    feed.now = NOW + timedelta(seconds=400)
    before = feed.view.revision
    feed.view.age()

    assert [] == list(feed.view.changed_since(before))


def test_an_alert_is_known_by_its_id() -> None:
    """So it is not sent again."""
    feed = ViewFeed()
    feed.alert("x")

    assert (True, False) == (feed.view.was_sent("x"), feed.view.was_sent("y"))
