"""The dashboard's rows on requests: what needs attention, what they came to, how long they take, how many wait.

Out: `ATTENTION`, `OUTCOMES`, `LATENCY`, `LAG`.
"""

from typing import Final

from ops.monitoring import limits
from ops.monitoring.alert import PREFIX
from ops.monitoring.panel import Panel, Query, Row, number
from ops.monitoring.promql import RATE, matches, mean, of_topic, picked, rate_by
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
STANDING: Final = f"(time() - {picked(LAST_PROGRESS)}) and on (topic, partition, instance) {picked(LAG_RECORDS)} > 0"
NO_PARTITION: Final = "no process serves a partition, or nobody knows the lag"


def by_partition(how: str, metric: str) -> str:
    """Over replicas: while a partition changes hands, two may tell of it."""
    return f"{how} by (topic, partition) ({metric})"


ATTENTION: Final = Row(
    "What needs attention",
    (
        Panel(
            "Alerts",
            "Rules that fire now; docs/runbooks.md has a section for each.",
            (
                Query(
                    f"sum by (alertname, severity, namespace) (ALERTS{{{FIRING}}})",
                    none_means="no alert fires, or this Prometheus does not have the rules",
                ),
            ),
            kind="table",
            width=24,
        ),
        number(
            "Oldest request",
            "Age of the oldest request that is not answered.",
            Query(f"max({picked(LAG_SECONDS, REQUESTS)})", none_means=NO_PARTITION),
            unit="s",
            orange_from=limits.LAG_LATE_S,
            red_from=limits.LAG_BAD_S,
        ),
        number(
            "Lag unknown",
            "Partitions that are served and whose lag nobody knows.",
            Query(f"sum({picked(PARTITIONS_ASSIGNED, INPUTS)}) - (count({picked(LAG_RECORDS)}) or vector(0))"),
        ),
        number(
            "Parts away",
            "Counted for each process that waits for one.",
            Query(f"sum({picked(PART_AWAY)})"),
        ),
        number(
            "Oldest overdue hold",
            "Time since the oldest hold should have ended.",
            Query(f"max({picked(OLDEST_OVERDUE)})"),
            unit="s",
            orange_from=limits.OVERDUE_LATE_S,
            red_from=limits.OVERDUE_BAD_S,
        ),
        number(
            "Dead letters, 1 h",
            "Records put aside.",
            Query(f"sum(increase({picked(DEAD_LETTERS)}[1h]))"),
        ),
        number(
            "Failed imports, 1 h",
            "Cancelled ones count as failed.",
            Query(f"sum(increase({picked(IMPORTS_ENDED, matches('state', 'failed'))}[1h]))"),
        ),
        number(
            "Refused: out of stock, 1 h",
            "Requests for codes that are not there.",
            Query(f"sum(increase({picked(REFUSALS, matches('reason', 'out_of_stock'))}[1h]))"),
            orange_from=1,
            red_from=1_000,
        ),
        number(
            "Slowest consumer",
            "Longest time that a partition with lag has not moved.",
            Query(f"max({STANDING}) or vector(0)"),
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
            "Answers a second; `rejected` are dead letters.",
            (Query(rate_by("outcome", RECORDS), "{{outcome}}"),),
            "ops",
            stacked=True,
        ),
        Panel(
            "Refusals by reason",
            "Ordinary answers. A rise of `unknown_campaign` or `request_id_reused` is a sender's mistake.",
            (Query(rate_by("reason", REFUSALS), "{{reason}}"),),
            "ops",
            stacked=True,
        ),
        Panel(
            "Dead letters by reason",
            "`unprocessable` is ours to mend, the rest the sender's.",
            (Query(rate_by("reason", DEAD_LETTERS), "{{reason}}"),),
            "ops",
            stacked=True,
        ),
        Panel(
            "Repeats and refused replies",
            "Requests that the ledger had already; answers without the copy that was asked for.",
            (Query(rate_by("", REPEATS), "repeats"), Query(rate_by("", REPLIES_REFUSED), "replies refused")),
            "ops",
            width=12,
        ),
        Panel(
            "Inconsistent reservations, 1 h",
            "Requests set aside: their reservation and its codes disagree. See `codes reconcile --reservations`.",
            (Query(f"sum(increase({picked(INCONSISTENT)}[1h]))", "set aside"),),
            width=12,
        ),
        Panel(
            "Reply topics without copies",
            "1: missing, or sending to it fails; it is tried again by itself.",
            (
                Query(
                    f"max by (topic) ({picked(REPLY_TOPIC_UNUSABLE)})",
                    "{{topic}}",
                    "no reply topic failed since the workers began",
                ),
            ),
            width=12,
        ),
        Panel(
            "Records in a batch",
            "Near the setting's maximum, processes are behind: add workers, then partitions.",
            (
                Query(mean(BATCH_RECORDS), "mean"),
                Query(f"histogram_quantile(0.95, {rate_by('le', BATCH_RECORDS, suffix='_bucket')})", "95 of 100"),
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
            "95 of 100 steps are done in",
            "`gather` and `apply` are MongoDB's time, `emit` is Kafka's, `decode` and `plan` the CPU's.",
            (Query(f"histogram_quantile(0.95, {STEPS})", "{{step}}"),),
            "s",
            width=12,
        ),
        Panel(
            "Time spent by step",
            "Seconds of a second, over all loops: where time goes.",
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
            "By partition. It grows by itself while a loop stands still.",
            (Query(by_partition("max", picked(LAG_SECONDS)), PLACE, NO_PARTITION),),
            "s",
            width=12,
        ),
        Panel(
            "Unanswered records",
            "By partition, up to what may be read.",
            (Query(by_partition("max", picked(LAG_RECORDS)), PLACE, NO_PARTITION),),
            width=12,
        ),
        Panel(
            "Written and answered",
            "Records a second: while `written` runs ahead of `answered`, lag grows.",
            (
                Query(f"sum(rate({picked(HIGH_WATERMARK)}[{RATE}]))", "written", NO_PARTITION),
                Query(f"sum(rate({picked(POSITION)}[{RATE}]))", "answered", NO_PARTITION),
            ),
            "ops",
        ),
        Panel(
            "Held by open transactions",
            "Records that nobody can read before a sender's transaction ends.",
            (
                Query(
                    f"{by_partition('max', picked(HIGH_WATERMARK))} - {by_partition('max', picked(LAST_STABLE))}",
                    PLACE,
                    NO_PARTITION,
                ),
            ),
        ),
        Panel(
            "Partitions served",
            "Over all replicas. Fewer than the topic has: too few processes are ready.",
            (Query(f"sum by (topic) ({picked(PARTITIONS_ASSIGNED, INPUTS)})", "{{topic}}"),),
        ),
    ),
)
