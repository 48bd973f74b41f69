"""Metrics of the expirer."""

from ops.telemetry.metric_spec import counter, gauge, on
from schemas.observation.requests import ExpiriesRequested

EXPIRIES_ASKED = counter(
    "codes_expiries_asked",
    "Releases that the expirer requested.",
    on(ExpiriesRequested, value=lambda fact: fact.first + fact.again),
    remedy="When it stands still while `codes_oldest_overdue_seconds` rises: the expirer does not reach Kafka.",
)
EXPIRIES_REPEATED = counter(
    "codes_expiries_repeated",
    "Releases that the expirer requested again: workers had decided the previous request, and the reservation was "
    "still held.",
    on(ExpiriesRequested, value=lambda fact: fact.again),
    remedy="When it rises: search `results.v1` and the dead letters for request ids that begin with `expire:`. "
    "`invalid_request` means that the brokers' clocks are behind: raise `CODES_EXPIRER__CLOCK_MARGIN_MS`; "
    "`unprocessable`, that a reservation does not fit its codes.",
)
OLDEST_OVERDUE = gauge(
    "codes_oldest_overdue_seconds",
    "Time since the oldest hold should have ended.",
    on(ExpiriesRequested, value=lambda fact: fact.oldest_overdue_s),
    remedy="When it exceeds a minute: look at `codes_expiry_held_back_seconds`. If that is as high, see there; else "
    "workers are behind on `release.requests.v1`, or MongoDB is slow.",
)
HELD_BACK = gauge(
    "codes_expiry_held_back_seconds",
    "Age of the oldest assign that expiries wait for; 0 if none.",
    on(ExpiriesRequested, value=lambda fact: fact.held_back_s),
    remedy="When it rises: workers are behind on `assign.requests.v1`, or a sender left a transaction open there; "
    "expiries wait for them. If the workers have no lag: the expirer's `CODES_KAFKA__GROUP_PREFIX` is not theirs.",
)
