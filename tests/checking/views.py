"""Rule 10: every inventory view shows the true counts, and each crossing of a limit has one alert.

In:   evidence.
Out:  violations.

| rule | broken if |
|---|---|
| `view_differs` | a view, or the table that it is built from, shows other counts than there are codes |
| `different_alerts` | alerts with one `ce_id` differ |
| `alert_untrue` | an alert's level does not follow from its own figures, or its threshold not from the limits |
| `alert_order` | a level follows one that it cannot follow: `low` after `exhausted`, or the same level again |
| `alert_missing` | the last alert is not the one that the codes' counts ask for |

Two views that count the same event send the same alert: it may be there more than once, at any later time.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.checking.counts import STATUSES, Sums, codes_by_status
from tests.checking.evidence import Evidence, Output
from tests.checking.violation import Violation

Stock = tuple[str, str]
"""Campaign and code type."""
FOLLOWS: Final[Mapping[str, frozenset[str]]] = {
    "none": frozenset({"low", "exhausted"}),
    "low": frozenset({"exhausted", "recovered"}),
    "exhausted": frozenset({"recovered"}),
    "recovered": frozenset({"low", "exhausted"}),
}
"""Which levels may follow one."""
LEFT_BY: Final[Mapping[str, frozenset[str]]] = {
    "low": frozenset({"low", "exhausted"}),
    "exhausted": frozenset({"exhausted"}),
    "recovered": frozenset({"recovered", "none"}),
}
"""Which levels may be the last one at such counts: a few codes after `exhausted` cause no alert."""


def check_views(evidence: Evidence) -> Iterator[Violation]:
    """Compare views and alerts with the codes; a history without views has neither."""
    if not evidence.history.views:
        return
    codes = codes_by_status(evidence)
    for name, shown in evidence.history.views.items():
        yield from compare(name, codes, shown)
    alerts = alerts_of(evidence)
    for stock in sorted(alerts.keys() | {key[:2] for key in codes}):
        yield from check_alerts(evidence, stock, alerts.get(stock, []), codes)


def compare(name: str, codes: Sums, shown: Mapping[tuple[str, str, str], int]) -> Iterator[Violation]:
    """A view's counts are those of the codes."""
    for key in sorted(codes.keys() | shown.keys()):
        if codes[key] != shown.get(key, 0):
            yield Violation("view_differs", (name, *key), f"{codes[key]}", f"{shown.get(key, 0)}")


def alerts_of(evidence: Evidence) -> dict[Stock, list[Output]]:
    """All alerts by stock, in their order."""
    found: dict[Stock, list[Output]] = {}
    for alert in evidence.alerts:
        stock = (alert.fields.get("campaign_id", ""), alert.fields.get("code_type", ""))
        found.setdefault(stock, []).append(alert)
    return found


def check_alerts(evidence: Evidence, stock: Stock, alerts: list[Output], codes: Sums) -> Iterator[Violation]:
    """The alerts of one stock."""
    first: dict[bytes, Output] = {}
    for alert in alerts:
        if first.setdefault(alert.ce_id, alert).value != alert.value:
            yield Violation("different_alerts", (*stock, alert.ce_id.decode()), "one body", "others")
    level = "none"
    for alert in first.values():
        said = alert.fields.get("level", "")
        if not is_true(evidence, alert.fields):
            yield Violation("alert_untrue", (*stock, alert.ce_id.decode()), "figures of its level", f"{alert.fields}")
        if said not in FOLLOWS.get(level, ()):
            yield Violation("alert_order", (*stock, alert.ce_id.decode()), f"one that follows {level}", said)
        level = said
    yield from check_last(evidence, stock, level, codes)


def check_last(evidence: Evidence, stock: Stock, level: str, codes: Sums) -> Iterator[Violation]:
    """The last alert fits the counts at the end."""
    counts = {status: codes[(*stock, status)] for status in STATUSES}
    figures = {"available": counts["available"], "total": sum(counts.values())}
    fitting = {left for expected in levels_at(evidence, figures) for left in LEFT_BY[expected]}
    if figures["total"] and fitting and level not in fitting:
        yield Violation("alert_missing", stock, " or ".join(sorted(fitting)), level)


def is_true(evidence: Evidence, figures: Mapping[str, Any]) -> bool:
    """Whether an alert's level and threshold follow from its figures."""
    limit = threshold(evidence, figures)
    return figures.get("level") in levels_at(evidence, figures) and figures.get("threshold") == limit


def threshold(evidence: Evidence, figures: Mapping[str, Any]) -> int:
    """At which number of available codes a stock is low."""
    percent, count = evidence.history.stock_limits
    return max(int(figures.get("total", 0) * percent / 100), count)


def levels_at(evidence: Evidence, figures: Mapping[str, Any]) -> frozenset[str]:
    """The level whose alert may have these figures; none between the limits, where any level remains."""
    limit, available = threshold(evidence, figures), figures.get("available", -1)
    if available == 0:
        return frozenset({"exhausted"})
    if 0 < available <= limit:
        return frozenset({"low"})
    return frozenset({"recovered"}) if available > limit + limit // 10 else frozenset()
