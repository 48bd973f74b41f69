"""The dashboard's rows on MongoDB, Kafka and S3, and on the processes.

Out: `PARTS`, `PROCESS`.
"""

from typing import Final

from ops.monitoring import limits
from ops.monitoring.panel import Panel, Query, Row
from ops.monitoring.promql import RATE, VARIABLES, is_, rate_by, selected
from ops.telemetry.metrics.batches import (
    CONFLICTS,
    PART_AWAY,
    STOCK_DRAWN,
    STOCK_DRAWS,
    STOCK_MISSES,
    STORE_REFUSALS,
    TRANSACTIONS_ABORTED,
    WAITS,
)
from ops.telemetry.metrics.partitions import (
    FENCED,
    LAST_TURN,
    PAUSED,
    REBALANCE_SECONDS,
    REBALANCES,
    TOPIC_PARTITIONS,
)
from ops.telemetry.metrics.process import BUILD, LOOP_LAG

IN_TIME: Final = is_("le", str(limits.LOOP_LATE_S))
LATE: Final = (
    f"1 - sum by (instance) (rate({selected(LOOP_LAG, IN_TIME, suffix='_bucket')}[{RATE}]))"
    f" / {rate_by('instance', LOOP_LAG, suffix='_count')}"
)


def of_process(name: str, *, rate: bool = False) -> str:
    """A metric that every process of ours has beside its own: other programs have it too, without our labels."""
    ours = f"group by (namespace, job, instance) ({selected(BUILD)})"
    series = f"{name}{{{', '.join(VARIABLES)}}}"
    return f"{f'rate({series}[{RATE}])' if rate else series} and on (namespace, job, instance) {ours}"


PARTS: Final = Row(
    "MongoDB, Kafka, S3",
    (
        Panel(
            "Processes that wait for a part",
            "If above 0 for minutes, restore that part. Nothing is lost meanwhile.",
            (Query(f"sum by (part) ({selected(PART_AWAY)})", "{{part}}"),),
        ),
        Panel(
            "Failed attempts by part",
            "Each is retried; the log event `waits_for` has the reason.",
            (Query(rate_by("part, cause", WAITS), "{{part}}: {{cause}}"),),
            "ops",
        ),
        Panel(
            "Conflicts by cause",
            "Stale plans, planned again. More than a few per hundred batches are too many.",
            (Query(rate_by("cause", CONFLICTS), "{{cause}}"),),
            "ops",
        ),
        Panel(
            "Writes that the database refuses",
            "Retries included. If above 0, the log event `refused` names the request; look for an old validator.",
            (Query(rate_by("cause", STORE_REFUSALS), "{{cause}}"),),
            "ops",
        ),
        Panel(
            "Aborted Kafka transactions",
            "`failed`: the broker did not accept it. `fenced`, `cancelled`: another process repeats the batch.",
            (Query(rate_by("reason", TRANSACTIONS_ABORTED), "{{reason}}"),),
            "ops",
        ),
        Panel(
            "Stock: draws and misses",
            "A miss: the database had fewer candidates than requested.",
            (Query(rate_by("", STOCK_DRAWS), "draws"), Query(rate_by("", STOCK_MISSES), "misses")),
            "ops",
        ),
        Panel(
            "Stock: candidates drawn",
            "If far above the codes reserved and assigned, stocks are discarded as stale.",
            (Query(rate_by("", STOCK_DRAWN), "candidates"),),
            "ops",
        ),
    ),
)
PROCESS: Final = Row(
    "Processes",
    (
        Panel(
            "Event loop: late turns",
            f"Share of turns more than {limits.LOOP_LATE_S} s late. Heartbeats are late by as much.",
            (Query(LATE, "{{instance}}"),),
            "percentunit",
        ),
        Panel(
            "Event loop: delay, p99",
            "Near the session time-out, the process loses its partitions.",
            (
                Query(
                    f"histogram_quantile(0.99, {rate_by('instance, le', LOOP_LAG, suffix='_bucket')})",
                    "{{instance}}",
                ),
            ),
            "s",
        ),
        Panel(
            "Time since the last turn of a loop",
            "The slowest loop of each process. Above a minute it hangs, or waits for a part.",
            (
                Query(
                    f"max by (instance) (time() - {selected(LAST_TURN)})",
                    "{{instance}}",
                    "no process serves a partition",
                ),
            ),
            "s",
        ),
        Panel(
            "Rebalances",
            "In 15 minutes, as each process sees them. Without a roll-out there should be none.",
            (Query(f"increase({selected(REBALANCES)}[{limits.STORM_WINDOW}])", "{{instance}}"),),
        ),
        Panel(
            "Duration of a rebalance, p90",
            "By step. If `let_go` is above 1 s, batches take long.",
            (
                Query(
                    f"histogram_quantile(0.9, {rate_by('le, step', REBALANCE_SECONDS, suffix='_bucket')})",
                    "{{step}}",
                    "none in this time range",
                ),
            ),
            "s",
        ),
        Panel(
            "Partitions lost during a batch",
            "In 15 minutes, by topic. No result is duplicated.",
            (
                Query(
                    f"sum by (topic) (increase({selected(FENCED)}[{limits.FENCED_WINDOW}]))",
                    "{{topic}}",
                    "none so far",
                ),
            ),
        ),
        Panel(
            "Paused partitions",
            "By topic. A worker serves them no further, after too many consecutive dead letters.",
            (Query(f"sum by (topic) ({selected(PAUSED)})", "{{topic}}", "no process serves a partition"),),
        ),
        Panel(
            "CPU",
            "Cores used by each process.",
            (Query(of_process("process_cpu_seconds_total", rate=True), "{{instance}}"),),
        ),
        Panel(
            "Memory",
            "Resident memory of each process. A limit of the pod ends the process.",
            (Query(of_process("process_resident_memory_bytes"), "{{instance}}"),),
            "bytes",
        ),
        Panel(
            "Partitions of each topic",
            "As the processes see them; after an addition, all see it within half a minute.",
            (Query(f"max by (topic) ({selected(TOPIC_PARTITIONS)})", "{{topic}}"),),
        ),
        Panel(
            "Running versions",
            "Processes by version, commit and role.",
            (Query(f"count by (namespace, role, version, revision, python) ({selected(BUILD)})"),),
            kind="table",
            width=24,
        ),
    ),
)
