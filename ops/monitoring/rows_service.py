"""The dashboard's rows on parts and processes.

Out: `PARTS`, `PROCESS`.
"""

from typing import Final

from ops.monitoring import limits
from ops.monitoring.panel import Panel, Query, Row
from ops.monitoring.promql import RATE, is_, picked, rate_by
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
from ops.telemetry.metrics.partitions import FENCED, LAST_TURN, REBALANCE_SECONDS, REBALANCES
from ops.telemetry.metrics.process import BUILD, LOOP_LAG

LATE: Final = (
    f"1 - sum by (instance) (rate({picked(LOOP_LAG, is_('le', str(limits.LOOP_LATE_S)), suffix='_bucket')}[{RATE}]))"
    f" / {rate_by('instance', LOOP_LAG, suffix='_count')}"
)

PARTS: Final = Row(
    "MongoDB, Kafka, S3",
    (
        Panel(
            "Processes that wait for a part",
            "Above 0 for minutes: bring that part back. Nothing is lost meanwhile.",
            (Query(f"sum by (part) ({picked(PART_AWAY)})", "{{part}}"),),
        ),
        Panel(
            "Tries without an answer",
            "Each is followed by another one; the log's `waits_for` says how it fails.",
            (Query(rate_by("part, cause", WAITS), "{{part}}: {{cause}}"),),
            "ops",
        ),
        Panel(
            "Conflicts by cause",
            "Stale plans, made anew. More than a few in a hundred batches are too many.",
            (Query(rate_by("cause", CONFLICTS), "{{cause}}", "there was none yet"),),
            "ops",
        ),
        Panel(
            "Writes that the database refuses",
            "Tries included. Above 0: the log's `refused` names the request; look for an old validator.",
            (Query(rate_by("cause", STORE_REFUSALS), "{{cause}}", "there was none yet"),),
            "ops",
        ),
        Panel(
            "Kafka transactions without effect",
            "`failed`: the broker did not take it. `fenced`, `cancelled`: another process goes on with it.",
            (Query(rate_by("reason", TRANSACTIONS_ABORTED), "{{reason}}", "there was none yet"),),
            "ops",
        ),
        Panel(
            "Stock: draws and misses",
            "A miss: the database was looked through and had too few.",
            (Query(rate_by("", STOCK_DRAWS), "draws"), Query(rate_by("", STOCK_MISSES), "misses")),
            "ops",
        ),
        Panel(
            "Stock: candidates drawn",
            "Far above what is reserved and assigned: stocks are thrown away as stale.",
            (Query(rate_by("", STOCK_DRAWN), "candidates"),),
            "ops",
        ),
    ),
)
PROCESS: Final = Row(
    "Processes",
    (
        Panel(
            "Event loop: turns that are late",
            f"Share of turns more than {limits.LOOP_LATE_S} s late. Heartbeats wait as long.",
            (Query(LATE, "{{instance}}"),),
            "percentunit",
        ),
        Panel(
            "Event loop: 99 of 100 turns are late by",
            "Near the session time-out, the group gives the partitions away.",
            (
                Query(
                    f"histogram_quantile(0.99, {rate_by('instance, le', LOOP_LAG, suffix='_bucket')})",
                    "{{instance}}",
                ),
            ),
            "s",
        ),
        Panel(
            "Time since a loop went round",
            "The slowest loop of each process. Above a minute it hangs, or waits for a part.",
            (
                Query(
                    f"max by (instance) (time() - {picked(LAST_TURN)})",
                    "{{instance}}",
                    "no process serves a partition",
                ),
            ),
            "s",
        ),
        Panel(
            "Rebalances",
            "In 15 minutes, as each process saw them. Without a roll-out there should be none.",
            (Query(f"increase({picked(REBALANCES)}[{limits.STORM_WINDOW}])", "{{instance}}"),),
        ),
        Panel(
            "Time that a rebalance took",
            "The slowest tenth, by step. `let_go` above 1 s: batches take long.",
            (
                Query(
                    f"histogram_quantile(0.9, {rate_by('le, step', REBALANCE_SECONDS, suffix='_bucket')})",
                    "{{step}}",
                    "there was none in this time",
                ),
            ),
            "s",
        ),
        Panel(
            "Partitions lost in mid-work",
            "In 15 minutes, by topic. Nothing is doubled by it.",
            (
                Query(
                    f"sum by (topic) (increase({picked(FENCED)}[{limits.FENCED_WINDOW}]))",
                    "{{topic}}",
                    "there was none yet",
                ),
            ),
        ),
        Panel(
            "What runs",
            "Processes by version and job.",
            (Query(f"count by (namespace, job, version, python) ({picked(BUILD)})"),),
            kind="table",
        ),
    ),
)
