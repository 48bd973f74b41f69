"""Pieces of Prometheus's query language, made of metrics' declarations.

Out: selectors and sums as text. A metric is named by its declaration, so that one that is renamed takes its queries
     along.
"""

from typing import Any, Final

from ops.telemetry.metric_spec import Spec
from schemas.topics import TopicSpec

PICKED: Final = ('namespace=~"$namespace"', 'job=~"$job"', 'instance=~"$instance"')
"""What the dashboard's variables let through. A label that nobody sets is an empty one, which `.*` matches."""
RATE: Final = "$__rate_interval"
"""Grafana's own: at least four scrapes."""


def every(spec: Spec[Any], *matchers: str, suffix: str = "") -> str:
    """All series of a metric that match; `suffix` names a histogram's part."""
    return f"{spec.name}{suffix}{{{', '.join(matchers)}}}" if matchers else spec.name + suffix


def picked(spec: Spec[Any], *matchers: str, suffix: str = "") -> str:
    """The same for the dashboard: only what its variables let through."""
    return every(spec, *PICKED, *matchers, suffix=suffix)


def rate_by(by: str, spec: Spec[Any], *matchers: str, suffix: str = "") -> str:
    """What a counter grows by a second, summed over everything but the labels `by`."""
    total = f"sum by ({by})" if by else "sum"
    return f"{total} (rate({picked(spec, *matchers, suffix=suffix)}[{RATE}]))"


def mean(spec: Spec[Any]) -> str:
    """The mean of what a histogram measured."""
    return f"{rate_by('', spec, suffix='_sum')} / {rate_by('', spec, suffix='_count')}"


def is_(label: str, value: str) -> str:
    """A matcher: this value."""
    return f'{label}="{value}"'


def matches(label: str, pattern: str) -> str:
    """A matcher: a value of this pattern."""
    return f'{label}=~"{pattern}"'


def of_topic(*topics: TopicSpec) -> str:
    """A matcher: one of these topics, whatever the prefix."""
    return matches("topic", _pattern(*topics))


def not_of_topic(*topics: TopicSpec) -> str:
    """A matcher: none of these topics."""
    return f'topic!~"{_pattern(*topics)}"'


def _pattern(*topics: TopicSpec) -> str:
    return "|".join(f".*{topic.name.replace('.', '[.]')}" for topic in topics)
