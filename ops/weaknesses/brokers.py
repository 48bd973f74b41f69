"""Judges the brokers' settings on which transactions and committed offsets depend.

In:       the effective configuration of a broker, replicas of the internal topics that exist, our own settings.
Out:      findings.
Promise:  a pure function: nothing is read or changed here. A setting that the broker does not report is not judged.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ops.weaknesses.topics import REPLICAS_WANTED
from schemas.findings import Finding, Severity
from schemas.settings import KafkaSettings, ProcessingGuarantee, TopicSettings

MS_PER_DAY: Final = 86_400_000
MINUTES_PER_HOUR: Final = 60
STATE_ISR: Final = "transaction.state.log.min.isr"
STATE_REPLICAS: Final = "transaction.state.log.replication.factor"
OFFSETS_REPLICAS: Final = "offsets.topic.replication.factor"
OFFSETS_RETENTION: Final = "offsets.retention.minutes"
TIMEOUT_MAX: Final = "transaction.max.timeout.ms"
ID_EXPIRATION: Final = "transactional.id.expiration.ms"
REPORTED: Final = (STATE_ISR, STATE_REPLICAS, OFFSETS_REPLICAS, OFFSETS_RETENTION, TIMEOUT_MAX, ID_EXPIRATION)
MADE_WITH: Final = {STATE_REPLICAS: "__transaction_state", OFFSETS_REPLICAS: "__consumer_offsets"}
"""Internal topics: once they exist, their own replicas count, and the setting no longer matters."""


@dataclass(frozen=True, slots=True)
class BrokersState:
    """The cluster as one broker reports it."""

    brokers: int
    config: Mapping[str, str] | None
    """None: the user may not read it."""
    internal_replicas: Mapping[str, int]
    """Replicas of internal topics, of the partition that has the fewest."""

    def number(self, setting: str) -> int | None:
        value = (self.config or {}).get(setting)
        return None if value is None else int(value)


def broker_findings(
    state: BrokersState, kafka: KafkaSettings, topics: TopicSettings, guarantee: ProcessingGuarantee
) -> list[Finding]:
    """All findings about the brokers; replication is not judged on a cluster of one broker."""
    found = [*_unreadable(state), *_offsets_retention(state, topics)]
    if guarantee == "exactly_once":
        found += [*_timeout(state, kafka), *_expiration(state)]
    if state.brokers > 1:
        found += _copies(state, OFFSETS_REPLICAS, "committed offsets: groups read their topics again")
        if guarantee == "exactly_once":
            what = "the log of transactions: a result may be published twice"
            found += [*_copies(state, STATE_REPLICAS, what), *_state_isr(state)]
    return found


def _unreadable(state: BrokersState) -> Iterator[Finding]:
    if state.config is None:
        why = "the user may not read them, so transactions and offsets were not judged"
        remedy = "grant DescribeConfigs on the cluster to this user, or check them by hand"
        yield Finding("note", "broker", "kafka", "broker settings", "unknown", why, remedy)


def _copies(state: BrokersState, setting: str, what: str) -> Iterator[Finding]:
    topic = MADE_WITH[setting]
    exists = topic in state.internal_replicas
    copies = state.internal_replicas[topic] if exists else state.number(setting)
    if copies is None or copies >= min(REPLICAS_WANTED, state.brokers):
        return
    severity: Severity = "breaks the promise" if copies == 1 else "weakens it"
    name = f"replicas of {topic}" if exists else setting
    remedy = "3 replicas (kafka-reassign-partitions.sh)" if exists else "3, before the first use of the cluster"
    yield Finding(severity, "broker", "kafka", name, str(copies), f"the loss of {copies} disks loses {what}", remedy)


def _state_isr(state: BrokersState) -> Iterator[Finding]:
    if state.number(STATE_ISR) == 1:
        why = "a transaction may be committed when a single broker knows of it, and is lost with that broker"
        yield _finding(state, STATE_ISR, why, "2")


def _offsets_retention(state: BrokersState, topics: TopicSettings) -> Iterator[Finding]:
    minutes = state.number(OFFSETS_RETENTION)
    if minutes is not None and minutes < topics.retention_hours * MINUTES_PER_HOUR:
        why = "a group that was inactive for longer reads its topics from the beginning, and repeats all its outputs"
        yield _finding(state, OFFSETS_RETENTION, why, f"at least {topics.retention_hours * MINUTES_PER_HOUR}")


def _timeout(state: BrokersState, kafka: KafkaSettings) -> Iterator[Finding]:
    longest = state.number(TIMEOUT_MAX)
    if longest is not None and longest < kafka.transaction_timeout_ms:
        why = "the brokers refuse the service's producers, and no request is served"
        yield _finding(state, TIMEOUT_MAX, why, f"at least {kafka.transaction_timeout_ms}")


def _expiration(state: BrokersState) -> Iterator[Finding]:
    kept = state.number(ID_EXPIRATION)
    if kept is not None and kept < MS_PER_DAY:
        why = "the brokers forget the producer of a quiet partition, which then restarts at its next request"
        yield Finding("note", "broker", "kafka", ID_EXPIRATION, str(kept), why, "604800000, the default")


def _finding(state: BrokersState, setting: str, why: str, remedy: str) -> Finding:
    return Finding("weakens it", "broker", "kafka", setting, str(state.number(setting)), why, remedy)
