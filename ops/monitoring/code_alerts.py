"""Alerts on what becomes of requests, codes, holds and imports.

Out: `CODES`.
"""

from typing import Final

from ops.monitoring import limits
from ops.monitoring.alert import Alert, Group, Severity
from ops.monitoring.promql import every, is_
from ops.telemetry.inventory_metrics import OTHER
from ops.telemetry.metrics.expiry import HELD_BACK, OLDEST_OVERDUE
from ops.telemetry.metrics.imports import IMPORT_ROWS, IMPORTS_ENDED, IMPORTS_RUNNING
from ops.telemetry.metrics.process import INVENTORY_CODES
from ops.telemetry.metrics.requests import DEAD_LETTERS, INCONSISTENT, RECORDS, REFUSALS, REPLY_TOPIC_UNUSABLE
from schemas.base import CodeStatus

ONE_CAMPAIGN: Final = f'campaign!="{OTHER}"'
AVAILABLE_SERIES: Final = every(INVENTORY_CODES, is_("status", CodeStatus.AVAILABLE), ONE_CAMPAIGN)
# Every replica of the inventory tells all campaigns: their counts are the same, and must not be added.
AVAILABLE: Final = f"max by (namespace, campaign) ({AVAILABLE_SERIES})"
ALL_CODES: Final = (
    f"sum by (namespace, campaign) (max by (namespace, campaign, status) ({every(INVENTORY_CODES, ONE_CAMPAIGN)}))"
)
HAD: Final = f"max by (namespace, campaign) (max_over_time({AVAILABLE_SERIES}[{limits.STOCK_WINDOW}]))"


def dead_letters(severity: Severity, matcher: str, description: str) -> Alert:
    """Records that were put aside."""
    return Alert(
        "CodesDeadLetters",
        severity,
        f"sum by (namespace, reason) (increase({every(DEAD_LETTERS, matcher)}[{limits.TOLD_WINDOW}])) > 0",
        "0m",
        f"Dead letters in {limits.TOLD_WINDOW}, {{{{ $labels.reason }}}}: {{{{ $value | humanize }}}}.",
        description,
    )


def overdue(severity: Severity, limit_s: int) -> Alert:
    """Holds that should have ended."""
    return Alert(
        "CodesReservationsOverdue",
        severity,
        f"max by (namespace) ({OLDEST_OVERDUE.name}) > {limit_s}",
        limits.OVERDUE_FOR,
        "A hold should have ended {{ $value | humanizeDuration }} ago.",
        "Its codes look taken and are not. Is CodesExpiryHeldBack there too? Else workers are behind on releases.",
    )


HELD: Final = Alert(
    "CodesExpiryHeldBack",
    "ticket",
    f"max by (namespace) ({HELD_BACK.name}) > {limits.HELD_BACK_S}",
    limits.OVERDUE_FOR,
    "Expiries wait for an assign that is {{ $value | humanizeDuration }} old.",
    "It must be decided first. Workers are behind on assigns, or a sender's transaction is open there.",
)
STOCK_LOW: Final = Alert(
    "CodesStockLow",
    "ticket",
    f"{AVAILABLE} > 0\nand {AVAILABLE} <= {limits.STOCK_LOW_RATIO} * {ALL_CODES}\nand {AVAILABLE} < {HAD}",
    "1m",
    "{{ $labels.campaign }} has {{ $value }} codes left.",
    f"That is {limits.STOCK_LOW_RATIO:.0%} of its codes or less. Its campaign manager may want to import more.",
)
STOCK_EXHAUSTED: Final = Alert(
    "CodesStockExhausted",
    "ticket",
    f"{AVAILABLE} == 0\nand {AVAILABLE} < {HAD}",
    "1m",
    "{{ $labels.campaign }} has no code left.",
    "Who asks is refused. Its campaign manager decides: import more, or it is sold out.",
)
OUT_OF_STOCK: Final = Alert(
    "CodesOutOfStock",
    "ticket",
    f"sum by (namespace) (increase({every(REFUSALS, is_('reason', 'out_of_stock'))}[{limits.REFUSED_WINDOW}])) > 0",
    limits.REFUSED_FOR,
    f"Requests refused as out of stock in {limits.REFUSED_WINDOW}: {{{{ $value | humanize }}}}.",
    "Fans ask for codes that are not there, in whatever campaign. The inventory says in which.",
)
IMPORTS_FAILED: Final = Alert(
    "CodesImportsFailed",
    "ticket",
    f"sum by (namespace) (increase({every(IMPORTS_ENDED, is_('state', 'failed'))}[{limits.TOLD_WINDOW}])) > 0",
    "0m",
    f"Imports that failed in {limits.TOLD_WINDOW}: {{{{ $value | humanize }}}}.",
    "`codes imports list` says which and why, `codes imports show` what to do.",
)
UNCOUNTED: Final = Alert(
    "CodesInventoryAbsent",
    "ticket",
    f"sum by (namespace) (rate({every(RECORDS, is_('outcome', 'reserved'))}[{limits.TOLD_WINDOW}])) > 0\n"
    f"unless on (namespace)\n{INVENTORY_CODES.name}",
    limits.ABSENT_FOR,
    "Codes are handed out, and nobody counts them.",
    "No stock alert can come. Is a process of the inventory running, and scraped?",
)
IMPORT_STALLED: Final = Alert(
    "CodesImportStalled",
    "ticket",
    f"{IMPORTS_RUNNING.name} > 0\nand rate({IMPORT_ROWS.name}[{limits.IMPORT_STALL_WINDOW}]) == 0",
    limits.IMPORT_STALL_FOR,
    f"{{{{ $labels.instance }}}}: an import has written no row for {limits.IMPORT_STALL_FOR}.",
    "It waits, most likely for S3 or MongoDB: look at the log of that importer.",
)

INCONSISTENT_RESERVATIONS: Final = Alert(
    "CodesReservationsInconsistent",
    "page",
    f"sum by (namespace) (increase({INCONSISTENT.name}[{limits.TOLD_WINDOW}])) > 0",
    "0m",
    f"Requests set aside in {limits.TOLD_WINDOW} for inconsistent reservations: {{{{ $value | humanize }}}}.",
    "Codes were changed by hand, or some collections restored. `codes reconcile --reservations` names all.",
)
REPLY_TOPIC: Final = Alert(
    "CodesReplyTopicUnusable",
    "ticket",
    f"max by (namespace, topic) ({REPLY_TOPIC_UNUSABLE.name}) == 1",
    limits.REPLY_TOPIC_FOR,
    "Nobody gets copies on {{ $labels.topic }}.",
    "It is missing, may not be written to, or takes only small batches. Results go out on results.v1 as ever.",
)

CODES: Final = Group(
    "codes-codes",
    (
        dead_letters(
            "ticket", 'reason!="unprocessable"', "Their sender writes what cannot be read: tell it which field."
        ),
        dead_letters("page", 'reason="unprocessable"', "Nothing could be written for them: ours to mend."),
        INCONSISTENT_RESERVATIONS,
        REPLY_TOPIC,
        overdue("ticket", limits.OVERDUE_LATE_S),
        overdue("page", limits.OVERDUE_BAD_S),
        HELD,
        STOCK_LOW,
        STOCK_EXHAUSTED,
        OUT_OF_STOCK,
        UNCOUNTED,
        IMPORTS_FAILED,
        IMPORT_STALLED,
    ),
)
