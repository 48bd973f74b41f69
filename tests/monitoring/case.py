"""What an alert is tried on: made-up series, and who is called at a moment.

Out: `Case`, `Fires`, and cases as the file that `promtool test rules` reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.monitoring.alert import Alert, Severity
from ops.monitoring.rules import ALERTS


@dataclass(frozen=True, slots=True)
class Fires:
    """One alert that is sent."""

    severity: Severity
    labels: Mapping[str, str]
    """Without `alertname` and `severity`."""
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
    labels = {"severity": fires.severity, **fires.labels}
    texts = {**alert_of(name, fires).annotations(), "summary": fires.summary}
    return {"exp_labels": labels, "exp_annotations": texts}


def alert_of(name: str, fires: Fires) -> Alert:
    """The rule that sends it."""
    [found] = [alert for alert in ALERTS if alert.name == name and sends(alert, fires)]
    return found


def sends(alert: Alert, fires: Fires) -> bool:
    """Whether a rule may be the sender, by its own labels."""
    return alert.severity == fires.severity and alert.labels.items() <= fires.labels.items()
