"""When stock is low, exhausted, recovered."""

from datetime import UTC, datetime

import pytest

from handlers.inventory.alerts import StockLimits, standing_of, updated_standing
from handlers.inventory.counts import Counts, folded
from schemas.events import InventoryChanged
from schemas.stock import CampaignStock, Standing

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TENTH = StockLimits(percent=10, count=0)


def stock(available: int, reserved: int = 0) -> CampaignStock:
    event = InventoryChanged(
        campaign_id="sale",
        code_type="tm",
        shard="s",
        version=7,
        available=available,
        reserved=reserved,
        assigned=0,
        cause="reserve",
        changed_at=NOW,
    )
    return folded(None, event)


@pytest.mark.parametrize(
    ("standing", "available", "becomes"),
    [
        ("enough", 101, "enough"),
        ("enough", 100, "low"),
        ("enough", 0, "exhausted"),
        ("low", 1, "low"),
        ("low", 0, "exhausted"),
        ("low", 101, "low"),
        ("low", 110, "low"),
        ("low", 111, "enough"),
        ("exhausted", 1, "exhausted"),
        ("exhausted", 100, "exhausted"),
        ("exhausted", 111, "enough"),
        ("low", -1, "low"),
        ("enough", -1, "enough"),
    ],
)
def test_a_stock_of_a_thousand_with_a_tenth_as_its_limit(
    standing: Standing, available: int, becomes: Standing
) -> None:
    """The table of handlers/inventory/alerts.py; a negative count is an event that is missing."""
    assert becomes == standing_of(standing, Counts(available, 1_000 - available, 0), TENTH)


def test_a_campaign_without_codes_is_not_exhausted() -> None:
    """It has none yet: no event of its import was read so far."""
    assert "enough" == standing_of("enough", Counts(), TENTH)


@pytest.mark.parametrize(
    ("percent", "count", "total", "threshold"),
    [(10, 0, 1_000, 100), (10, 0, 9, 0), (10, 5, 9, 5), (0, 0, 1_000, 0), (2.5, 0, 1_000, 25), (10, 500, 1_000, 500)],
)
def test_the_larger_limit_counts(percent: float, count: int, total: int, threshold: int) -> None:
    """Per cent for large campaigns, a count for small ones."""
    assert threshold == StockLimits(percent, count).threshold(total)


@pytest.mark.parametrize(("campaign_id", "threshold"), [("sale", 50), ("other", 10)])
def test_a_campaign_may_have_a_limit_of_its_own(campaign_id: str, threshold: int) -> None:
    """The others keep that of the setting for all."""
    limits = StockLimits(10, 0, {"sale": 50.0})
    changed = stock(5, 95).model_copy(update={"campaign_id": campaign_id})

    _, due = updated_standing(changed, "tm", limits, at=NOW)

    assert due is not None
    assert threshold == due.alert.threshold


def test_an_alert_says_what_the_contract_names() -> None:
    """And the stock remembers it."""
    after, due = updated_standing(stock(5, 95), "tm", TENTH, at=NOW)

    assert due is not None
    assert ("sale", "tm", "low", 5, 100, 10, NOW) == tuple(due.alert.model_dump().values())
    assert "sale:tm:low:7" == due.identity
    assert (after, None) == updated_standing(after, "tm", TENTH, at=NOW)
