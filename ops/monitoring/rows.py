"""The rows of the dashboard, from the service level to causes.

Out: `ROWS`.
"""

from typing import Final

from ops.monitoring.panel import Row
from ops.monitoring.rows_codes import EXPIRY, IMPORTS, INVENTORY
from ops.monitoring.rows_objective import OBJECTIVE
from ops.monitoring.rows_requests import ATTENTION, LAG, LATENCY, OUTCOMES
from ops.monitoring.rows_service import PARTS, PROCESS

ROWS: Final[tuple[Row, ...]] = (
    OBJECTIVE,
    ATTENTION,
    OUTCOMES,
    LATENCY,
    LAG,
    PARTS,
    IMPORTS,
    EXPIRY,
    INVENTORY,
    PROCESS,
)
