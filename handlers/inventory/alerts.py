"""When a stock's alert is due: low, exhausted, recovered, each crossing once.

In:       a campaign's stock after a change, and the limits.
Out:      the stock with what is said of it, and the alert that says it, if any.
Promise:  what was said is part of the stock, so it is not said again; the same change of the same stock gives the
          same alert with the same identity.

| standing | becomes | when |
|---|---|---|
| `enough` | `low` | available <= threshold |
| `enough`, `low` | `exhausted` | available = 0 |
| `low`, `exhausted` | `enough`, said as `recovered` | available > threshold and a tenth of it |

A stock that was exhausted and has a few codes again says nothing until it has recovered: releases and reserves around
zero, or around the threshold, would else be an alert each.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from handlers.inventory.counts import Counts, counts_of
from schemas.base import CodeType
from schemas.events import StockAlert, StockLevel
from schemas.stock import CampaignStock, Standing, TypeStock

SAID: Final[dict[Standing, StockLevel]] = {"enough": "recovered", "low": "low", "exhausted": "exhausted"}
MARGIN_PARTS: Final = 10
"""A stock has recovered when it is above the threshold by a tenth of it."""


@dataclass(frozen=True, slots=True)
class StockLimits:
    """What is low: the larger of the two."""

    percent: float
    """Of all codes of the campaign and type."""
    count: int

    def threshold(self, total: int) -> int:
        """Available codes at which a stock of so many codes is low."""
        return max(int(total * self.percent / 100), self.count)


@dataclass(frozen=True, slots=True)
class Due:
    """An alert to be sent."""

    alert: StockAlert
    identity: str
    """Which crossing it is: the same one has the same identity."""


def judged(
    stock: CampaignStock, code_type: CodeType, limits: StockLimits, *, at: datetime
) -> tuple[CampaignStock, Due | None]:
    """What is to be said of a stock that has changed; `at` is when it did."""
    one = stock.types[code_type]
    counts = counts_of(one)
    standing = standing_of(one.standing, counts, limits)
    if standing == one.standing:
        return stock, None
    types = {**stock.types, code_type: one.model_copy(update={"standing": standing})}
    alert = StockAlert(
        campaign_id=stock.campaign_id,
        code_type=code_type,
        level=SAID[standing],
        available=counts.available,
        total=counts.total,
        threshold=limits.threshold(counts.total),
        at=at,
    )
    return stock.model_copy(update={"types": types}), Due(alert, identity_of(alert, one))


def standing_of(standing: Standing, counts: Counts, limits: StockLimits) -> Standing:
    """A negative count means that an event is missing: then nothing is judged."""
    available, threshold = counts.available, limits.threshold(counts.total)
    if available < 0 or counts.total <= 0:
        return standing
    if available > threshold + threshold // MARGIN_PARTS:
        return "enough"
    if available == 0:
        return "exhausted"
    return "low" if available <= threshold and standing == "enough" else standing


def identity_of(alert: StockAlert, stock: TypeStock) -> str:
    """The sum of the versions grows with every change, so each change of a stock has its own."""
    versions = sum(said.version for said in stock.shards.values())
    return f"{alert.campaign_id}:{alert.code_type}:{alert.level}:{versions}"
