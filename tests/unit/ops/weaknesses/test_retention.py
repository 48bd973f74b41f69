"""Which combinations of retention settings are findings, and how grave."""

from typing import Any

import pytest

from ops.settings.load import load_settings
from ops.weaknesses.retention import retention_findings
from schemas.base import DAY_S
from schemas.findings import Severity
from stores.mongo.specs import collections


def found(**variables: str) -> list[tuple[Severity, str, str]]:
    """Severity, setting and remedy of each finding."""
    settings = load_settings({f"CODES_{name}": value for name, value in variables.items()})
    findings = retention_findings(settings.mongo, settings.topics, settings.expirer)
    return [(finding.severity, finding.setting, finding.remedy) for finding in findings]


def test_the_defaults_fit_together() -> None:
    """A week of records, thirty days of ledger, holds of thirty days at most."""
    assert [] == found()


@pytest.mark.parametrize(
    ("variables", "severity", "setting", "remedy"),
    [
        ({"MONGO__LEDGER_DAYS": "29"}, "weakens it", "CODES_MONGO__LEDGER_DAYS", "30"),
        (
            {"TOPICS__DEAD_LETTER_RETENTION_HOURS": "167"},
            "weakens it",
            "CODES_TOPICS__DEAD_LETTER_RETENTION_HOURS",
            "at least 168",
        ),
        ({"EXPIRER__INTERVAL_MS": "60001"}, "note", "CODES_EXPIRER__INTERVAL_MS", "at most 60000"),
    ],
)
def test_each_combination_is_judged_by_itself(
    variables: dict[str, Any], severity: Severity, setting: str, remedy: str
) -> None:
    """The finding names the setting to change, and its least or greatest value."""
    assert [(severity, setting, remedy)] == found(**variables)


@pytest.mark.parametrize(("ledger_days", "expected_days"), [(7, 30), (60, 60)])
def test_a_cancellation_outlives_the_command_that_it_is_for(ledger_days: int, expected_days: int) -> None:
    """Commands are kept for as long as the ledger at most; a cancelled one must not run after that."""
    [spec] = [spec for spec in collections(ledger_days) if spec.name == "cancellations"]

    assert [expected_days * DAY_S] == [index.expire_after_s for index in spec.indexes]
