"""Alerts on receivers of webhooks.

Out: `WEBHOOKS`.
"""

from typing import Final

from ops.monitoring import limits
from ops.monitoring.alert import Alert, Group
from ops.monitoring.promql import every, is_
from ops.telemetry.metrics.webhooks import WEBHOOK_MESSAGES, WEBHOOK_WAITING

DROPPED_SERIES: Final = every(WEBHOOK_MESSAGES, is_("outcome", "dropped"))

BEHIND: Final = Alert(
    "CodesWebhookBehind",
    "ticket",
    f"sum by (namespace, webhook) ({every(WEBHOOK_WAITING)}) > 0",
    limits.WEBHOOK_FOR,
    f"{{{{ $labels.webhook }}}} has had messages waiting for {limits.WEBHOOK_FOR}: {{{{ $value }}}} now.",
    "Whoever relies on them learns nothing of short stock. The inventory's log has the reason: `webhook_waits`.",
)
DROPPED: Final = Alert(
    "CodesWebhookDropped",
    "ticket",
    f"sum by (namespace, webhook) (increase({DROPPED_SERIES}[{limits.EVENT_WINDOW}])) > 0",
    "0m",
    f"{{{{ $labels.webhook }}}}: messages dropped in {limits.EVENT_WINDOW}: {{{{ $value | humanize }}}}.",
    "The receiver refused them for good, or they were too old. They are not sent again; the log has each of them.",
)

WEBHOOKS: Final = Group("codes-webhooks", (BEHIND, DROPPED))
