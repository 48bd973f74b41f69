"""The dashboard's rows on requests: alerts, outcomes, time by step, lag.

Out: `ATTENTION`, `OUTCOMES`, `LATENCY`, `LAG`.
"""

from typing import Final

from ops.monitoring import limits
from ops.monitoring.alert import PREFIX
from ops.monitoring.panel import Panel, Query, Row, number
from ops.monitoring.promql import RATE, matches, mean, of_topic, rate_by, selected
from ops.telemetry.metrics.batches import BATCH_RECORDS, BATCH_STEP_SECONDS, PART_AWAY
from ops.telemetry.metrics.expiry import OLDEST_OVERDUE
from ops.telemetry.metrics.imports import IMPORTS_ENDED
from ops.telemetry.metrics.partitions import (
    HIGH_WATERMARK,
    LAG_RECORDS,
    LAG_SECONDS,
    LAST_PROGRESS,
    LAST_STABLE,
    PARTITIONS_ASSIGNED,
    POSITION,
)
from ops.telemetry.metrics.requests import (
    DEAD_LETTERS,
    INCONSISTENT,
    RECORDS,
    REFUSALS,
    REPEATS,
    REPLIES_REFUSED,
    REPLY_TOPIC_UNUSABLE,
)
from schemas.topics import IMPORT, REQUEST_TOPICS

REQUESTS: Final = of_topic(*REQUEST_TOPICS)
INPUTS: Final = of_topic(*REQUEST_TOPICS, IMPORT)
PLACE: Final = "{{topic}} {{partition}}"
FIRING: Final = ", ".join(
    ['alertstate="firing"', matches("alertname", f"{PREFIX}.*"), matches("namespace", "$namespace")]
)
WITHOUT_PROGRESS: Final = (
    f"(time() - {selected(LAST_PROGRESS)}) and on (topic, partition, instance) {selected(LAG_RECORDS)} > 0"
)
NO_PARTITION: Final = "no process serves a partition, or the lag is unknown"


def by_partition(how: str, metric: str) -> str:
    """Aggregate over replicas: during a rebalance, two may export the same partition."""
    return f"{how} by (topic, partition) ({metric})"


