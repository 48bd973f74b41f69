"""The rules as data: no rule without its cases, its words in order, its link where the runbooks are."""

import pytest

from cli.commands.monitoring import ALERTS_FILE, files
from ops.monitoring.alert import PREFIX, Alert
from ops.monitoring.rules import ALERTS
from tests.monitoring.case import sends
from tests.monitoring.cases import CASES


@pytest.mark.parametrize(
    "alert", ALERTS, ids=lambda alert: "-".join([alert.name, alert.severity, *alert.labels.values()])
)
def test_each_rule_has_a_case_for_and_a_case_against_it(alert: Alert) -> None:
    """Each severity of its own."""
    of_name = [case for case in CASES if case.alert == alert.name]

    assert any(sends(alert, fires) for case in of_name for fires in case.fires)
    assert any(not any(sends(alert, fires) for fires in case.fires) for case in of_name)


def test_names_and_words_are_in_order() -> None:
    """One prefix, sentences, and no rule twice."""
    identities = [(alert.name, alert.severity, *alert.labels.values()) for alert in ALERTS]

    assert len(identities) == len(set(identities))
    assert all(alert.name.startswith(PREFIX) for alert in ALERTS)
    assert [] == [alert.name for alert in ALERTS if alert.summary[-1] != "." or alert.description[-1] not in ".?"]


def test_the_runbooks_may_be_elsewhere() -> None:
    """Then every alert links there."""
    text = files("https://wiki.example/runbooks")[ALERTS_FILE]

    assert len(ALERTS) == text.count('runbook_url: "https://wiki.example/runbooks#codes')
