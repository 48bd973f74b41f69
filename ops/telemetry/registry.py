"""The metrics of one process, made of their declarations.

In:       `ops.telemetry.metrics.SPECS`; facts; collectors of what is computed at each scrape.
Out:      one Prometheus registry per instance, served at `/metrics`, with the process's own metrics (`process_*`).
"""

import platform
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from ops.telemetry.metric_spec import NOTHING_KNOWN, Known, Rule, Spec
from ops.telemetry.metrics import SPECS
from ops.telemetry.metrics.process import BUILD
from ops.version import service_revision, service_version
from schemas.observation.fact import Fact

M = TypeVar("M", Counter, Gauge, Histogram, Info)
F = TypeVar("F", bound=Fact)


class Metrics:
    """Lives as long as its process; `metrics[SPEC]` is what a declaration became."""

    def __init__(self, role: str = "", known: Known = NOTHING_KNOWN, specs: Sequence[Spec[Any]] = SPECS) -> None:
        """`role` is a label of `codes_build_info`."""
        # They would double the series of counters and histograms, and no rule uses them.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # theirs
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._made: dict[str, Any] = {spec.name: spec.make(self.registry, known) for spec in specs}
        self._rules: defaultdict[type, list[tuple[Any, Rule]]] = defaultdict(list)
        self._takers: dict[type, Callable[[Any], None]] = {}
        for spec in specs:
            for rule in spec.rules:
                self._rules[rule.fact].append((self._made[spec.name], rule))
        self[BUILD].info(
            {
                "version": service_version(),
                "revision": service_revision(),
                "role": role,
                "python": platform.python_version(),
            }
        )

    def __getitem__(self, spec: Spec[M]) -> M:
        made: M = self._made[spec.name]
        return made

    def move(self, fact: Fact) -> None:
        """Move every metric that has a rule for this kind of fact."""
        for metric, rule in self._rules[type(fact)]:
            for labels, value in rule.samples(fact):
                move(metric.labels(*labels) if labels else metric, value, adds=rule.adds)
        taker = self._takers.get(type(fact))
        if taker is not None:
            taker(fact)

    def compute(self, collector: Collector) -> None:
        """Ask this one too at each scrape."""
        self.registry.register(collector)

    def tally(self, fact: type[F], take: Callable[[F], None], collector: Collector) -> None:
        """Give each fact of this kind to a collector that counts by itself; ask the collector at each scrape."""
        self._takers[fact] = take
        self.compute(collector)

    def text(self, accept: str = "") -> tuple[bytes, str]:
        """Everything, and its content type: OpenMetrics with exemplars if `accept` asks for it, else Prometheus's."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type


def move(series: Counter | Gauge | Histogram, value: float, *, adds: bool) -> None:
    """Add to a counter, set a gauge (or add to it), observe with a histogram."""
    match series:
        case Gauge() if not adds:
            series.set(value)
        case Counter() | Gauge():
            series.inc(value)
        case Histogram():
            series.observe(value)
