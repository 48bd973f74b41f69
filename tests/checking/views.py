"""Rule 10: every inventory view shows the true counts, and each crossing of a limit has one alert.

In:   evidence.
Out:  violations.

| rule | broken if |
|---|---|
| `view_differs` | a view, or the table that it is built from, shows other counts than there are codes |
| `different_alerts` | alerts with one `ce_id` differ |
| `alert_missing` | the counts have crossed a limit, and no alert says so |
| `alert_unfounded` | an alert says what the counts have not done, with these figures |
| `alert_order` | alerts are in another order than the crossings |

A campaign's events are on one partition. In their order they say when which limit was crossed. Two views that count
the same event send the same alert: it may be there more than once, at any later time.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from tests.checking.counts import STATUSES, Sums, codes_by_status
from tests.checking.evidence import Evidence, Output
from tests.checking.requests import Fields, fields_of
from tests.checking.violation import Violation

Stock = tuple[str, str]
"""Campaign and code type."""
Standing = str
"""The level of the last alert; `recovered` if there was none."""
NEVER: Final[Fields] = {"version": -1}


class Crossing(NamedTuple):
    """What an alert says."""

    level: Standing
    available: int
    total: int
    threshold: int


def check_views(evidence: Evidence) -> Iterator[Violation]:
    """Compare views with codes, and alerts with events; a history without views has neither."""
    if not evidence.history.views:
        return
    codes = codes_by_status(evidence)
    for name, shown in evidence.history.views.items():
        yield from compare(name, codes, shown)
    crossings, alerts = crossings_of(evidence), alerts_of(evidence)
    for stock in sorted(crossings.keys() | alerts.keys()):
        yield from check_alerts(stock, crossings.get(stock, []), alerts.get(stock, []))


def compare(name: str, codes: Sums, shown: Mapping[tuple[str, str, str], int]) -> Iterator[Violation]:
    """A view's counts are those of the codes."""
    for key in sorted(codes.keys() | shown.keys()):
        if codes[key] != shown.get(key, 0):
            yield Violation("view_differs", (name, *key), f"{codes[key]}", f"{shown.get(key, 0)}")


def check_alerts(stock: Stock, crossings: list[Crossing], alerts: list[Output]) -> Iterator[Violation]:
    """The alerts of one stock."""
    first: dict[bytes, Output] = {}
    for alert in alerts:
        if first.setdefault(alert.ce_id, alert).value != alert.value:
            yield Violation("different_alerts", (*stock, alert.ce_id.decode()), "one body", "others")
    said = [crossing_of(alert.fields) for alert in first.values()]
    missing = (Counter(crossings) - Counter(said)).elements()
    unfounded = (Counter(said) - Counter(crossings)).elements()
    yield from (Violation("alert_missing", stock, f"{crossing}", "no alert") for crossing in missing)
    yield from (Violation("alert_unfounded", stock, "a crossing", f"{crossing}") for crossing in unfounded)
    if said != crossings and Counter(said) == Counter(crossings):
        yield Violation("alert_order", stock, f"{crossings}", f"{said}")


def alerts_of(evidence: Evidence) -> dict[Stock, list[Output]]:
    """All alerts by stock, in their order."""
    found: dict[Stock, list[Output]] = {}
    for alert in evidence.alerts:
        found.setdefault(stock_of(alert.fields), []).append(alert)
    return found


def crossings_of(evidence: Evidence) -> dict[Stock, list[Crossing]]:
    """What the inventory events say, in their order."""
    shards: dict[Stock, dict[str, Fields]] = {}
    crossings: dict[Stock, list[Crossing]] = {}
    limits = evidence.history.stock_limits
    for record in evidence.history.outputs:
        if record.topic != "inventory.v1":
            continue
        fields = fields_of(record.value)
        known, crossed = shards.setdefault(stock_of(fields), {}), crossings.setdefault(stock_of(fields), [])
        if fields["version"] > known.get(fields["shard"], NEVER)["version"]:
            known[fields["shard"]] = fields
            crossing = crossing_at(known, crossed[-1].level if crossed else "recovered", limits)
            crossed += [crossing] if crossing is not None else []
    return crossings


def crossing_at(shards: Mapping[str, Fields], standing: Standing, limits: tuple[float, int]) -> Crossing | None:
    """Whether the counts have crossed a limit. A negative count lacks an event, and says nothing."""
    available, *others = (sum(shard[status] for shard in shards.values()) for status in STATUSES)
    total = available + sum(others)
    threshold = max(int(total * limits[0] / 100), limits[1])
    level = standing
    if available > threshold + threshold // 10:
        level = "recovered"
    elif available == 0:
        level = "exhausted"
    elif available <= threshold and standing == "recovered":
        level = "low"
    if available < 0 or total <= 0 or level == standing:
        return None
    return Crossing(level, available, total, threshold)


def crossing_of(fields: Fields) -> Crossing:
    """What an alert says."""
    names = ("level", "available", "total", "threshold")
    level, available, total, threshold = (fields.get(name) for name in names)
    return Crossing(str(level), available or 0, total or 0, threshold or 0)


def stock_of(fields: Fields) -> Stock:
    """Whose event or alert it is."""
    return str(fields.get("campaign_id")), str(fields.get("code_type"))
