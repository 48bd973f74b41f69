"""Alerts on the processes, and on MongoDB, Kafka and S3 as they see them.

Out: `PROCESSES`.
"""

from typing import Final

from ops.monitoring import limits
from ops.monitoring.alert import Alert, Group, Record, Severity
from ops.monitoring.promql import every, is_, matches, of_topic, scoped
from ops.monitoring.scope import REPLICAS as ROLES
from ops.monitoring.scope import expected
from ops.telemetry.metrics.batches import BATCH_RECORDS, CONFLICTS, PART_AWAY, TRANSACTIONS_ABORTED
from ops.telemetry.metrics.partitions import FENCED, REBALANCES
from ops.telemetry.metrics.process import BUILD, LOOP_LAG
from schemas.topics import REQUEST_TOPICS

PROCESS: Final = "by (namespace, job, instance)"
INSTANCE: Final = "{{ $labels.instance }}"


def unavailable(severity: Severity, parts: str, lasting: str, description: str) -> Alert:
    """A part that does not answer."""
    return Alert(
        "CodesPartAway",
        severity,
        f"count by (namespace, part) ({every(PART_AWAY, matches('part', parts))} == 1)",
        lasting,
        "{{ $labels.part }} is unavailable to {{ $value }} processes.",
        description,
    )


def conflicts() -> str:
    """Stale plans per batch, above a minimum count."""
    of_requests = every(CONFLICTS, of_topic(*REQUEST_TOPICS))
    window = limits.CONFLICT_WINDOW
    return (
        f"sum by (namespace) (rate({of_requests}[{window}]))\n"
        f"/ sum by (namespace) (rate({every(BATCH_RECORDS, suffix='_count')}[{window}]))\n"
        f"> {limits.CONFLICT_RATIO_MAX}\n"
        f"and sum by (namespace) (increase({of_requests}[{window}])) > {limits.CONFLICTS_MIN}"
    )


def late_turns() -> str:
    """The share of event loop turns that were late."""
    in_time = every(LOOP_LAG, is_("le", str(limits.LOOP_LATE_S)), suffix="_bucket")
    return (
        f"1 - sum {PROCESS} (rate({in_time}[{limits.LOOP_WINDOW}]))\n"
        f"/ sum {PROCESS} (rate({every(LOOP_LAG, suffix='_count')}[{limits.LOOP_WINDOW}]))\n"
        f"> {limits.LOOP_LATE_RATIO_MAX}"
    )


NOT_SCRAPED: Final = Alert(
    "CodesNotScraped",
    "page",
    f"absent({every(BUILD)})",
    limits.ABSENT_FOR,
    "Prometheus sees no process of the service.",
    "None runs, or none can be scraped. No other alert can fire.",
)
DOWN: Final = Alert(
    "CodesProcessDown",
    "ticket",
    f"{scoped('up')} == 0",
    limits.ABSENT_FOR,
    "{{ $labels.instance }} of {{ $labels.job }} cannot be scraped.",
    "It belonged to the service. Other processes take over its partitions; find out why it does not come back.",
)
REPLICAS: Final = "codes:replicas_expected"
EXPECTED: Final = Record(REPLICAS, "\nor ".join(expected(role, number) for role, number in ROLES.items()))
REPLICAS_MISSING: Final = Alert(
    "CodesReplicasMissing",
    "ticket",
    f"{scoped(REPLICAS)}\n- on (role) (count by (role) ({every(BUILD)}) or on (role) 0 * {scoped(REPLICAS)})\n> 0",
    limits.REPLICAS_FOR,
    "{{ $value }} processes of the role {{ $labels.role }} are missing.",
    "Fewer are scraped than should run. Those that run serve the partitions; see why the others do not start.",
)
STORM: Final = Alert(
    "CodesRebalanceStorm",
    "ticket",
    f"max by (namespace, job) (increase({every(REBALANCES)}[{limits.STORM_WINDOW}])) > {limits.REBALANCES_MAX}",
    limits.STORM_FOR,
    f"{{{{ $labels.job }}}}: {{{{ $value | humanize }}}} rebalances in {limits.STORM_WINDOW}.",
    "Partitions pause during each. Check for processes that die or exceed the session time-out.",
)
CONFLICT_RATE: Final = Alert(
    "CodesConflictRate",
    "ticket",
    conflicts(),
    limits.CONFLICT_FOR,
    "{{ $value | humanizePercentage }} of batches were planned again.",
    "Each costs another read of the database. The label `cause` of codes_conflicts_total says why.",
)
ABORTED: Final = Alert(
    "CodesTransactionsAborted",
    "ticket",
    f"sum by (namespace, reason) (increase({every(TRANSACTIONS_ABORTED, matches('reason', 'failed|cancelled'))}"
    f"[{limits.ABORT_WINDOW}])) > {limits.ABORTS_MAX}",
    limits.LAG_FOR,
    f"{{{{ $value | humanize }}}} Kafka transactions ended as {{{{ $labels.reason }}}} in {limits.ABORT_WINDOW}.",
    "failed: check the broker. cancelled: batches take longer than CODES_WORKER__STOP_BUDGET_S.",
)
FENCED_OFTEN: Final = Alert(
    "CodesFenced",
    "ticket",
    f"sum by (namespace, topic) (increase({every(FENCED)}[{limits.FENCED_WINDOW}])) > 0",
    limits.FENCED_FOR,
    "{{ $labels.topic }}: processes repeatedly lose partitions in the middle of a batch.",
    "No result is duplicated. Processes freeze, or their transactions exceed the time-out: check their CPU.",
)
LOOP_LATE: Final = Alert(
    "CodesEventLoopLate",
    "ticket",
    late_turns(),
    limits.LOOP_FOR,
    f"{INSTANCE}: {{{{ $value | humanizePercentage }}}} of event loop turns are over {limits.LOOP_LATE_S} s late.",
    "The process lacks CPU, or something blocks the loop. Heartbeats are late by as much.",
)
ROLL_OUT: Final = Alert(
    "CodesRollOutStuck",
    "ticket",
    f"count by (namespace) (group by (namespace, version) ({every(BUILD)})) > 1",
    limits.ROLL_OUT_FOR,
    "{{ $value }} versions of the service run side by side.",
    "That is fine during a roll-out. Find out why it does not end.",
)

PROCESSES: Final = Group(
    "codes-processes",
    (
        NOT_SCRAPED,
        DOWN,
        REPLICAS_MISSING,
        unavailable("page", "mongo|kafka", limits.PART_AWAY_FOR, "Requests wait; none is lost. Restore it."),
        unavailable("ticket", "s3", limits.S3_AWAY_FOR, "Imports wait for it; requests do not. Restore it."),
        STORM,
        CONFLICT_RATE,
        ABORTED,
        FENCED_OFTEN,
        LOOP_LATE,
        ROLL_OUT,
    ),
    (EXPECTED,),
)
