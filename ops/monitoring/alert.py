"""An alert rule as data, and rules as the YAML that Prometheus reads.

In:       name, severity, expression, and what to tell whoever is called.
Out:      `Alert`, `Group`, `rules_yaml`.
Promise:  each rule links to its section of the runbooks; the file depends on the data alone.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from textwrap import indent
from typing import Final, Literal

RUNBOOKS: Final = "docs/runbooks.md"
"""Where the runbooks are, unless somebody says a URL."""
HEAD: Final = "# Made by `codes monitoring`: change ops/monitoring/, not this file.\n"
PREFIX: Final = "Codes"
"""Of every alert's name."""

Severity = Literal["page", "ticket"]
"""`page`: fans wait, or codes look sold out, now. `ticket`: within a working day."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule. Two of one name differ in severity."""

    name: str
    severity: Severity
    expr: str
    lasting: str
    """How long it must be so: Prometheus's `for`."""
    summary: str
    """What is so, with the labels and the value filled in."""
    description: str
    """What that means, and the first thing to do."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels that the expression does not bring along."""

    def annotations(self, runbooks: str = RUNBOOKS) -> dict[str, str]:
        """What is sent along with the alert."""
        link = f"{runbooks}#{self.name.lower()}"
        return {"summary": self.summary, "description": self.description, "runbook_url": link}


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are judged together."""

    name: str
    alerts: tuple[Alert, ...]


def rules_yaml(groups: Iterable[Group], runbooks: str = RUNBOOKS) -> str:
    """The rules file. Texts are written as JSON, which YAML reads too."""
    return HEAD + "groups:\n" + "".join(_group(group, runbooks) for group in groups)


def _group(group: Group, runbooks: str) -> str:
    rules = "".join("\n".join(_rule(alert, runbooks)) + "\n" for alert in group.alerts)
    return f"  - name: {group.name}\n    rules:\n{rules}"


def _rule(alert: Alert, runbooks: str) -> Iterator[str]:
    yield f"      - alert: {alert.name}"
    yield "        expr: |-"
    yield indent(alert.expr, " " * 10)
    yield f"        for: {alert.lasting}"
    yield from _mapping("labels", {"severity": alert.severity, **alert.labels})
    yield from _mapping("annotations", alert.annotations(runbooks))


def _mapping(name: str, values: Mapping[str, str]) -> Iterator[str]:
    yield f"        {name}:"
    for key, value in values.items():
        yield f"          {key}: {json.dumps(value, ensure_ascii=False)}"
