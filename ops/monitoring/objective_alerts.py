"""The service level: what is recorded of it, and alerts on how fast the error budget burns.

In:       answers and misses, as workers count them; the objective, as they report it; the canary's last success.
Out:      `OBJECTIVES`; the names of what is recorded.
Promise:  an alert needs a long and a short window: it does not fire for what is over, nor for a moment. A change of
          the objective's settings needs no other rules.
"""

from typing import Final

from ops.monitoring import limits
from ops.monitoring.alert import Alert, Group, Record, Severity
from ops.monitoring.limits import Burn
from ops.monitoring.promql import every, is_not, scoped
from ops.telemetry.metrics.answers import ANSWERS, MISSES, OBJECTIVE_RATIO
from ops.telemetry.metrics.canary import LAST_SUCCESS

SENDERS: Final = is_not("operation", "expire")
ANSWERS_RATE: Final = "codes:answers:rate5m"
MISSES_RATE: Final = "codes:objective_misses:rate5m"
BUDGET: Final = "codes:error_budget:ratio"
WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d")
PERIOD: Final = "30d"
"""Of the objective."""


def missed(window: str) -> str:
    """The name of the recorded share of answers that missed the objective."""
    return f"codes:objective_misses:ratio_rate{window}"


def averaged(name: str, window: str) -> str:
    """A recorded rate over a longer time: raw counters of a month would be too many to read each minute."""
    return f"avg_over_time({scoped(name)}[{window}])"


def share(window: str) -> Record:
    """The share of answers that missed the objective within the window."""
    return Record(missed(window), f"{averaged(MISSES_RATE, window)}\n/ {averaged(ANSWERS_RATE, window)}")


def burns(burn: Burn) -> str:
    """Whether the budget burns so fast in both windows, and enough answers missed to say so."""
    limit = f"{burn.factor} * {scoped(BUDGET)}"
    count = f"sum by (namespace, release) (increase({every(MISSES, SENDERS)}[{burn.counted}]))"
    return (
        f"{scoped(missed(burn.long))} > {limit}\n"
        f"and {scoped(missed(burn.short))} > {limit}\n"
        f"and {count} >= {limits.MISSES_MIN}"
    )


def budget_burns(severity: Severity, lasting: str, *rates: Burn) -> Alert:
    """An error budget that would not last for the period."""
    return Alert(
        "CodesErrorBudgetBurns",
        severity,
        "\nor\n".join(map(burns, rates)),
        lasting,
        "{{ $value | humanizePercentage }} of the answers miss the objective.",
        f"At this rate the error budget of {PERIOD} is used up too soon. Compare the time by step, and the lag.",
    )


CANARY: Final = Alert(
    "CodesCanaryFails",
    "page",
    f"time() - max by (namespace) ({every(LAST_SUCCESS)}) > {limits.CANARY_SILENT_S}",
    limits.CANARY_FOR,
    "The canary has not had its answers for {{ $value | humanizeDuration }}.",
    "A sender's requests are not answered, or not as they must be. `codes canary --once` shows which step fails.",
)
OBJECTIVES: Final = Group(
    "codes-objectives",
    (
        budget_burns("page", limits.BURN_PAGE_FOR, *limits.BURNS_PAGE),
        budget_burns("ticket", limits.BURN_TICKET_FOR, *limits.BURNS_TICKET),
        CANARY,
    ),
    (
        Record(ANSWERS_RATE, f"sum by (namespace) (rate({every(ANSWERS, SENDERS, suffix='_count')}[5m]))"),
        Record(MISSES_RATE, f"sum by (namespace) (rate({every(MISSES, SENDERS)}[5m]))"),
        Record(BUDGET, f"1 - max by (namespace) ({every(OBJECTIVE_RATIO)})"),
        *map(share, WINDOWS),
    ),
)
