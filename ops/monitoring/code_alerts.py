"""Alerts on requests, codes, holds and imports.

Out: `CODES`.
"""

from typing import Final

from ops.monitoring import limits
from ops.monitoring.alert import Alert, Group, Severity
from ops.monitoring.promql import every, is_
from ops.telemetry.inventory_metrics import OTHER
from ops.telemetry.metrics.batches import STORE_REFUSALS
from ops.telemetry.metrics.expiry import HELD_BACK, OLDEST_OVERDUE
from ops.telemetry.metrics.imports import IMPORT_ROWS, IMPORTS_ENDED, IMPORTS_RUNNING
from ops.telemetry.metrics.process import INVENTORY_CODES
from ops.telemetry.metrics.requests import DEAD_LETTERS, INCONSISTENT, RECORDS, REFUSALS, REPLY_TOPIC_UNUSABLE
from schemas.base import CodeStatus

ONE_CAMPAIGN: Final = f'campaign!="{OTHER}"'
AVAILABLE_SERIES: Final = every(INVENTORY_CODES, is_("status", CodeStatus.AVAILABLE), ONE_CAMPAIGN)
# Every replica of the inventory exports all campaigns with the same counts: a sum would count codes twice.
AVAILABLE: Final = f"max by (namespace, campaign) ({AVAILABLE_SERIES})"
ALL_CODES: Final = (
    f"sum by (namespace, campaign) (max by (namespace, campaign, status) ({every(INVENTORY_CODES, ONE_CAMPAIGN)}))"
)
HAD: Final = f"max by (namespace, campaign) (max_over_time({AVAILABLE_SERIES}[{limits.STOCK_WINDOW}]))"


def dead_letters(severity: Severity, matcher: str, description: str) -> Alert:
    """Records that became dead letters."""
    return Alert(
        "CodesDeadLetters",
        severity,
        f"sum by (namespace, reason) (increase({every(DEAD_LETTERS, matcher)}[{limits.EVENT_WINDOW}])) > 0",
        "0m",
        f"Dead letters in {limits.EVENT_WINDOW}, {{{{ $labels.reason }}}}: {{{{ $value | humanize }}}}.",
        description,
    )


def overdue(severity: Severity, limit_s: int) -> Alert:
    """Holds that are past their end."""
    return Alert(
        "CodesReservationsOverdue",
        severity,
        f"max by (namespace) ({every(OLDEST_OVERDUE)}) > {limit_s}",
        limits.OVERDUE_FOR,
        "The oldest overdue hold ended {{ $value | humanizeDuration }} ago and is not released.",
        "Its codes look taken. If CodesExpiryHeldBack fires too, start there; else workers are behind on releases.",
    )


