"""Alerts on whether records are answered: lag, stalls, and lag that is not known.

Out: `CONSUMERS`.
Promise: each rule holds for any number of replicas, and for each namespace separately.
"""

from typing import Final

from ops.monitoring import limits
from ops.monitoring.alert import Alert, Group, Severity
from ops.monitoring.process_alerts import REPLICAS
from ops.monitoring.promql import every, is_, not_of_topic, of_topic, scoped
from ops.telemetry.metrics.batches import PART_AWAY
from ops.telemetry.metrics.partitions import (
    HIGH_WATERMARK,
    LAG_RECORDS,
    LAG_SECONDS,
    LAST_STABLE,
    LAST_TURN,
    PAUSED,
    POSITION,
    TOPIC_PARTITIONS,
)
from schemas.topics import IMPORT, REQUEST_TOPICS

PARTITION: Final = "by (namespace, topic, partition)"
PLACE: Final = "{{ $labels.topic }}, partition {{ $labels.partition }}"
HAS_PARTITIONS: Final = f"max by (namespace, topic) ({every(TOPIC_PARTITIONS)})"
REQUESTS_LAG: Final = f"max {PARTITION} ({every(LAG_SECONDS, of_topic(*REQUEST_TOPICS))})"


def moved(metric: str, window: str) -> str:
    """Partitions whose offset grew within the window."""
    return f"max {PARTITION} ({metric}) > max {PARTITION} ({metric} offset {window})"


def stood(metric: str, window: str) -> str:
    """Partitions whose offset did not change within the window."""
    return f"max {PARTITION} ({metric}) == max {PARTITION} ({metric} offset {window})"


def lag(severity: Severity, limit_s: int) -> Alert:
    """Requests that wait longer than `limit_s`."""
    return Alert(
        "CodesLagHigh",
        severity,
        f"{REQUESTS_LAG} > {limit_s}",
        limits.LAG_FOR,
        f"{PLACE}: the oldest request has waited {{{{ $value | humanizeDuration }}}}.",
        "Fans wait that long for an answer. Check whether MongoDB or Kafka is unavailable; otherwise add workers.",
    )


def absent(role: str, topic: str, series: str) -> Alert:
    """No process reports a topic, although the deployment should have processes of its role."""
    return Alert(
        "CodesConsumerAbsent",
        "page",
        f"{scoped(REPLICAS, is_('role', role))} > 0\nunless on ()\n{series}",
        limits.ABSENT_FOR,
        f"No process reports {topic}.",
        "Its records may not be answered. Check that a process of that role runs, is ready, and is scraped.",
        {"topic": topic},
    )


STALLED: Final = Alert(
    "CodesConsumerStalled",
    "page",
    f"{stood(every(POSITION, not_of_topic(IMPORT)), limits.STALL_WINDOW)}\n"
    f"and\n{moved(every(HIGH_WATERMARK), limits.STALL_WINDOW)}",
    limits.STALL_FOR,
    f"{PLACE}: senders write, but nothing has been answered for {limits.STALL_WINDOW}.",
    "The loop waits, hangs, or may not read. Check for unavailable parts, then /ready and /live of the process.",
)
OPEN_TRANSACTION: Final = Alert(
    "CodesTransactionLeftOpen",
    "ticket",
    f"max {PARTITION} ({every(HIGH_WATERMARK)} offset {limits.OPEN_WINDOW}) > max {PARTITION} ({every(LAST_STABLE)})",
    limits.STALL_FOR,
    f"{PLACE}: a sender's transaction has been open for {limits.OPEN_WINDOW}.",
    "No later record can be read until it ends. Find the sender, or abort its transaction.",
)
LAG_ABSENT: Final = Alert(
    "CodesLagAbsent",
    "page",
    f"{HAS_PARTITIONS}\n- (count by (namespace, topic) (group {PARTITION} ({every(LAG_RECORDS)}))\n"
    f"or 0 * {HAS_PARTITIONS})\n> 0",
    limits.ABSENT_FOR,
    "{{ $labels.topic }}: the lag of {{ $value }} partitions is unknown.",
    "No process serves them, or the broker does not report their end offsets. Lag alerts cannot fire for them.",
)
HANGS: Final = Alert(
    "CodesLoopHangs",
    "ticket",
    f"time() - {every(LAST_TURN)} > {limits.HANG_S}\n"
    f"unless on (namespace, job, instance)\nmax by (namespace, job, instance) ({every(PART_AWAY)}) == 1",
    limits.LAG_FOR,
    f"{PLACE}: the loop on {{{{ $labels.instance }}}} has made no turn for {{{{ $value | humanizeDuration }}}}.",
    "Every part answers it, so it hangs. /live should fail, and the orchestrator should restart the process.",
)
PAUSES: Final = Alert(
    "CodesPartitionPaused",
    "page",
    f"max {PARTITION} ({every(PAUSED)}) == 1",
    limits.PAUSED_FOR,
    f"{PLACE}: a worker serves it no further, after too many consecutive dead letters.",
    "Its requests wait. See `codes dead-letters list`, end the cause, then restart the worker.",
)
IMPORTS_WAIT: Final = Alert(
    "CodesImportsWait",
    "ticket",
    f"max {PARTITION} ({every(LAG_SECONDS, of_topic(IMPORT))}) > {limits.IMPORT_LATE_S}",
    limits.LAG_FOR,
    f"{PLACE}: an import was requested {{{{ $value | humanizeDuration }}}} ago and has not ended.",
    "It may be very large, or wait behind a large one: see `codes imports list`.",
)

CONSUMERS: Final = Group(
    "codes-consumers",
    (
        lag("ticket", limits.LAG_LATE_S),
        lag("page", limits.LAG_BAD_S),
        STALLED,
        OPEN_TRANSACTION,
        LAG_ABSENT,
        *(absent("worker", topic.name, every(LAG_RECORDS, of_topic(topic))) for topic in REQUEST_TOPICS),
        absent("importer", IMPORT.name, every(LAG_RECORDS, of_topic(IMPORT))),
        absent("expirer", "expirer", every(LAST_TURN, is_("topic", "expirer"))),
        HANGS,
        PAUSES,
        IMPORTS_WAIT,
    ),
)
