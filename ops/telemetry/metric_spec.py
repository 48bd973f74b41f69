"""What a metric's declaration is, and how Prometheus's own objects are made of it.

In:       name, kind, meaning, remedy, labels.
Out:      `Spec`: data that the registry, the documentation and the rules are made from.
Promise:  a label's values come from a closed set where one is given; the series exist before they move.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final, Generic, Literal, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

Kind = Literal["counter", "gauge", "histogram", "info"]
Made = Counter | Gauge | Histogram | Info | CounterMetricFamily | GaugeMetricFamily
M_co = TypeVar("M_co", bound=Made, covariant=True)

SUFFIXES: Final[dict[Kind, str]] = {"counter": "_total", "info": "_info", "gauge": "", "histogram": ""}
"""What Prometheus's client adds to a name."""


@dataclass(frozen=True, slots=True)
class Spec(Generic[M_co]):
    """One metric. Made by the functions below, never by hand."""

    base: str
    """The name as Prometheus's client takes it."""
    kind: Kind
    meaning: str
    remedy: str
    """What to do when it moves."""
    labels: tuple[str, ...]
    make: Callable[[CollectorRegistry], M_co]
    """The metric in a registry; of one that is computed at each scrape, an empty family."""

    @property
    def name(self) -> str:
        """The name as it is scraped; a histogram has `_bucket`, `_sum` and `_count` behind it."""
        return self.base + SUFFIXES[self.kind]


def counter(base: str, meaning: str, *, remedy: str, **labels: tuple[str, ...]) -> Spec[Counter]:
    """A number that only rises. `labels`: each with its values, none where they are not known before."""

    def make(registry: CollectorRegistry) -> Counter:
        metric = Counter(base, meaning, list(labels), registry=registry)
        _from_zero(metric, labels)
        return metric

    return Spec(base, "counter", meaning, remedy, tuple(labels), make)


def gauge(base: str, meaning: str, *, remedy: str, **labels: tuple[str, ...]) -> Spec[Gauge]:
    """A number that is set when something happens."""

    def make(registry: CollectorRegistry) -> Gauge:
        metric = Gauge(base, meaning, list(labels), registry=registry)
        _from_zero(metric, labels)
        return metric

    return Spec(base, "gauge", meaning, remedy, tuple(labels), make)


def histogram(
    base: str, meaning: str, buckets: tuple[float, ...], *, remedy: str, **labels: tuple[str, ...]
) -> Spec[Histogram]:
    """How often a measurement was how large."""

    def make(registry: CollectorRegistry) -> Histogram:
        metric = Histogram(base, meaning, list(labels), buckets=buckets, registry=registry)
        _from_zero(metric, labels)
        return metric

    return Spec(base, "histogram", meaning, remedy, tuple(labels), make)


def info(base: str, meaning: str, *labels: str, remedy: str) -> Spec[Info]:
    """Facts as labels; its value is 1."""

    def make(registry: CollectorRegistry) -> Info:
        return Info(base, meaning, registry=registry)

    return Spec(base, "info", meaning, remedy, labels, make)


def computed(base: str, meaning: str, *labels: str, remedy: str) -> Spec[GaugeMetricFamily]:
    """A gauge that a collector works out at each scrape, so that it moves although the loops stand still."""

    def make(_registry: CollectorRegistry) -> GaugeMetricFamily:
        return GaugeMetricFamily(base, meaning, labels=labels)

    return Spec(base, "gauge", meaning, remedy, labels, make)


def counted(base: str, meaning: str, *labels: str, remedy: str) -> Spec[CounterMetricFamily]:
    """A counter that a collector reads at each scrape, of what is counted where no metrics are known."""

    def make(_registry: CollectorRegistry) -> CounterMetricFamily:
        return CounterMetricFamily(base, meaning, labels=labels)

    return Spec(base, "counter", meaning, remedy, labels, make)


F = TypeVar("F", CounterMetricFamily, GaugeMetricFamily)


def family(spec: Spec[F]) -> F:
    """An empty family of what a collector computes; it belongs to no registry."""
    return spec.make(CollectorRegistry())


def _from_zero(metric: Counter | Gauge | Histogram, labels: Mapping[str, tuple[str, ...]]) -> None:
    """Known series exist before they move: a rate over one that begins at 1 misses that 1."""
    for values in product(*labels.values()) if labels else ():
        metric.labels(*values)