ATTENTION: Final = Row(
    "Attention",
    (
        Panel(
            "Alerts",
            "Firing rules; docs/runbooks.md has a section for each.",
            (
                Query(
                    f"sum by (alertname, severity, namespace) (ALERTS{{{FIRING}}})",
                    none_means="no alert fires, or this Prometheus does not load the rules",
                ),
            ),
            kind="table",
            width=24,
        ),
        number(
            "Oldest request",
            "Age of the oldest unanswered request.",
            Query(f"max({selected(LAG_SECONDS, REQUESTS)})", none_means=NO_PARTITION),
            unit="s",
            orange_from=limits.LAG_LATE_S,
            red_from=limits.LAG_BAD_S,
        ),
        number(
            "Lag unknown",
            "Served partitions whose lag is unknown.",
            Query(f"sum({selected(PARTITIONS_ASSIGNED, INPUTS)}) - (count({selected(LAG_RECORDS)}) or vector(0))"),
        ),
        number(
            "Unavailable parts",
            "MongoDB, Kafka, S3; counted once per process that waits for one.",
            Query(f"sum({selected(PART_AWAY)})"),
        ),
        number(
            "Oldest overdue hold",
            "Time since the end of the oldest hold that is not released.",
            Query(f"max({selected(OLDEST_OVERDUE)})"),
            unit="s",
            orange_from=limits.OVERDUE_LATE_S,
            red_from=limits.OVERDUE_BAD_S,
        ),
        number(
            "Dead letters, 1 h",
            "Records that could not be processed.",
            Query(f"sum(increase({selected(DEAD_LETTERS)}[1h]))"),
        ),
        number(
            "Failed imports, 1 h",
            "Cancelled imports count as failed.",
            Query(f"sum(increase({selected(IMPORTS_ENDED, matches('state', 'failed'))}[1h]))"),
        ),
        number(
            "Refused: out of stock, 1 h",
            "Requests for more codes than are available.",
            Query(f"sum(increase({selected(REFUSALS, matches('reason', 'out_of_stock'))}[1h]))"),
            orange_from=1,
            red_from=1_000,
        ),
        number(
            "Slowest consumer",
            "Longest time without progress of a partition with lag.",
            Query(f"max({WITHOUT_PROGRESS}) or vector(0)"),
            unit="s",
            orange_from=limits.LAG_LATE_S,
            red_from=limits.LAG_BAD_S,
        ),
    ),
)
OUTCOMES: Final = Row(
    "Throughput and outcomes",
    (
        Panel(
            "Records by outcome",
            "Answers per second; `rejected` are dead letters.",
            (Query(rate_by("outcome", RECORDS), "{{outcome}}"),),
            "ops",
            stacked=True,
        ),
        Panel(
            "Refusals by reason",
            "Normal answers. A rise of `unknown_campaign` or `request_id_reused` points to a faulty sender.",
            (Query(rate_by("reason", REFUSALS), "{{reason}}"),),
            "ops",
            stacked=True,
        ),
        Panel(
            "Dead letters by reason",
            "`unprocessable` is a fault of the service or its database; all others are faults of the sender.",
            (Query(rate_by("reason", DEAD_LETTERS), "{{reason}}"),),
            "ops",
            stacked=True,
        ),
        Panel(
            "Repeats and refused replies",
            "Requests that were already in the ledger; results without the requested copy.",
            (Query(rate_by("", REPEATS), "repeats"), Query(rate_by("", REPLIES_REFUSED), "replies refused")),
            "ops",
            width=12,
        ),
        Panel(
            "Inconsistent reservations, 1 h",
            "Dead letters because a reservation disagrees with its codes. See `codes reconcile --reservations`.",
            (Query(f"sum(increase({selected(INCONSISTENT)}[1h]))", "dead letters"),),
            width=12,
        ),
        Panel(
            "Reply topics without copies",
            "1: the topic is missing, or sending to it fails. Workers retry by themselves.",
            (
                Query(
                    f"max by (topic) ({selected(REPLY_TOPIC_UNUSABLE)})",
                    "{{topic}}",
                    "no reply topic has failed since the workers started",
                ),
            ),
            width=12,
        ),
        Panel(
            "Records per batch",
            "Near the configured maximum, workers are behind: add workers, then partitions.",
            (
                Query(mean(BATCH_RECORDS), "mean"),
                Query(f"histogram_quantile(0.95, {rate_by('le', BATCH_RECORDS, suffix='_bucket')})", "p95"),
            ),
            width=12,
        ),
    ),
)
STEPS: Final = rate_by("le, step", BATCH_STEP_SECONDS, suffix="_bucket")
LATENCY: Final = Row(
    "Time by step",
    (
        Panel(
            "Duration of a step, p95",
            "`gather` and `apply` wait for MongoDB, `emit` waits for Kafka; `decode` and `plan` use CPU.",
            (Query(f"histogram_quantile(0.95, {STEPS})", "{{step}}"),),
            "s",
            width=12,
        ),
        Panel(
            "Time spent by step",
            "Seconds per second, all loops together.",
            (Query(rate_by("step", BATCH_STEP_SECONDS, suffix="_sum"), "{{step}}"),),
            "s",
            width=12,
            stacked=True,
        ),
    ),
)
LAG: Final = Row(
    "Lag",
    (
        Panel(
            "Age of the oldest unanswered record",
            "By partition. It also grows while a loop is blocked.",
            (Query(by_partition("max", selected(LAG_SECONDS)), PLACE, NO_PARTITION),),
            "s",
            width=12,
        ),
        Panel(
            "Unanswered records",
            "By partition, up to the last stable offset.",
            (Query(by_partition("max", selected(LAG_RECORDS)), PLACE, NO_PARTITION),),
            width=12,
        ),
        Panel(
            "Written and answered records",
            "Per second. While `written` exceeds `answered`, lag grows.",
            (
                Query(f"sum(rate({selected(HIGH_WATERMARK)}[{RATE}]))", "written", NO_PARTITION),
                Query(f"sum(rate({selected(POSITION)}[{RATE}]))", "answered", NO_PARTITION),
            ),
            "ops",
        ),
        Panel(
            "Records behind open transactions",
            "They cannot be read until a sender's transaction ends.",
            (
                Query(
                    f"{by_partition('max', selected(HIGH_WATERMARK))} - {by_partition('max', selected(LAST_STABLE))}",
                    PLACE,
                    NO_PARTITION,
                ),
            ),
        ),
        Panel(
            "Partitions served",
            "All replicas together. If fewer than the topic has, too few processes are ready.",
            (Query(f"sum by (topic) ({selected(PARTITIONS_ASSIGNED, INPUTS)})", "{{topic}}"),),
        ),
    ),
)
