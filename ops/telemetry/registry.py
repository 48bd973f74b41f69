"""The metrics of one process, made of their declarations.

In:       `ops.telemetry.metrics.SPECS`; facts; collectors of what is computed at each scrape.
Out:      one Prometheus registry per instance, served at `/metrics`.
"""

import platform
from collections import defaultdict
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.registry import Collector

from ops.telemetry.metric_spec import Rule, Spec
from ops.telemetry.metrics import SPECS
from ops.telemetry.metrics.process import BUILD
from ops.version import service_version
from schemas.observation.fact import Fact

M = TypeVar("M", Counter, Gauge, Histogram, Info)


class Metrics:
    """Lives as long as its process; `metrics[SPEC]` is what a declaration became."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._made: dict[str, Any] = {spec.name: spec.make(self.registry) for spec in SPECS}
        self._rules: defaultdict[type, list[tuple[Any, Rule]]] = defaultdict(list)
        for spec in SPECS:
            for rule in spec.rules:
                self._rules[rule.fact].append((self._made[spec.name], rule))
        self[BUILD].info({"version": service_version(), "python": platform.python_version()})

    def __getitem__(self, spec: Spec[M]) -> M:
        made: M = self._made[spec.name]
        return made

    def move(self, fact: Fact) -> None:
        """Move every metric that has a rule for this kind of fact."""
        for metric, rule in self._rules[type(fact)]:
            for labels, value in rule.samples(fact):
                move(metric.labels(*labels) if labels else metric, value, adds=rule.adds)

    def compute(self, collector: Collector) -> None:
        """Ask this one too at each scrape."""
        self.registry.register(collector)

    def text(self) -> bytes:
        """Everything, in Prometheus's text format."""
        return generate_latest(self.registry)


def move(series: Counter | Gauge | Histogram, value: float, *, adds: bool) -> None:
    """Add to a counter, set a gauge (or add to it), observe with a histogram."""
    match series:
        case Gauge() if not adds:
            series.set(value)
        case Counter() | Gauge():
            series.inc(value)
        case Histogram():
            series.observe(value)
