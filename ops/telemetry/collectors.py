"""Metrics that are computed at each scrape, so that a blocked loop shows a growing age.

In:   `ops.telemetry.progress.Progress`, `stores.code_port.StockFigures`.
Out:  lag, positions and times of each partition served here, and the counters of the stocks. An unknown value has no
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
    PAUSED,
    POSITION,
)
from ops.telemetry.progress import PartitionProgress, Progress
from stores.code_port import StockFigures

Read = Callable[[PartitionProgress, float], float | None]

READ: Final[Mapping[Spec[GaugeMetricFamily], Read]] = {
    LAG_RECORDS: PartitionProgress.lag_records,
    LAG_SECONDS: PartitionProgress.lag_s,
    POSITION: lambda partition, _: partition.position,
    HIGH_WATERMARK: lambda partition, _: partition.ends.high_watermark if partition.ends else None,
    LAST_STABLE: lambda partition, _: partition.ends.last_stable if partition.ends else None,
    LAST_PROGRESS: lambda partition, _: None if partition.position is None else partition.moved_at,
    LAST_TURN: lambda partition, _: partition.turned_at,
    PAUSED: lambda partition, _: float(partition.is_paused),
}


class ProgressCollector(Collector):
    """The partitions of this process."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def collect(self) -> Iterable[Metric]:
        """One family per metric."""
        now = self._progress.now()
        for spec, read in READ.items():
            found = family(spec)
            for (topic, number), partition in self._progress:
                value = read(partition, now)
                if value is not None:
                    found.add_metric([topic, str(number)], value)
            yield found


class StockCollector(Collector):
    """The stocks of all partitions together."""

    def __init__(self, figures: StockFigures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """One family per metric."""
        yield without_labels(STOCK_DRAWS, self._figures.draws)
        yield without_labels(STOCK_DRAWN, self._figures.drawn)
        yield without_labels(STOCK_MISSES, self._figures.misses)


def without_labels(spec: Spec[CounterMetricFamily], value: int) -> CounterMetricFamily:
    """A family of one series."""
    found = family(spec)
    found.add_metric([], value)
    return found
