"""When a stock's alert is due: low, exhausted, recovered, each crossing once.

In:       a campaign's stock after a change, and the limits.
Out:      the stock with its standing, and the alert for a new standing, if any.
Promise:  the standing is part of the stock, so no alert is repeated; the same change of the same stock gives the same
          alert with the same identity.

| standing | becomes | when |
|---|---|---|
| `enough` | `low` | available <= threshold |
| `enough`, `low` | `exhausted` | available = 0 |
| `low`, `exhausted` | `enough`, published as `recovered` | available > 110 % of the threshold |

A stock that was exhausted and has a few codes again causes no alert until it has recovered. Otherwise each release
and reserve near zero, or near the threshold, would be an alert.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Self

from handlers.inventory.counts import Counts, counts_of
from schemas.base import CodeType
from schemas.events import StockAlert, StockLevel
from schemas.stock import CampaignStock, Standing, TypeStock

LEVELS: Final[dict[Standing, StockLevel]] = {"enough": "recovered", "low": "low", "exhausted": "exhausted"}
HYSTERESIS_DIVISOR: Final = 10
"""A stock has recovered when it exceeds 110 % of the threshold, rounded down."""


@dataclass(frozen=True, slots=True)
class StockLimits:
    """A stock is low at the larger of the two."""

    percent: float
    """Of all codes of the campaign and type."""
    count: int
    percent_by_campaign: Mapping[str, float] = field(default_factory=dict)
    """In place of `percent`, for single campaigns."""

    def of(self, campaign_id: str) -> Self:
        """The limits of this campaign."""
        percent = self.percent_by_campaign.get(campaign_id)
        return self if percent is None else replace(self, percent=percent)

    def threshold(self, total: int) -> int:
        """Available codes at which a stock of `total` codes is low."""
        return max(int(total * self.percent / 100), self.count)


@dataclass(frozen=True, slots=True)
class PendingAlert:
    """An alert to send."""

    alert: StockAlert
    identity: str
    """Equal for the same crossing, however often its event is counted."""


def updated_standing(
    stock: CampaignStock, code_type: CodeType, limits: StockLimits, *, at: datetime
) -> tuple[CampaignStock, PendingAlert | None]:
    """Return the stock with its current standing, and an alert if that is new; `at` is the time of the change."""
    typed, limits = stock.types[code_type], limits.of(stock.campaign_id)
    counts = counts_of(typed)
    standing = standing_of(typed.standing, counts, limits)
    if standing == typed.standing:
        return stock, None
    types = {**stock.types, code_type: typed.model_copy(update={"standing": standing})}
    alert = StockAlert(
        campaign_id=stock.campaign_id,
        code_type=code_type,
        level=LEVELS[standing],
        available=counts.available,
        total=counts.total,
        threshold=limits.threshold(counts.total),
        at=at,
    )
    return stock.model_copy(update={"types": types}), PendingAlert(alert, identity_of(alert, typed))


def standing_of(standing: Standing, counts: Counts, limits: StockLimits) -> Standing:
    """Unchanged while a count is negative: an event is missing then."""
    available, threshold = counts.available, limits.threshold(counts.total)
    if available < 0 or counts.total <= 0:
        return standing
    if available > threshold + threshold // HYSTERESIS_DIVISOR:
        return "enough"
    if available == 0:
        return "exhausted"
    return "low" if available <= threshold and standing == "enough" else standing


def identity_of(alert: StockAlert, stock: TypeStock) -> str:
    """The sum of the versions grows with every change, so no two changes of a stock share an identity."""
    versions = sum(shard.version for shard in stock.shards.values())
    return f"{alert.campaign_id}:{alert.code_type}:{alert.level}:{versions}"
