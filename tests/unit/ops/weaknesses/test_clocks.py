"""Which records from the future are findings about a broker's clock."""

from datetime import timedelta

from ops.weaknesses.clocks import FutureRecord, clock_findings

MARGIN_MS = 250


def found(*records: tuple[int, int]) -> list[tuple[str, str, str]]:
    """Severity, broker and value of each finding, by brokers and milliseconds."""
    future = [FutureRecord(leader, "codes.a", timedelta(milliseconds=ahead_ms)) for leader, ahead_ms in records]
    findings = clock_findings(future, clock_margin_ms=MARGIN_MS)
    return [(finding.severity, finding.name, finding.value) for finding in findings]


def test_what_the_margin_covers_is_no_finding() -> None:
    """The expirer waits that much longer."""
    assert [] == found()
    assert [] == found((1, 250))


def test_each_broker_is_one_finding_by_its_furthest_record() -> None:
    """However many partitions it leads."""
    expected = [("weakens it", "1", "at least 4000 ms"), ("weakens it", "2", "at least 251 ms")]

    assert expected == found((2, 251), (1, 300), (1, 4_000), (1, 900), (3, 9))
