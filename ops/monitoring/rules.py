"""All alert rules, in the order of the rules file and the runbooks.

Out: `GROUPS`, `ALERTS`.
"""

from typing import Final

from ops.monitoring.alert import Alert, Group
from ops.monitoring.code_alerts import CODES
from ops.monitoring.consumer_alerts import CONSUMERS
from ops.monitoring.process_alerts import PROCESSES

GROUPS: Final[tuple[Group, ...]] = (CONSUMERS, PROCESSES, CODES)
ALERTS: Final[tuple[Alert, ...]] = tuple(alert for group in GROUPS for alert in group.alerts)