HELD: Final = Alert(
    "CodesExpiryHeldBack",
    "ticket",
    f"max by (namespace) ({every(HELD_BACK)}) > {limits.HELD_BACK_S}",
    limits.OVERDUE_FOR,
    "Expiries wait for an undecided assign that is {{ $value | humanizeDuration }} old.",
    "Workers are behind on assigns, or a sender's transaction is open on the assign topic.",
)
STOCK_LOW: Final = Alert(
    "CodesStockLow",
    "ticket",
    f"{AVAILABLE} > 0\nand {AVAILABLE} <= {limits.STOCK_LOW_RATIO} * {ALL_CODES}\nand {AVAILABLE} < {HAD}",
    "1m",
    "{{ $labels.campaign }} has {{ $value }} codes left.",
    f"That is {limits.STOCK_LOW_RATIO:.0%} of its codes or less. Ask the campaign manager whether to import more.",
    audience="campaigns",
)
STOCK_EXHAUSTED: Final = Alert(
    "CodesStockExhausted",
    "ticket",
    f"{AVAILABLE} == 0\nand {AVAILABLE} < {HAD}",
    "1m",
    "{{ $labels.campaign }} has no codes left.",
    "Requests for its codes are refused. The campaign manager decides: import more, or the campaign is sold out.",
    audience="campaigns",
)
OUT_OF_STOCK: Final = Alert(
    "CodesOutOfStock",
    "ticket",
    f"sum by (namespace) (increase({every(REFUSALS, is_('reason', 'out_of_stock'))}[{limits.REFUSED_WINDOW}])) > 0",
    limits.REFUSED_FOR,
    f"Requests refused as out of stock in {limits.REFUSED_WINDOW}: {{{{ $value | humanize }}}}.",
    "At least one campaign has fewer available codes than fans request. The inventory shows which one.",
    audience="campaigns",
)
IMPORTS_FAILED: Final = Alert(
    "CodesImportsFailed",
    "ticket",
    f"sum by (namespace) (increase({every(IMPORTS_ENDED, is_('state', 'failed'))}[{limits.EVENT_WINDOW}])) > 0",
    "0m",
    f"Failed imports in {limits.EVENT_WINDOW}: {{{{ $value | humanize }}}}.",
    "`codes imports list` shows which and why; `codes imports show` says what to do.",
    audience="campaigns",
)
UNCOUNTED: Final = Alert(
    "CodesInventoryAbsent",
    "ticket",
    f"sum by (namespace) (rate({every(RECORDS, is_('outcome', 'reserved'))}[{limits.EVENT_WINDOW}])) > 0\n"
    f"unless on (namespace)\n{every(INVENTORY_CODES)}",
    limits.ABSENT_FOR,
    "Workers reserve codes, but no inventory process exports counts.",
    "Stock alerts cannot fire. Check that an inventory process runs and is scraped.",
)
IMPORT_STALLED: Final = Alert(
    "CodesImportStalled",
    "ticket",
    f"{every(IMPORTS_RUNNING)} > 0\nand rate({every(IMPORT_ROWS)}[{limits.IMPORT_STALL_WINDOW}]) == 0",
    limits.IMPORT_STALL_FOR,
    f"{{{{ $labels.instance }}}}: an import has written no row for {limits.IMPORT_STALL_FOR}.",
    "It waits, most likely for S3 or MongoDB: read that importer's log.",
)

INCONSISTENT_RESERVATIONS: Final = Alert(
    "CodesReservationsInconsistent",
    "page",
    f"sum by (namespace) (increase({every(INCONSISTENT)}[{limits.EVENT_WINDOW}])) > 0",
    "0m",
    f"Dead letters in {limits.EVENT_WINDOW} for inconsistent reservations: {{{{ $value | humanize }}}}.",
    "Documents were changed by hand, or collections restored in part. See `codes reconcile --reservations`.",
)
WRITES_REFUSED: Final = Alert(
    "CodesWritesRefused",
    "ticket",
    f"sum by (namespace, topic, cause) (increase({every(STORE_REFUSALS)}[{limits.WRITES_REFUSED_WINDOW}])) > 0",
    limits.WRITES_REFUSED_FOR,
    f"{{{{ $labels.topic }}}}: MongoDB has refused writes for {limits.WRITES_REFUSED_FOR} ({{{{ $labels.cause }}}}).",
    "The log's `refused` names the import or request. validator: run `codes migrate`.",
)
REPLY_TOPIC: Final = Alert(
    "CodesReplyTopicUnusable",
    "ticket",
    f"max by (namespace, topic) ({every(REPLY_TOPIC_UNUSABLE)}) == 1",
    limits.REPLY_TOPIC_FOR,
    "Reply topic {{ $labels.topic }} gets no copies of results.",
    "It is missing, not writable, or accepts only small batches. Results still go to results.v1.",
)

CODES: Final = Group(
    "codes-codes",
    (
        dead_letters(
            "ticket",
            'reason!="unprocessable"',
            "A sender writes invalid records: tell its team which field is wrong.",
        ),
        dead_letters(
            "page",
            'reason="unprocessable"',
            "The service could not process valid requests: this is a fault of the service or its database.",
        ),
        INCONSISTENT_RESERVATIONS,
        WRITES_REFUSED,
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
