"""Judges the settings of the service's topics.

In:       each topic's effective configuration and replicas, the number of brokers.
Out:      findings, each setting of each topic by itself.
Promise:  a pure function: nothing is read or changed here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from schemas.findings import Finding, Severity

Use = Literal["input", "output", "table"]
"""`table`: the changelog of the inventory, which keeps the last record of each key."""
REPLICAS_WANTED: Final = 3
MS_PER_HOUR: Final = 3_600_000
RETENTION_HOURS_MIN: Final = 24
FOREVER: Final = -1
TIMESTAMPS: Final = "message.timestamp.type"
BY_BROKER: Final = "LogAppendTime"
RUN_MIGRATE: Final = "run `codes migrate`"
REASSIGN: Final = "3 replicas (kafka-reassign-partitions.sh), and CODES_TOPICS__REPLICATION_FACTOR=3"


@dataclass(frozen=True, slots=True)
class TopicState:
    """One topic as it is."""

    name: str
    use: Use
    replicas: int
    """Of the partition that has the fewest."""
    config: Mapping[str, str]
    """Effective values, the brokers' defaults included."""

    def number(self, setting: str) -> int:
        return int(self.config[setting])


def topic_findings(topics: Sequence[TopicState], *, brokers: int, ledger_days: int) -> list[Finding]:
    """All findings about these topics; what follows from a cluster of one broker is a single note."""
    found: list[Finding] = []
    for topic in topics:
        if brokers > 1:
            found += _replication(topic)
        found += [*_cleanup(topic), *_timestamps(topic), *_retention(topic, ledger_days)]
    return found


def single_broker(brokers: int) -> list[Finding]:
    """The note that replaces all findings about replication."""
    if brokers != 1:
        return []
    why = "the only copy of every record is on its disk, and the service stops while it is unavailable"
    remedy = "three brokers, replication 3 and min.insync.replicas=2 in production"
    return [Finding("note", "broker", "kafka", "brokers", "1", why, remedy)]


def _finding(topic: TopicState, severity: Severity, setting: str, why: str, remedy: str) -> Finding:
    return Finding(severity, "topic", topic.name, setting, topic.config[setting], why, remedy)


def _replication(topic: TopicState) -> Iterator[Finding]:
    if topic.replicas == 1:
        why = "the only copy of a partition is on one disk: its loss loses records"
        yield Finding("breaks the promise", "topic", topic.name, "replication factor", "1", why, REASSIGN)
    elif topic.config["unclean.leader.election.enable"] == "true":
        why = "a replica that lacks acknowledged records may become the leader, and they are lost"
        yield _finding(topic, "breaks the promise", "unclean.leader.election.enable", why, "false")
    yield from _in_sync(topic)


def _in_sync(topic: TopicState) -> Iterator[Finding]:
    setting, least = "min.insync.replicas", topic.number("min.insync.replicas")
    if least > topic.replicas:
        why = f"the topic accepts no record: it has only {topic.replicas} replicas"
        yield _finding(topic, "weakens it", setting, why, str(max(1, topic.replicas - 1)))
    elif least == topic.replicas > 1:
        why = "the topic accepts no record while any of its brokers is unavailable"
        yield _finding(topic, "note", setting, why, "one less than the replicas")
    elif least == 1 < topic.replicas:
        why = "a record may be acknowledged when a single broker has it, and is lost with that broker"
        yield _finding(topic, "weakens it", setting, why, "2")


def _cleanup(topic: TopicState) -> Iterator[Finding]:
    wanted = "compact" if topic.use == "table" else "delete"
    if topic.config["cleanup.policy"] == wanted:
        return
    if topic.use == "table":
        why = "counts of campaigns without recent events are deleted, and the inventory starts without them"
    else:
        why = "of several records under one key only the last is kept, so others are deleted unread"
    yield _finding(topic, "breaks the promise", "cleanup.policy", why, f"{wanted}: {RUN_MIGRATE}")


def _timestamps(topic: TopicState) -> Iterator[Finding]:
    if topic.use == "input" and topic.config[TIMESTAMPS] != BY_BROKER:
        why = "the sender's clock decides whether a request was in time, and the expirer needs rising timestamps"
        yield _finding(topic, "breaks the promise", TIMESTAMPS, why, f"{BY_BROKER}: {RUN_MIGRATE}")


def _retention(topic: TopicState, ledger_days: int) -> Iterator[Finding]:
    if topic.use == "table":
        return
    kept_ms, setting = topic.number("retention.ms"), "retention.ms"
    hours = kept_ms / MS_PER_HOUR
    if kept_ms != FOREVER and hours < RETENTION_HOURS_MIN:
        why = f"records that are not read within {hours:g} h are deleted unread: an outage may last longer"
        yield _finding(topic, "weakens it", setting, why, "CODES_TOPICS__RETENTION_HOURS=168, and " + RUN_MIGRATE)
    if topic.use == "input" and (kept_ms == FOREVER or hours > ledger_days * 24):
        why = f"the ledger forgets a request after {ledger_days} days: one that is read again later is decided again"
        remedy = f"{RUN_MIGRATE}, or a larger CODES_MONGO__LEDGER_DAYS"
        yield _finding(topic, "breaks the promise", setting, why, remedy)
    if topic.number("retention.bytes") != FOREVER:
        why = "the size limit may delete records before their time, unread"
        yield _finding(topic, "weakens it", "retention.bytes", why, str(FOREVER))
