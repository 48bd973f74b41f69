"""What must hold: a report has a size, however much is wrong."""

import pytest

from audit.report import FINDINGS_KEPT_MAX, AuditReport, Finding, Findings, Tally
from cli.commands.audit import _print


def test_findings_beyond_the_limit_are_counted() -> None:
    """Those of another kind are still kept."""
    findings = Findings(kept_max=2)

    findings.add(*(Finding("lost", f"request r-{number}") for number in range(5)), Finding("leak", "a log"))

    assert ["request r-0", "request r-1", "a log"] == [finding.what for finding in findings.kept]
    assert {"lost": 3} == findings.omitted


def test_a_report_counts_what_it_does_not_keep() -> None:
    """As if all were there."""
    findings = Findings()
    findings.add(*(Finding("drift", "a shard") for _ in range(FINDINGS_KEPT_MAX + 7)))
    report = AuditReport(Tally(), tuple(findings.kept), (), (), findings_omitted=findings.omitted)

    assert FINDINGS_KEPT_MAX == len(report.findings)
    assert (FINDINGS_KEPT_MAX + 7, 0) == (report.count("drift"), report.count("lost"))


def test_the_command_says_how_many_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    """The last line on standard error counts those that are not shown, by kind."""
    findings = Findings()
    findings.add(*(Finding("drift", "a shard") for _ in range(1_500)), *(Finding("lost", "r") for _ in range(3)))

    _print(AuditReport(Tally(), tuple(findings.kept), (), (), findings_omitted=findings.omitted), json_=False)

    assert "codes: findings: 3 lost, 1500 drift" == capsys.readouterr().err.splitlines()[-1]
