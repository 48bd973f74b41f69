"""Which settings of topics are findings, and how grave."""

from collections.abc import Mapping

import pytest

from ops.weaknesses.topics import TopicState, Use, single_broker, topic_findings
from schemas.findings import Severity

GOOD = {
    "min.insync.replicas": "2",
    "unclean.leader.election.enable": "false",
    "cleanup.policy": "delete",
    "message.timestamp.type": "LogAppendTime",
    "retention.ms": "604800000",
    "retention.bytes": "-1",
}
CARELESS = {"min.insync.replicas": "1", "unclean.leader.election.enable": "true"}
LEDGER_DAYS = 30


def found(
    use: Use, settings: Mapping[str, str], *, replicas: int = 3, brokers: int = 3
) -> list[tuple[Severity, str, str]]:
    """Severity, setting and value of each finding about one topic that differs in these settings."""
    topic = TopicState("codes.a", use, replicas, {**GOOD, **settings})
    return [
        (finding.severity, finding.setting, finding.value)
        for finding in topic_findings([topic], brokers=brokers, ledger_days=LEDGER_DAYS)
    ]


def test_the_handbooks_values_are_no_finding() -> None:
    """Three replicas, two in sync, a week."""
    assert [] == found("input", {})
    assert [] == found("output", {"message.timestamp.type": "CreateTime"})
    assert [] == found("table", {"cleanup.policy": "compact", "retention.ms": "1"})


@pytest.mark.parametrize(
    ("use", "setting", "value", "severity"),
    [
        ("input", "min.insync.replicas", "1", "weakens it"),
        ("input", "min.insync.replicas", "3", "note"),
        ("input", "min.insync.replicas", "4", "weakens it"),
        ("output", "unclean.leader.election.enable", "true", "breaks the promise"),
        ("input", "cleanup.policy", "compact", "breaks the promise"),
        ("output", "cleanup.policy", "compact,delete", "breaks the promise"),
        ("table", "cleanup.policy", "delete", "breaks the promise"),
        ("input", "message.timestamp.type", "CreateTime", "breaks the promise"),
        ("output", "retention.ms", "3600000", "weakens it"),
        ("input", "retention.ms", "2678400000", "breaks the promise"),
        ("input", "retention.ms", "-1", "breaks the promise"),
        ("input", "retention.bytes", "1000000", "weakens it"),
    ],
)
def test_each_setting_is_judged_by_itself(use: Use, setting: str, value: str, severity: Severity) -> None:
    """31 days are longer than the ledger's 30; what leaves the service may be kept for ever."""
    wanted = {"cleanup.policy": "compact"} if use == "table" else {}

    assert [(severity, setting, value)] == found(use, {**wanted, setting: value})


def test_outputs_may_be_kept_longer_than_the_ledger() -> None:
    """Nobody decides them again."""
    assert [] == found("output", {"retention.ms": "-1"})


def test_one_replica_on_several_brokers_breaks_the_promise() -> None:
    """Whatever else is set: with one replica, an unclean election cannot happen."""
    expected = [("breaks the promise", "replication factor", "1")]

    assert expected == found("input", CARELESS, replicas=1)


def test_a_single_broker_is_one_note_for_all_topics() -> None:
    """A stack for development is not a list of forty findings."""
    assert [] == found("input", CARELESS, replicas=1, brokers=1)
    assert ["note"] == [finding.severity for finding in single_broker(1)]
    assert [] == single_broker(3)
