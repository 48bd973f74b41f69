"""Pieces of PromQL, built from the declarations of metrics.

Out: selectors and aggregations as text. A query refers to a metric's declaration, so a renamed metric cannot leave
     a query behind. Rules select the series of one deployment, the dashboard those of its variables.
"""

from typing import Any, Final

from ops.monitoring.scope import NAMESPACE, RELEASE, matchers
from ops.telemetry.metric_spec import Spec
from schemas.topics import TopicSpec

SCOPE: Final = matchers(NAMESPACE, RELEASE)
"""The deployment that the rules watch."""
DEPLOYMENT: Final = ('namespace=~"$namespace"', 'release=~"$release"')
VARIABLES: Final = (*DEPLOYMENT, 'job=~"$job"', 'instance=~"$instance"')
"""The dashboard's variables as matchers. `.*` also matches a label that is absent."""
RATE: Final = "$__rate_interval"
"""Grafana's own: at least four scrapes."""


def every(spec: Spec[Any], *matchers: str, suffix: str = "") -> str:
    """All series of a metric in the deployment that match; `suffix` selects a part of a histogram."""
    return scoped(spec.name + suffix, *matchers)


def scoped(name: str, *matchers: str) -> str:
    """The same of a name that is no metric of ours: `up`, or what a rule records."""
    return f"{name}{{{', '.join((SCOPE, *matchers))}}}"


def selected(spec: Spec[Any], *matchers: str, suffix: str = "") -> str:
    """The same, restricted by the dashboard's variables."""
    return f"{spec.name}{suffix}{{{', '.join((*VARIABLES, *matchers))}}}"


def recorded(name: str) -> str:
    """What a rule records, restricted by the dashboard's variables."""
    return f"{name}{{{', '.join(DEPLOYMENT)}}}"


def rate_by(by: str, spec: Spec[Any], *matchers: str, suffix: str = "") -> str:
    """A counter's rate per second, summed over all labels but `by`."""
    total = f"sum by ({by})" if by else "sum"
    return f"{total} (rate({selected(spec, *matchers, suffix=suffix)}[{RATE}]))"


def mean(spec: Spec[Any]) -> str:
    """The mean of a histogram's observations."""
    return f"{rate_by('', spec, suffix='_sum')} / {rate_by('', spec, suffix='_count')}"


def is_(label: str, value: str) -> str:
    """A matcher for one value."""
    return f'{label}="{value}"'


def is_not(label: str, value: str) -> str:
    """A matcher for all other values."""
    return f'{label}!="{value}"'


def matches(label: str, pattern: str) -> str:
    """A matcher for a pattern."""
    return f'{label}=~"{pattern}"'


def of_topic(*topics: TopicSpec) -> str:
    """A matcher for any of these topics, with any prefix."""
    return matches("topic", _pattern(*topics))


def not_of_topic(*topics: TopicSpec) -> str:
    """A matcher for all other topics."""
    return f'topic!~"{_pattern(*topics)}"'


def _pattern(*topics: TopicSpec) -> str:
    return "|".join(f".*{topic.name.replace('.', '[.]')}" for topic in topics)
