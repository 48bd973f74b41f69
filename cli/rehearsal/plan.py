"""What a rehearsal is going to do, and whether its campaign fits.

In:       a shape, a rate, a campaign.
Out:      `Plan`: requests and codes that it takes; `unfit`, why a campaign cannot be used.
Promise:  pure.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from cli.rehearsal.shape import Shape
from schemas.base import Operation
from stores.mongo.campaign_desk import CampaignFound

PREFIX: Final = "rehearsal-"
"""Begins the names of campaigns whose codes may be used up."""
REQUESTS_MAX: Final = 10_000_000
CODE_TYPE: Final = "tm"


@dataclass(frozen=True)
class Plan:
    """One rehearsal."""

    shape: Shape
    """At the rate of the sale."""
    rate: float
    campaign_id: str
    repeat_percent: float
    wait_s: float
    """After the last request, for the answers that are missing."""

    @cached_property
    def scaled(self) -> Shape:
        """At the rate of the rehearsal."""
        return self.shape.times(self.rate)

    @cached_property
    def counts(self) -> dict[Operation, int]:
        """Requests of each operation."""
        return self.scaled.counts()

    @property
    def requests(self) -> int:
        """In all."""
        return sum(self.counts.values())

    @property
    def codes(self) -> int:
        """The most that it takes: a code for each reserve, repeats included, and one for the first round."""
        return self.counts["reserve"] + 1

    def as_text(self) -> str:
        """One line."""
        scaled = self.scaled
        return (
            f"{self.shape.name} at {self.rate:g} times its rate: {self.requests:,} requests in {scaled.seconds:g} s, "
            f"at most {scaled.peak_per_s:,.0f}/s; takes up to {self.codes:,} codes of {self.campaign_id}"
        )


def why_too_large(plan: Plan) -> str | None:
    """None if it can be done."""
    if plan.requests > REQUESTS_MAX:
        return f"{plan.requests:,} requests; at most {REQUESTS_MAX:,} are possible"
    return None if plan.requests else "no request: the rate is too low"


def why_not_marked(campaign_id: str, is_confirmed: bool) -> str | None:
    """None if this campaign's codes may be used up."""
    if is_confirmed or campaign_id.startswith(PREFIX):
        return None
    return (
        f"a rehearsal uses up the codes of {campaign_id}: choose a campaign whose name begins with {PREFIX}, "
        "or add --yes-this-uses-up-codes; --prepare imports random codes, and is for the former only"
    )


def available_in(found: CampaignFound | None) -> int:
    """Codes that its reserves can have."""
    return 0 if found is None or CODE_TYPE not in found.counts else found.counts[CODE_TYPE]["available"]


def why_unfit(plan: Plan, found: CampaignFound | None) -> str | None:
    """None if the campaign is open and has enough codes."""
    available = available_in(found)
    if found is not None and found.state != "open":
        return f"campaign {plan.campaign_id} is {found.state}"
    if available < plan.codes:
        return (
            f"campaign {plan.campaign_id} has {available:,} available codes, and {plan.codes:,} may be used: "
            "add some with --prepare"
        )
    return None
