"""The metrics of one process, made of their declarations.

In:       `ops.telemetry.metrics.SPECS`; increments and measurements; collectors of what is computed at each scrape.
Out:      one Prometheus registry per instance, served at `/metrics`.
"""

import platform
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.registry import Collector

from ops.telemetry.metric_spec import Spec
from ops.telemetry.metrics import BUILD, SPECS
from ops.version import service_version

M = TypeVar("M", Counter, Gauge, Histogram, Info)


class Metrics:
    """Lives as long as its process; `metrics[SPEC]` is what a declaration became."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._made: dict[str, Any] = {spec.name: spec.make(self.registry) for spec in SPECS}
        self[BUILD].info({"version": service_version(), "python": platform.python_version()})

    def __getitem__(self, spec: Spec[M]) -> M:
        made: M = self._made[spec.name]
        return made

    def compute(self, collector: Collector) -> None:
        """Ask this one too at each scrape."""
        self.registry.register(collector)

    def text(self) -> bytes:
        """Everything, in Prometheus's text format."""
        return generate_latest(self.registry)
