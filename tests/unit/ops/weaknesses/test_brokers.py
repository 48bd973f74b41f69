"""Which settings of brokers are findings, and how grave."""

import pytest

from ops.weaknesses.brokers import BrokersState, broker_findings
from schemas.findings import Severity
from schemas.settings import KafkaSettings, ProcessingGuarantee, TopicSettings

GOOD = {
    "transaction.state.log.min.isr": "2",
    "transaction.state.log.replication.factor": "3",
    "offsets.topic.replication.factor": "3",
    "offsets.retention.minutes": "10080",
    "transaction.max.timeout.ms": "900000",
    "transactional.id.expiration.ms": "604800000",
}
EXACTLY_ONCE: ProcessingGuarantee = "exactly_once"


def found(state: BrokersState, guarantee: ProcessingGuarantee = EXACTLY_ONCE) -> list[tuple[Severity, str, str]]:
    """Severity, setting and value of each finding."""
    findings = broker_findings(state, KafkaSettings(), TopicSettings(), guarantee)
    return [(finding.severity, finding.setting, finding.value) for finding in findings]


def test_the_handbooks_values_are_no_finding() -> None:
    """The handbook's table and this check agree."""
    assert [] == found(BrokersState(3, GOOD, {}))


@pytest.mark.parametrize(
    ("setting", "value", "severity"),
    [
        ("transaction.state.log.min.isr", "1", "weakens it"),
        ("transaction.state.log.replication.factor", "1", "breaks the promise"),
        ("offsets.topic.replication.factor", "2", "weakens it"),
        ("offsets.retention.minutes", "1440", "weakens it"),
        ("transaction.max.timeout.ms", "10000", "weakens it"),
        ("transactional.id.expiration.ms", "3600000", "note"),
    ],
)
def test_each_setting_is_judged_by_itself(setting: str, value: str, severity: Severity) -> None:
    """One finding, with the value that the broker reported."""
    assert [(severity, setting, value)] == found(BrokersState(3, {**GOOD, setting: value}, {}))


def test_a_topic_that_exists_counts_instead_of_the_setting_it_was_made_with() -> None:
    """The setting has no effect on it any more."""
    made_well = {"__transaction_state": 3, "__consumer_offsets": 3}
    later = {**GOOD, "transaction.state.log.replication.factor": "1", "offsets.topic.replication.factor": "1"}

    assert [] == found(BrokersState(3, later, made_well))
    assert [("breaks the promise", "replicas of __transaction_state", "1")] == found(
        BrokersState(3, GOOD, {**made_well, "__transaction_state": 1})
    )


def test_transactions_do_not_matter_to_at_least_once() -> None:
    """It uses none."""
    bad = {**GOOD, "transaction.state.log.min.isr": "1", "transaction.max.timeout.ms": "1"}

    assert [] == found(BrokersState(3, bad, {"__transaction_state": 1}), "at_least_once")


def test_a_single_broker_has_no_findings_about_copies() -> None:
    """That it is alone is a note of its own."""
    alone = dict.fromkeys(GOOD, "1") | {"offsets.retention.minutes": "10080", "transaction.max.timeout.ms": "900000"}

    assert ["transactional.id.expiration.ms"] == [name for _, name, _ in found(BrokersState(1, alone, {}))]


def test_what_may_not_be_read_is_a_note() -> None:
    """Internal topics are judged all the same: their replicas are in the cluster's metadata."""
    unreadable = BrokersState(3, None, {"__consumer_offsets": 1})

    expected = [("note", "broker settings", "unknown"), ("breaks the promise", "replicas of __consumer_offsets", "1")]
    assert expected == found(unreadable)
