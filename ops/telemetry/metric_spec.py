"""What a metric's declaration is, and how Prometheus's own objects are made of it.

In:       name, kind, meaning, remedy, labels, and the facts that move it.
Out:      `Spec`: data that the registry, the documentation and the alert rules are made from.
Promise:  a label's values come from a closed set, or from the settings (`Known`); the series exist before they move.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, Generic, Literal, NamedTuple, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

Kind = Literal["counter", "gauge", "histogram", "info"]
Made = Counter | Gauge | Histogram | Info | CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
M_co = TypeVar("M_co", bound=Made, covariant=True)

SUFFIXES: Final[dict[Kind, str]] = {"counter": "_total", "info": "_info", "gauge": "", "histogram": ""}
"""What Prometheus's client adds to a name."""


class Known(NamedTuple):
    """Values of labels that only the settings of a process give."""

    topics: tuple[str, ...] = ()
    """Full names of the topics that the process serves."""
    reply_topics: tuple[str, ...] = ()
    """Full names of the reply topics that it may send to."""
    webhooks: tuple[str, ...] = ()
    """Names of the receivers that it sends to."""


NOTHING_KNOWN: Final = Known()
Values = tuple[str, ...] | Literal["topics", "reply_topics", "webhooks"]
"""A label's values, or the name of those in `Known`."""


class Sample(NamedTuple):
    """By how much one series moves: added to a counter, set on a gauge, observed by a histogram."""

    labels: tuple[str, ...]
    value: float


F = TypeVar("F")


class Rule(NamedTuple):
    """What a kind of fact does to a metric."""

    fact: type
    samples: Callable[[Any], Iterable[Sample]]
    adds: bool
    """Of a gauge: add the value instead of setting it."""


def on(fact: type[F], *labels: Callable[[F], str], value: Callable[[F], float] = lambda _: 1.0) -> Rule:
    """One series moves: which one, and by how much."""
    return Rule(fact, lambda seen: [Sample(tuple(label(seen) for label in labels), value(seen))], adds=False)


def on_each(fact: type[F], values: Callable[[F], Mapping[Any, float]]) -> Rule:
    """Several series of a metric with one label move: values by label."""
    return Rule(fact, lambda seen: [Sample((label,), value) for label, value in values(seen).items()], adds=False)


def added(fact: type[F], value: float) -> Rule:
    """A gauge without labels rises or falls."""
    return Rule(fact, lambda _: [Sample((), value)], adds=True)


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
    make: Callable[[CollectorRegistry, Known], M_co]
    """The metric in a registry; of one that is computed at each scrape, an empty family."""
    rules: tuple[Rule, ...] = ()

    @property
    def name(self) -> str:
        """The name as it is scraped; a histogram has `_bucket`, `_sum` and `_count` behind it."""
        return self.base + SUFFIXES[self.kind]


def counter(base: str, meaning: str, *rules: Rule, remedy: str, **labels: Values) -> Spec[Counter]:
    """A number that only rises. `labels`: each with its values."""

    def make(registry: CollectorRegistry, known: Known) -> Counter:
        metric = Counter(base, meaning, list(labels), registry=registry)
        _from_zero(metric, labels, known)
        return metric

    return Spec(base, "counter", meaning, remedy, tuple(labels), make, rules)


def gauge(base: str, meaning: str, *rules: Rule, remedy: str, **labels: Values) -> Spec[Gauge]:
    """A number that is set when something happens."""

    def make(registry: CollectorRegistry, known: Known) -> Gauge:
        metric = Gauge(base, meaning, list(labels), registry=registry)
        _from_zero(metric, labels, known)
        return metric

    return Spec(base, "gauge", meaning, remedy, tuple(labels), make, rules)


def histogram(
    base: str, meaning: str, buckets: tuple[float, ...], *rules: Rule, remedy: str, **labels: Values
) -> Spec[Histogram]:
    """How often a measurement was how large."""

    def make(registry: CollectorRegistry, known: Known) -> Histogram:
        metric = Histogram(base, meaning, list(labels), buckets=buckets, registry=registry)
        _from_zero(metric, labels, known)
        return metric

    return Spec(base, "histogram", meaning, remedy, tuple(labels), make, rules)


def info(base: str, meaning: str, *labels: str, remedy: str) -> Spec[Info]:
    """Facts as labels; its value is 1."""

    def make(registry: CollectorRegistry, _known: Known) -> Info:
        return Info(base, meaning, registry=registry)

    return Spec(base, "info", meaning, remedy, labels, make)


def computed(base: str, meaning: str, *labels: str, remedy: str) -> Spec[GaugeMetricFamily]:
    """A gauge that a collector works out at each scrape, so that it moves although the loops stand still."""

    def make(_registry: CollectorRegistry, _known: Known) -> GaugeMetricFamily:
        return GaugeMetricFamily(base, meaning, labels=labels)

    return Spec(base, "gauge", meaning, remedy, labels, make)


def counted(base: str, meaning: str, *labels: str, remedy: str) -> Spec[CounterMetricFamily]:
    """A counter that a collector reads at each scrape, of what is counted where no metrics are known."""

    def make(_registry: CollectorRegistry, _known: Known) -> CounterMetricFamily:
        return CounterMetricFamily(base, meaning, labels=labels)

    return Spec(base, "counter", meaning, remedy, labels, make)


def tallied(base: str, meaning: str, *labels: str, remedy: str) -> Spec[HistogramMetricFamily]:
    """A histogram that a collector fills from a table of counts, with exemplars."""

    def make(_registry: CollectorRegistry, _known: Known) -> HistogramMetricFamily:
        return HistogramMetricFamily(base, meaning, labels=labels)

    return Spec(base, "histogram", meaning, remedy, labels, make)


Family = TypeVar("Family", CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily)


def family(spec: Spec[Family]) -> Family:
    """An empty family of what a collector computes; it belongs to no registry."""
    return spec.make(CollectorRegistry(), NOTHING_KNOWN)


def _from_zero(metric: Counter | Gauge | Histogram, labels: Mapping[str, Values], known: Known) -> None:
    """Series exist before they move: an `increase` over one that begins at 1 misses that 1."""
    closed = (values if isinstance(values, tuple) else getattr(known, values) for values in labels.values())
    for values in product(*closed) if labels else ():
        metric.labels(*values)
