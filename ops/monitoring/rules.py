"""All alert rules, in the order of the rules file and the runbooks.

Out: `GROUPS`, `ALERTS`, `RECORDS`.
"""

from typing import Final

from ops.monitoring.alert import Alert, Group, Record
from ops.monitoring.code_alerts import CODES
from ops.monitoring.consumer_alerts import CONSUMERS
from ops.monitoring.objective_alerts import OBJECTIVES
from ops.monitoring.process_alerts import PROCESSES
from ops.monitoring.webhook_alerts import WEBHOOKS

GROUPS: Final[tuple[Group, ...]] = (OBJECTIVES, CONSUMERS, PROCESSES, CODES, WEBHOOKS)
ALERTS: Final[tuple[Alert, ...]] = tuple(alert for group in GROUPS for alert in group.alerts)
RECORDS: Final[tuple[Record, ...]] = tuple(record for group in GROUPS for record in group.records)
