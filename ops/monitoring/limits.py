"""The numbers of the alert rules: from when on a person should look, and why then.

Out: limits with their unit last; windows and waits as Prometheus writes durations.
"""

from typing import Final

# How far behind.
LAG_LATE_S: Final = 60
"""A batch takes seconds, a killed worker's partitions wait 12 s: a minute is neither."""
LAG_BAD_S: Final = 300
"""Fans wait at their screens."""
IMPORT_LATE_S: Final = 3_600
"""A command is answered at its import's end, and 10,000,000 rows may take most of an hour."""
LAG_FOR: Final = "2m"
STALL_WINDOW: Final = "5m"
STALL_FOR: Final = "2m"
"""A record that came a moment ago is no stall."""
OPEN_WINDOW: Final = "10m"
"""A sender's transaction takes seconds."""
HANG_S: Final = 120
"""Twice what `/live` allows: an orchestrator that acts on it has done so by then."""
KNOWN_WINDOW: Final = "6h"
"""What was there within so long, and is not now, is missing. After it, it is believed to be gone for good."""
ABSENT_FOR: Final = "5m"
"""Longer than any roll-out of one process, and than a rebalance."""

# Parts and processes.
PART_AWAY_FOR: Final = "2m"
"""An election of MongoDB, or a broker's restart, is over by then."""
S3_AWAY_FOR: Final = "5m"
REPLY_TOPIC_FOR: Final = "2m"
"""It is tried again after half a minute: a broker's restart is over by then."""
STORM_WINDOW: Final = "15m"
REBALANCES_MAX: Final = 10
"""In a window, seen by one process: a roll-out of several pods stays below it, or is over soon."""
STORM_FOR: Final = "10m"
CONFLICT_WINDOW: Final = "10m"
CONFLICT_RATIO_MAX: Final = 0.05
"""Of batches; each costs a second look at the database."""
CONFLICTS_MIN: Final = 20
"""In a window: fewer are no pattern."""
CONFLICT_FOR: Final = "10m"
ABORT_WINDOW: Final = "15m"
ABORTS_MAX: Final = 10
"""In a window; a rebalance cancels a few."""
FENCED_WINDOW: Final = "15m"
FENCED_FOR: Final = "30m"
"""One frozen process loses all its partitions at once; the alert is for what goes on."""
LOOP_LATE_S: Final = 0.2
"""A bucket's bound of `codes_event_loop_lag_seconds`."""
LOOP_LATE_RATIO_MAX: Final = 0.005
LOOP_WINDOW: Final = "10m"
LOOP_FOR: Final = "10m"
ROLL_OUT_FOR: Final = "1h"

# Requests, codes, imports.
TOLD_WINDOW: Final = "1h"
"""For how long an alert shows something that happened once."""
REFUSED_WINDOW: Final = "15m"
REFUSED_FOR: Final = "5m"
WRITES_REFUSED_WINDOW: Final = "5m"
WRITES_REFUSED_FOR: Final = "15m"
"""A request or chunk that is refused is given up within seconds: for longer only what is retried without end is."""
STOCK_LOW_RATIO: Final = 0.10
"""Of a campaign's codes; the default of the service's own stock alerts too."""
STOCK_WINDOW: Final = "1d"
"""A campaign that lost no code for so long is over: its empty stock is nobody's alarm."""
OVERDUE_LATE_S: Final = 60
OVERDUE_BAD_S: Final = 900
"""Codes that look sold out to everybody for a quarter of an hour."""
OVERDUE_FOR: Final = "5m"
HELD_BACK_S: Final = 60
IMPORT_STALL_WINDOW: Final = "5m"
IMPORT_STALL_FOR: Final = "15m"
"""A gzip file that is resumed is read up to its row without writing."""
