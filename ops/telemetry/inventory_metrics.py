"""The inventory as metrics, with a bounded number of series for any number of campaigns.

In:       codes by campaign and status, read at each scrape.
Out:      a series per status for each of the largest campaigns, and the sum of the rest as `other`.
Promise:  the sum of all series is the sum of all campaigns. The choice of campaigns does not depend on the order in
          which they are read.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ops.telemetry.metric_spec import family
from ops.telemetry.metrics.process import INVENTORY_CODES
from schemas.base import CodeStatus

CAMPAIGNS_MAX: Final = 100
"""Campaigns with series of their own: three each, in every replica that Prometheus scrapes."""
OTHER: Final = "other"
"""The label of the rest; a campaign of this name is always part of it."""

Counts = Mapping[str, Mapping[CodeStatus, int]]


class InventoryCollector(Collector):
    """Reads the counts at each scrape."""

    def __init__(self, read: Callable[[], Counts], campaigns_max: int = CAMPAIGNS_MAX) -> None:
        self._read = read
        self._campaigns_max = campaigns_max

    def collect(self) -> Iterable[Metric]:
        """A series per campaign and status."""
        found = family(INVENTORY_CODES)
        for campaign, by_status in capped(self._read(), self._campaigns_max).items():
            for status, count in by_status.items():
                found.add_metric([campaign, str(status)], count)
        yield found


def capped(counts: Counts, campaigns_max: int) -> dict[str, dict[CodeStatus, int]]:
    """The campaigns with the most codes, and the sum of the others, if any."""
    by_size = sorted(counts.keys() - {OTHER}, key=lambda campaign: (-sum(counts[campaign].values()), campaign))
    shown = {campaign: _every_status(counts[campaign]) for campaign in by_size[:campaigns_max]}
    rest = [counts[campaign] for campaign in [*by_size[campaigns_max:], OTHER] if campaign in counts]
    return shown | ({OTHER: _every_status(_sum(rest))} if rest else {})


def _every_status(by_status: Mapping[CodeStatus, int]) -> dict[CodeStatus, int]:
    """Every status, so that an empty one shows 0. A count that is negative for a moment shows 0 too."""
    return {status: max(0, by_status.get(status, 0)) for status in CodeStatus}


def _sum(parts: Iterable[Mapping[CodeStatus, int]]) -> Mapping[CodeStatus, int]:
    total: Counter[CodeStatus] = Counter()
    for part in parts:
        total.update(part)
    return total
