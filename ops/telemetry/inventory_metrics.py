"""The inventory as metrics: a bounded number of series, however many campaigns there are.

In:       codes by campaign and status, read at each scrape.
Out:      one series for each status of the largest campaigns, the sum of the rest under `other`.
Promise:  the sum over all series is the sum over all campaigns; which campaigns are shown does not depend on the
          order in which they come.
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
"""With series of their own: three each, in every replica that Prometheus scrapes."""
OTHER: Final = "other"
"""The rest; a campaign that is called so is always in it."""

Counts = Mapping[str, Mapping[CodeStatus, int]]


class InventoryCollector(Collector):
    """Asked by the registry; asks in turn."""

    def __init__(self, read: Callable[[], Counts], campaigns_max: int = CAMPAIGNS_MAX) -> None:
        self._read = read
        self._campaigns_max = campaigns_max

    def collect(self) -> Iterable[Metric]:
        """One family."""
        found = family(INVENTORY_CODES)
        for campaign, by_status in capped(self._read(), self._campaigns_max).items():
            for status, count in by_status.items():
                found.add_metric([campaign, str(status)], count)
        yield found


def capped(counts: Counts, campaigns_max: int) -> dict[str, dict[CodeStatus, int]]:
    """The campaigns with most codes, and the sum of the others, if there are any."""
    by_size = sorted(counts.keys() - {OTHER}, key=lambda campaign: (-sum(counts[campaign].values()), campaign))
    shown = {campaign: _in_full(counts[campaign]) for campaign in by_size[:campaigns_max]}
    rest = [counts[campaign] for campaign in [*by_size[campaigns_max:], OTHER] if campaign in counts]
    return shown | ({OTHER: _in_full(_sum(rest))} if rest else {})


def _in_full(by_status: Mapping[CodeStatus, int]) -> dict[CodeStatus, int]:
    """Every status, so that one that falls to nothing shows 0; a count that is negative for a moment is 0."""
    return {status: max(0, by_status.get(status, 0)) for status in CodeStatus}


def _sum(parts: Iterable[Mapping[CodeStatus, int]]) -> Mapping[CodeStatus, int]:
    total: Counter[CodeStatus] = Counter()
    for part in parts:
        total.update(part)
    return total
