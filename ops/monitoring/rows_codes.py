"""The dashboard's rows on imports, expiry and the inventory.

Out: `IMPORTS`, `EXPIRY`, `INVENTORY`.
Promise: counts of replicas are never added, because every inventory process exports all campaigns.
"""

from typing import Final

from ops.monitoring.panel import Panel, Query, Row
from ops.monitoring.promql import is_, matches, mean, rate_by, selected
from ops.telemetry.metrics.expiry import EXPIRIES_ASKED, EXPIRIES_REPEATED, HELD_BACK, OLDEST_OVERDUE
from ops.telemetry.metrics.imports import (
    IMPORT_CHUNK_ROWS,
    IMPORT_CHUNK_SECONDS,
    IMPORT_ROWS,
    IMPORTS_ENDED,
    IMPORTS_RUNNING,
)
from ops.telemetry.metrics.process import INVENTORY_CODES
from ops.telemetry.metrics.webhooks import WEBHOOK_MESSAGES, WEBHOOK_WAITING
from schemas.base import CodeStatus

NO_RECEIVER: Final = "no receiver of webhooks is set"
NO_INVENTORY: Final = "`codes inventory` does not run, or has no such campaign"
CODES: Final = selected(INVENTORY_CODES, matches("campaign", "$campaign"))
AVAILABLE: Final = selected(INVENTORY_CODES, matches("campaign", "$campaign"), is_("status", CodeStatus.AVAILABLE))
OF_CAMPAIGN: Final = "max by (namespace, campaign)"
RATE_WINDOW: Final = "15m"

IMPORTS: Final = Row(
    "Imports",
    (
        Panel(
            "Running imports",
            "By process.",
            (Query(f"sum by (instance) ({selected(IMPORTS_RUNNING)})", "{{instance}}"),),
            width=4,
            stacked=True,
        ),
        Panel(
            "Import rate",
            "Rows per second, all imports together.",
            (Query(rate_by("", IMPORT_ROWS), "rows"),),
            "ops",
            width=6,
        ),
        Panel(
            "Ended imports, 1 h",
            "By state.",
            (Query(f"sum by (state) (increase({selected(IMPORTS_ENDED)}[1h]))", "{{state}}"),),
            width=4,
        ),
        Panel(
            "Rows per chunk",
            "If it stays far below the configured maximum for large files, rows are very long.",
            (Query(mean(IMPORT_CHUNK_ROWS), "mean"),),
            width=5,
        ),
        Panel(
            "Time per chunk",
            "If it rises while rows per chunk do not, MongoDB is slow.",
            (Query(mean(IMPORT_CHUNK_SECONDS), "mean"),),
            "s",
            width=5,
        ),
    ),
)
EXPIRY: Final = Row(
    "Expiry",
    (
        Panel(
            "Oldest overdue hold and oldest blocking assign",
            "If both rise together, expiries wait for an assign; otherwise workers are behind on releases.",
            (
                Query(f"max({selected(OLDEST_OVERDUE)})", "overdue"),
                Query(f"max({selected(HELD_BACK)})", "blocking assign"),
            ),
            "s",
            width=12,
        ),
        Panel(
            "Releases requested by expirers",
            "Per second. Repeated: workers decided the release, but the hold is still held.",
            (Query(rate_by("", EXPIRIES_ASKED), "releases"), Query(rate_by("", EXPIRIES_REPEATED), "repeated")),
            "ops",
            width=12,
        ),
    ),
)
INVENTORY: Final = Row(
    "Inventory",
    (
        Panel(
            "Available by campaign",
            "`other` is the sum of campaigns without a series of their own.",
            (Query(f"{OF_CAMPAIGN} ({AVAILABLE})", "{{campaign}}", NO_INVENTORY),),
            kind="bargauge",
        ),
        Panel(
            "Codes by status",
            "Sum of the selected campaigns.",
            (
                Query(
                    f"sum by (status) (max by (namespace, campaign, status) ({CODES}))",
                    "{{status}}",
                    NO_INVENTORY,
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Time until sold out",
            f"At the rate of the last {RATE_WINDOW}.",
            (
                Query(
                    f"{OF_CAMPAIGN} ({AVAILABLE}) / ({OF_CAMPAIGN} (-deriv({AVAILABLE}[{RATE_WINDOW}])) > 0)",
                    "{{campaign}}",
                    "the stock of no campaign falls",
                ),
            ),
            "s",
        ),
        Panel(
            "Webhooks: messages",
            "Per second, by receiver. `dropped`: refused for good, or too old.",
            (Query(rate_by("webhook, outcome", WEBHOOK_MESSAGES), "{{webhook}}: {{outcome}}", NO_RECEIVER),),
            "ops",
            width=12,
        ),
        Panel(
            "Webhooks: messages that wait",
            "By receiver. If above 0 for minutes, it does not answer.",
            (Query(f"sum by (webhook) ({selected(WEBHOOK_WAITING)})", "{{webhook}}", NO_RECEIVER),),
            width=12,
        ),
    ),
)
