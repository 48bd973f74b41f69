"""Metrics of the inventory and of the process."""

from typing import Final

from ops.telemetry.metric_spec import computed, histogram, info
from schemas.base import CodeStatus

LOOP_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)

INVENTORY_CODES = computed(
    "codes_inventory_codes",
    "Codes by campaign and status. Only the largest campaigns have series of their own; `other` is the sum of the "
    "rest.",
    "campaign",
    "status",
    remedy=f"When `{CodeStatus.AVAILABLE}` of a campaign nears 0: import more codes. When `other` is large: look at "
    "the inventory page, it has all campaigns.",
)
LOOP_LAG = histogram(
    "codes_event_loop_lag_seconds",
    "How late the event loop ran what was due.",
    LOOP_SECONDS,
    remedy="When more than a few in a thousand exceed 0.2: something computes on the loop, or the CPU is short. "
    "Heartbeats wait as long; near `CODES_KAFKA__SESSION_TIMEOUT_MS` the group reassigns the partitions.",
)
BUILD = info(
    "codes_build",
    "What runs here: the version, the commit that its image was made of (`unknown` outside of an image), the role.",
    "version",
    "revision",
    "role",
    "python",
    remedy="When replicas differ in it for long: a roll-out is stuck. When a role has fewer series than it should "
    "have replicas: see `CodesReplicasMissing`.",
)
