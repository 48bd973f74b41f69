"""Alerts on whether records are answered: lag, stalls, and lag that nobody tells.

Out: `CONSUMERS`.
Promise: true over any number of replicas, and for each namespace by itself.
"""

from typing import Final

from ops.monitoring import limits
from ops.monitoring.alert import Alert, Group, Severity
from ops.monitoring.promql import every, is_, not_of_topic, of_topic
from ops.telemetry.metrics.batches import PART_AWAY
from ops.telemetry.metrics.partitions import (
    HIGH_WATERMARK,
    LAG_RECORDS,
    LAG_SECONDS,
    LAST_STABLE,
    LAST_TURN,
    POSITION,
)
from ops.telemetry.metrics.process import BUILD
from schemas.topics import IMPORT, REQUEST_TOPICS

PARTITION: Final = "by (namespace, topic, partition)"
PLACE: Final = "{{ $labels.topic }}, partition {{ $labels.partition }}"
REQUESTS_LAG: Final = f"max {PARTITION} ({every(LAG_SECONDS, of_topic(*REQUEST_TOPICS))})"


def moved(metric: str, window: str) -> str:
    """Partitions whose offset is not what it was a window ago."""
    return f"max {PARTITION} ({metric}) > max {PARTITION} ({metric} offset {window})"


def stood(metric: str, window: str) -> str:
    """Partitions whose offset is what it was a window ago."""
    return f"max {PARTITION} ({metric}) == max {PARTITION} ({metric} offset {window})"


def lag(severity: Severity, limit_s: int) -> Alert:
    """Requests that wait for longer than `limit_s`."""
    return Alert(
        "CodesLagHigh",
        severity,
        f"{REQUESTS_LAG} > {limit_s}",
        limits.LAG_FOR,
        f"{PLACE}: a request waits for {{{{ $value | humanizeDuration }}}}.",
        "Fans wait as long for an answer. See which part is away, else add workers.",
    )


def absent(topic: str, series: str) -> Alert:
    """Nobody tells of a topic although the namespace has processes of the service, or had them a while ago."""
    there = f"group by (namespace) (last_over_time({BUILD.name}[{limits.KNOWN_WINDOW}]))"
    return Alert(
        "CodesConsumerAbsent",
        "page",
        f"{there}\nunless on (namespace)\ngroup by (namespace) ({series})",
        limits.ABSENT_FOR,
        f"No process tells of {topic}.",
        "Nothing there is answered, or nobody can see it. Is a process of that role running, ready, and scraped?",
        {"topic": topic},
    )


STALLED: Final = Alert(
    "CodesConsumerStalled",
    "page",
    f"{stood(every(POSITION, not_of_topic(IMPORT)), limits.STALL_WINDOW)}\n"
    f"and\n{moved(every(HIGH_WATERMARK), limits.STALL_WINDOW)}",
    limits.STALL_FOR,
    f"{PLACE}: senders write, and nothing has been answered for {limits.STALL_WINDOW}.",
    "The loop waits, hangs, or may not read: look at parts that are away, then at /ready and /live of the process.",
)
OPEN_TRANSACTION: Final = Alert(
    "CodesTransactionLeftOpen",
    "ticket",
    f"max {PARTITION} ({HIGH_WATERMARK.name} offset {limits.OPEN_WINDOW}) > max {PARTITION} ({LAST_STABLE.name})",
    limits.STALL_FOR,
    f"{PLACE}: a sender's transaction has been open for {limits.OPEN_WINDOW}.",
    "Nothing behind it can be read before it ends. Find the sender, or abort its transaction.",
)
LAG_ABSENT: Final = Alert(
    "CodesLagAbsent",
    "page",
    f"group {PARTITION} (last_over_time({LAG_RECORDS.name}[{limits.KNOWN_WINDOW}]))\n"
    f"unless\ngroup {PARTITION} ({LAG_RECORDS.name})",
    limits.ABSENT_FOR,
    f"{PLACE}: its lag is not known.",
    "Nobody serves the partition, or the broker does not say where its log ends: no alert on lag can come from it.",
)
HANGS: Final = Alert(
    "CodesLoopHangs",
    "ticket",
    f"time() - {LAST_TURN.name} > {limits.HANG_S}\n"
    f"unless on (namespace, job, instance)\nmax by (namespace, job, instance) ({PART_AWAY.name}) == 1",
    limits.LAG_FOR,
    f"{PLACE}: the loop on {{{{ $labels.instance }}}} has not gone round for {{{{ $value | humanizeDuration }}}}.",
    "Every part answers it, so it hangs. /live of the process should fail, and the orchestrator start it anew.",
)
IMPORTS_WAIT: Final = Alert(
    "CodesImportsWait",
    "ticket",
    f"max {PARTITION} ({every(LAG_SECONDS, of_topic(IMPORT))}) > {limits.IMPORT_LATE_S}",
    limits.LAG_FOR,
    f"{PLACE}: an import was asked for {{{{ $value | humanizeDuration }}}} ago and has not ended.",
    "Is it a very large one, or one behind it? `codes imports list` says.",
)

CONSUMERS: Final = Group(
    "codes-consumers",
    (
        lag("ticket", limits.LAG_LATE_S),
        lag("page", limits.LAG_BAD_S),
        STALLED,
        OPEN_TRANSACTION,
        LAG_ABSENT,
        *(absent(topic.name, every(LAG_RECORDS, of_topic(topic))) for topic in (*REQUEST_TOPICS, IMPORT)),
        absent("expirer", every(LAST_TURN, is_("topic", "expirer"))),
        HANGS,
        IMPORTS_WAIT,
    ),
)
