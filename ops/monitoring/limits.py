"""The thresholds of the alert rules, and why each has its value.

Out: limits with their unit last; windows and waits as Prometheus writes durations.
"""

from typing import Final, NamedTuple


class Burn(NamedTuple):
    """A speed at which the error budget burns, and the windows over which it is seen."""

    factor: float
    """1 uses the budget up in exactly its period."""
    long: str
    short: str
    """A twelfth: the alert ends soon after its cause."""
    counted: str
    """In which at least `MISSES_MIN` answers must have missed. Raw counters are read for it: at most some hours."""


# The service level.
BURNS_PAGE: Final = (Burn(14.4, "1h", "5m", "1h"), Burn(6, "6h", "30m", "6h"))
"""2 per cent of the budget of 30 days in an hour; 5 per cent in six hours."""
BURNS_TICKET: Final = (Burn(3, "1d", "2h", "6h"), Burn(1, "3d", "6h", "6h"))
"""10 per cent of it in a day; 10 per cent in three days."""
BURN_PAGE_FOR: Final = "2m"
BURN_TICKET_FOR: Final = "15m"
MISSES_MIN: Final = 10
"""At night a single late answer may be all answers of an hour."""
CANARY_SILENT_S: Final = 300
"""Four rounds that failed, with a round each minute."""
CANARY_FOR: Final = "2m"
"""A canary that has just started had no round yet."""

# Lag.
LAG_LATE_S: Final = 60
"""A batch takes seconds, and a killed worker's partitions wait 12 s: neither reaches a minute."""
LAG_BAD_S: Final = 300
"""Longer than a fan waits at a screen."""
IMPORT_LATE_S: Final = 3_600
"""A command is answered at its import's end, and 10,000,000 rows may take most of an hour."""
LAG_FOR: Final = "2m"
STALL_WINDOW: Final = "5m"
STALL_FOR: Final = "2m"
"""A record that has just arrived is no stall."""
OPEN_WINDOW: Final = "10m"
"""A sender's transaction takes seconds."""
HANG_S: Final = 120
"""Twice what `/live` allows: an orchestrator that acts on it has done so by then."""
PAUSED_FOR: Final = "1m"
"""A rebalance ends a pause for some seconds."""
ABSENT_FOR: Final = "5m"
"""Longer than the restart of one process, and than a rebalance."""

# Parts and processes.
REPLICAS_FOR: Final = "15m"
"""A pod that moves to another node starts within that time, also if its image must be pulled."""
PART_AWAY_FOR: Final = "2m"
"""An election of MongoDB, or a broker's restart, is over by then."""
S3_AWAY_FOR: Final = "5m"
REPLY_TOPIC_FOR: Final = "2m"
"""The topic is tried again after half a minute: a broker's restart is over by then."""
STORM_WINDOW: Final = "15m"
REBALANCES_MAX: Final = 10
"""Per window, as one process sees them: a roll-out of several pods stays below, or ends soon."""
STORM_FOR: Final = "10m"
CONFLICT_WINDOW: Final = "10m"
CONFLICT_RATIO_MAX: Final = 0.05
"""Share of batches; each conflict costs another read of the database."""
CONFLICTS_MIN: Final = 20
"""Per window; fewer are no pattern."""
CONFLICT_FOR: Final = "10m"
ABORT_WINDOW: Final = "15m"
ABORTS_MAX: Final = 10
"""Per window; a rebalance cancels a few."""
FENCED_WINDOW: Final = "15m"
FENCED_FOR: Final = "30m"
"""One frozen process loses all its partitions at once; the alert is for repeated losses."""
LOOP_LATE_S: Final = 0.2
"""A bucket bound of `codes_event_loop_lag_seconds`."""
LOOP_LATE_RATIO_MAX: Final = 0.005
LOOP_WINDOW: Final = "10m"
LOOP_FOR: Final = "10m"
ROLL_OUT_FOR: Final = "1h"

# Requests, codes, imports.
EVENT_WINDOW: Final = "1h"
"""How long an alert fires for an event that happened once."""
REFUSED_WINDOW: Final = "15m"
REFUSED_FOR: Final = "5m"
WRITES_REFUSED_WINDOW: Final = "5m"
WRITES_REFUSED_FOR: Final = "15m"
"""A request or chunk that is refused is given up within seconds: for longer only what is retried without end is."""
STOCK_LOW_RATIO: Final = 0.10
"""Share of a campaign's codes; the service's own stock alerts have the same default."""
STOCK_WINDOW: Final = "1d"
"""A campaign whose stock did not fall for this long is over: no alert for its empty stock."""
OVERDUE_LATE_S: Final = 60
OVERDUE_BAD_S: Final = 900
"""Codes that look sold out to every fan for a quarter of an hour."""
OVERDUE_FOR: Final = "5m"
HELD_BACK_S: Final = 60
WEBHOOK_FOR: Final = "15m"
"""A receiver's restart, or a roll-out of its own, is over by then."""
IMPORT_STALL_WINDOW: Final = "5m"
IMPORT_STALL_FOR: Final = "15m"
"""A resumed gzip file is read from its start without writing, up to its checkpoint."""
