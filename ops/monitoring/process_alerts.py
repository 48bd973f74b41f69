"""Alerts on the processes and on the parts they need.

Out: `PROCESSES`.
"""

from typing import Final

from ops.monitoring import limits
from ops.monitoring.alert import Alert, Group, Severity
from ops.monitoring.promql import every, is_, matches, of_topic
from ops.telemetry.metrics.batches import BATCH_RECORDS, CONFLICTS, PART_AWAY, TRANSACTIONS_ABORTED
from ops.telemetry.metrics.partitions import FENCED, REBALANCES
from ops.telemetry.metrics.process import BUILD, LOOP_LAG
from schemas.topics import REQUEST_TOPICS

PROCESS: Final = "by (namespace, job, instance)"
INSTANCE: Final = "{{ $labels.instance }}"


def away(severity: Severity, parts: str, lasting: str, description: str) -> Alert:
    """A part that does not answer."""
    return Alert(
        "CodesPartAway",
        severity,
        f"count by (namespace, part) ({every(PART_AWAY, matches('part', parts))} == 1)",
        lasting,
        "{{ $labels.part }} does not answer {{ $value }} of the processes.",
        description,
    )


def conflicts() -> str:
    """Stale plans for each batch, where they are more than a few."""
    of_requests = every(CONFLICTS, of_topic(*REQUEST_TOPICS))
    window = limits.CONFLICT_WINDOW
    return (
        f"sum by (namespace) (rate({of_requests}[{window}]))\n"
        f"/ sum by (namespace) (rate({every(BATCH_RECORDS, suffix='_count')}[{window}]))\n"
        f"> {limits.CONFLICT_RATIO_MAX}\n"
        f"and sum by (namespace) (increase({of_requests}[{window}])) > {limits.CONFLICTS_MIN}"
    )


def late_turns() -> str:
    """The share of what the event loop ran later than it should."""
    in_time = every(LOOP_LAG, is_("le", str(limits.LOOP_LATE_S)), suffix="_bucket")
    return (
        f"1 - sum {PROCESS} (rate({in_time}[{limits.LOOP_WINDOW}]))\n"
        f"/ sum {PROCESS} (rate({every(LOOP_LAG, suffix='_count')}[{limits.LOOP_WINDOW}]))\n"
        f"> {limits.LOOP_LATE_RATIO_MAX}"
    )


NOT_SCRAPED: Final = Alert(
    "CodesNotScraped",
    "page",
    f"absent({BUILD.name})",
    limits.ABSENT_FOR,
    "Prometheus sees no process of the service.",
    "None runs, or none can be scraped: no other alert can come.",
)
DOWN: Final = Alert(
    "CodesProcessDown",
    "ticket",
    f"up == 0\nand on (namespace, job, instance)\nlast_over_time({BUILD.name}[{limits.KNOWN_WINDOW}])",
    limits.ABSENT_FOR,
    "{{ $labels.instance }} of {{ $labels.job }} cannot be scraped.",
    "It was a process of the service. The others take its partitions over; see why it does not come back.",
)
STORM: Final = Alert(
    "CodesRebalanceStorm",
    "ticket",
    f"max by (namespace, job) (increase({REBALANCES.name}[{limits.STORM_WINDOW}])) > {limits.REBALANCES_MAX}",
    limits.STORM_FOR,
    f"{{{{ $labels.job }}}}: {{{{ $value | humanize }}}} rebalances in {limits.STORM_WINDOW}.",
    "Partitions stand still at each. Do processes die, or are they silent for longer than the session time-out?",
)
CONFLICT_RATE: Final = Alert(
    "CodesConflictRate",
    "ticket",
    conflicts(),
    limits.CONFLICT_FOR,
    "{{ $value | humanizePercentage }} of batches were planned again.",
    "Each costs a second look at the database. The cause is a label of codes_conflicts_total.",
)
ABORTED: Final = Alert(
    "CodesTransactionsAborted",
    "ticket",
    f"sum by (namespace, reason) (increase({every(TRANSACTIONS_ABORTED, matches('reason', 'failed|cancelled'))}"
    f"[{limits.ABORT_WINDOW}])) > {limits.ABORTS_MAX}",
    limits.LAG_FOR,
    f"{{{{ $value | humanize }}}} Kafka transactions ended as {{{{ $labels.reason }}}} in {limits.ABORT_WINDOW}.",
    "failed: look at the broker. cancelled: batches take longer than CODES_WORKER__STOP_BUDGET_S.",
)
FENCED_OFTEN: Final = Alert(
    "CodesFenced",
    "ticket",
    f"sum by (namespace, topic) (increase({FENCED.name}[{limits.FENCED_WINDOW}])) > 0",
    limits.FENCED_FOR,
    "{{ $labels.topic }}: processes keep losing partitions in mid-work.",
    "Nothing is doubled by it. Processes freeze, or their transactions outlive the time-out: look at their CPU.",
)
LOOP_LATE: Final = Alert(
    "CodesEventLoopLate",
    "ticket",
    late_turns(),
    limits.LOOP_FOR,
    f"{INSTANCE}: {{{{ $value | humanizePercentage }}}} of turns are over {limits.LOOP_LATE_S} s late.",
    "The CPU is short, or something computes on the loop. Heartbeats wait as long.",
)
ROLL_OUT: Final = Alert(
    "CodesRollOutStuck",
    "ticket",
    f"count by (namespace) (group by (namespace, version) ({BUILD.name})) > 1",
    limits.ROLL_OUT_FOR,
    "{{ $value }} versions of the service run side by side.",
    "They may, but not for long: see why the roll-out does not end.",
)

PROCESSES: Final = Group(
    "codes-processes",
    (
        NOT_SCRAPED,
        DOWN,
        away("page", "mongo|kafka", limits.PART_AWAY_FOR, "Nothing is lost, and nothing moves. Bring it back."),
        away("ticket", "s3", limits.S3_AWAY_FOR, "Imports wait for it; requests do not. Bring it back."),
        STORM,
        CONFLICT_RATE,
        ABORTED,
        FENCED_OFTEN,
        LOOP_LATE,
        ROLL_OUT,
    ),
)
