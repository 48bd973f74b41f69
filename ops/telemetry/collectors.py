"""What is worked out anew at each scrape: a loop that stands still shows a growing age.

In:   `ops.telemetry.progress.Progress`, `stores.code_port.StockFigures`.
Out:  lag, positions and times of each partition served here, and the stocks' figures; what is not known has no
      series.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ops.telemetry.metric_spec import Spec, family
from ops.telemetry.metrics.batches import STOCK_DRAWN, STOCK_DRAWS, STOCK_MISSES
from ops.telemetry.metrics.partitions import (
    HIGH_WATERMARK,
    LAG_RECORDS,
    LAG_SECONDS,
    LAST_PROGRESS,
    LAST_STABLE,
    LAST_TURN,
    POSITION,
)
from ops.telemetry.progress import PartitionProgress, Progress
from stores.code_port import StockFigures

Read = Callable[[PartitionProgress, float], float | None]

READ: Final[Mapping[Spec[GaugeMetricFamily], Read]] = {
    LAG_RECORDS: PartitionProgress.lag_records,
    LAG_SECONDS: PartitionProgress.lag_s,
    POSITION: lambda one, _: one.position,
    HIGH_WATERMARK: lambda one, _: one.ends.high_watermark if one.ends else None,
    LAST_STABLE: lambda one, _: one.ends.last_stable if one.ends else None,
    LAST_PROGRESS: lambda one, _: None if one.position is None else one.moved_at,
    LAST_TURN: lambda one, _: one.turned_at,
}


class ProgressCollector(Collector):
    """Asked by the registry."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def collect(self) -> Iterable[Metric]:
        """One family for each figure."""
        now = self._progress.now()
        for spec, read in READ.items():
            found = family(spec)
            for (topic, partition), one in self._progress:
                value = read(one, now)
                if value is not None:
                    found.add_metric([topic, str(partition)], value)
            yield found


class StockCollector(Collector):
    """Asked by the registry."""

    def __init__(self, figures: StockFigures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """One family for each figure."""
        yield one_number(STOCK_DRAWS, self._figures.draws)
        yield one_number(STOCK_DRAWN, self._figures.drawn)
        yield one_number(STOCK_MISSES, self._figures.misses)


def one_number(spec: Spec[CounterMetricFamily], value: int) -> CounterMetricFamily:
    """A family without labels."""
    found = family(spec)
    found.add_metric([], value)
    return found
