"""What a rehearsal takes, and which campaign it may use up."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from cli.rehearsal.built_in import steady
from cli.rehearsal.plan import Plan, available_in, why_not_marked, why_too_large, why_unfit
from stores.mongo.campaign_desk import CampaignFound

PLAN = Plan(steady(), rate=0.01, campaign_id="rehearsal-1", repeat_percent=5, wait_s=30)


def campaign(available: int) -> CampaignFound:
    """With codes of both types."""
    counts = {"tm": Counter(available=available, assigned=900), "external": Counter(available=900)}
    return CampaignFound("rehearsal-1", counts=counts, shards=1)


def test_a_plan_counts_requests_and_codes() -> None:
    """A code for each reserve, and one that the first round holds for a moment."""
    assert {"reserve": 180, "assign": 90, "release": 30} == PLAN.counts
    assert (300, 181) == (PLAN.requests, PLAN.codes)
    assert "300 requests in 300 s, at most 1/s; takes up to 181 codes of rehearsal-1" in PLAN.as_text()


@pytest.mark.parametrize(
    ("campaign_id", "is_confirmed", "is_allowed"),
    [
        ("rehearsal-1", False, True),
        ("spring", False, False),
        ("spring", True, True),
        ("my-rehearsal-1", False, False),
    ],
)
def test_a_campaign_must_be_marked(campaign_id: str, is_confirmed: bool, is_allowed: bool) -> None:
    """By its name, or by a flag that nobody types by mistake."""
    assert is_allowed == (why_not_marked(campaign_id, is_confirmed) is None)


def test_a_campaign_must_have_enough_codes_of_the_type_that_is_reserved() -> None:
    """Codes of the other type do not count."""
    assert why_unfit(PLAN, campaign(181)) is None
    assert "has 180 available codes, and 181 may be used" in str(why_unfit(PLAN, campaign(180)))
    assert "has 0 available codes" in str(why_unfit(PLAN, None))
    assert (180, 0) == (available_in(campaign(180)), available_in(None))


def test_a_campaign_must_be_open() -> None:
    """A closed one would refuse every reserve."""
    closed = campaign(500)
    closed.closed_at, closed.shards_closed = datetime.now(UTC), 1

    assert "campaign rehearsal-1 is closed" == why_unfit(PLAN, closed)


def test_the_number_of_requests_has_a_limit() -> None:
    """And none would be no rehearsal."""
    huge, none = (Plan(steady(), rate, "rehearsal-1", 5, 30) for rate in (1_000, 0.000001))

    assert "30,000,000 requests; at most 10,000,000 are possible" == why_too_large(huge)
    assert (None, "no request: the rate is too low") == (why_too_large(PLAN), why_too_large(none))
