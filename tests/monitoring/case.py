"""What an alert is tried on: made-up series, and who is called at a moment.

Out: `Case`, `Fires`, and cases as the file that `promtool test rules` reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ops.monitoring.alert import Alert, Group, Severity
from ops.monitoring.rules import ALERTS, GROUPS, RECORDS
from ops.monitoring.scope import Scope

WATCHED: Final = Scope("prod", "codes", {"worker": 2, "canary": 1})
"""The deployment whose rules are tried; other namespaces and releases beside it are not to matter."""


@dataclass(frozen=True, slots=True)
class Fires:
    """One alert that is sent."""

    severity: Severity
    labels: Mapping[str, str]
    """Without `alertname`, `severity`, `audience` and the deployment's."""
    summary: str


@dataclass(frozen=True, slots=True)
class Case:
    """One alert's name, at one moment of made-up series."""

    alert: str
    claim: str
    series: Mapping[str, str]
    """In promtool's notation: `0+10x5` is 0 10 20 30 40 50, `_` no sample, `stale` the end."""
    at: str
    fires: tuple[Fires, ...] = ()
    interval: str = "1m"
    """Between samples, and between evaluations. Samples further than 5 minutes from each other would be stale."""

    def __str__(self) -> str:
        return f"{self.alert}: {self.claim}"


def groups_of(name: str) -> list[Group]:
    """The rules of one name, and what is recorded for them: all rules together take promtool a second or two."""
    own = " ".join(alert.expr for alert in ALERTS if alert.name == name)
    needed = [record.name for record in RECORDS if record.name in own]
    own += " ".join(record.expr for record in RECORDS if record.name in needed)
    groups = (
        Group(
            group.name,
            tuple(alert for alert in group.alerts if alert.name == name),
            tuple(record for record in group.records if record.name in own),
        )
        for group in GROUPS
    )
    return [group for group in groups if group.alerts or group.records]


def document(case: Case, rules: Path) -> dict[str, Any]:
    """The file for promtool; JSON is YAML."""
    series = [{"series": series, "values": values} for series, values in case.series.items()]
    asked = {
        "eval_time": case.at,
        "alertname": case.alert,
        "exp_alerts": [expected(case.alert, fires) for fires in case.fires],
    }
    test = {"interval": case.interval, "input_series": series, "alert_rule_test": [asked]}
    return {"rule_files": [str(rules)], "evaluation_interval": case.interval, "tests": [test]}


def expected(name: str, fires: Fires) -> dict[str, Any]:
    """An alert with all that is sent along: promtool compares everything."""
    alert = alert_of(name, fires)
    deployment = {"namespace": WATCHED.namespace, "release": WATCHED.release}
    labels = {"severity": fires.severity, "audience": alert.audience, **deployment, **fires.labels}
    texts = {**alert.annotations(), "summary": fires.summary}
    return {"exp_labels": labels, "exp_annotations": texts}


def alert_of(name: str, fires: Fires) -> Alert:
    """The rule that sends it."""
    [found] = [alert for alert in ALERTS if alert.name == name and sends(alert, fires)]
    return found


def sends(alert: Alert, fires: Fires) -> bool:
    """Whether a rule may be the sender, by its own labels."""
    return alert.severity == fires.severity and alert.labels.items() <= fires.labels.items()
