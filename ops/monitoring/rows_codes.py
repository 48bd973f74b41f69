"""The dashboard's rows on imports, expiry and the inventory.

Out: `IMPORTS`, `EXPIRY`, `INVENTORY`.
Promise: every replica of the inventory tells all campaigns, so their counts are never added.
"""

from typing import Final

from ops.monitoring.panel import Panel, Query, Row
from ops.monitoring.promql import is_, matches, mean, picked, rate_by
from ops.telemetry.metrics.expiry import EXPIRIES_ASKED, EXPIRIES_REPEATED, HELD_BACK, OLDEST_OVERDUE
from ops.telemetry.metrics.imports import (
    IMPORT_CHUNK_ROWS,
    IMPORT_CHUNK_SECONDS,
    IMPORT_ROWS,
    IMPORTS_ENDED,
    IMPORTS_RUNNING,
)
from ops.telemetry.metrics.process import INVENTORY_CODES
from schemas.base import CodeStatus

NO_INVENTORY: Final = "`codes inventory` does not run, or knows of no such campaign"
CODES: Final = picked(INVENTORY_CODES, matches("campaign", "$campaign"))
AVAILABLE: Final = picked(INVENTORY_CODES, matches("campaign", "$campaign"), is_("status", CodeStatus.AVAILABLE))
OF_CAMPAIGN: Final = "max by (namespace, campaign)"
RATE_WINDOW: Final = "15m"

IMPORTS: Final = Row(
    "Imports",
    (
        Panel(
            "Under way",
            "Imports by process.",
            (Query(f"sum by (instance) ({picked(IMPORTS_RUNNING)})", "{{instance}}"),),
            width=4,
            stacked=True,
        ),
        Panel(
            "Rows",
            "Rows a second, over all imports.",
            (Query(rate_by("", IMPORT_ROWS), "rows"),),
            "ops",
            width=6,
        ),
        Panel(
            "Ended",
            "In an hour, by state.",
            (Query(f"sum by (state) (increase({picked(IMPORTS_ENDED)}[1h]))", "{{state}}"),),
            width=4,
        ),
        Panel(
            "Rows in a chunk",
            "Far below the setting's maximum for large files: rows are very long.",
            (Query(mean(IMPORT_CHUNK_ROWS), "mean"),),
            width=5,
        ),
        Panel(
            "Time of a chunk",
            "Rises while the rows of a chunk do not: MongoDB is slow.",
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
            "Oldest overdue hold, and what holds it back",
            "If both are as high, expiries wait for an assign; else workers are behind on releases.",
            (
                Query(f"max({picked(OLDEST_OVERDUE)})", "overdue"),
                Query(f"max({picked(HELD_BACK)})", "held back"),
            ),
            "s",
            width=12,
        ),
        Panel(
            "Releases asked for",
            "By the expirers, a second. Again: the hold was still held after workers had decided its release.",
            (Query(rate_by("", EXPIRIES_ASKED), "releases"), Query(rate_by("", EXPIRIES_REPEATED), "again")),
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
            "`other` is the sum of the campaigns that have no series of their own.",
            (Query(f"{OF_CAMPAIGN} ({AVAILABLE})", "{{campaign}}", NO_INVENTORY),),
            kind="bargauge",
        ),
        Panel(
            "Codes by status",
            "Over the campaigns picked above.",
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
            "Time until empty",
            f"At the rate of the last {RATE_WINDOW}.",
            (
                Query(
                    f"{OF_CAMPAIGN} ({AVAILABLE}) / ({OF_CAMPAIGN} (-deriv({AVAILABLE}[{RATE_WINDOW}])) > 0)",
                    "{{campaign}}",
                    "no campaign gets fewer codes",
                ),
            ),
            "s",
        ),
    ),
)
