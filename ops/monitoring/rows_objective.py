"""The dashboard's first row: the service level, as senders see it.

Out: `OBJECTIVE`.
"""

from typing import Final

from ops.monitoring import limits
from ops.monitoring.objective_alerts import BUDGET, PERIOD, SENDERS, missed
from ops.monitoring.panel import Panel, Query, Row, number
from ops.monitoring.promql import RATE, is_not, rate_by, recorded, selected
from ops.telemetry.metrics.answers import ANSWERS, MISSES, OBJECTIVE_RATIO, OBJECTIVE_SECONDS
from ops.telemetry.metrics.canary import LAST_SUCCESS, ROUNDS, STEP_SECONDS

NO_ANSWERS: Final = "no request was answered, or this Prometheus does not load the rules"
NO_CANARY: Final = "no canary runs (`canary.enabled` of the chart)"
NOT_OK: Final = is_not("outcome", "ok")
BY_TIME: Final = rate_by("le", ANSWERS, SENDERS, suffix="_bucket")
BURN_RATE: Final = f"{recorded(missed('1h'))} / on (namespace, release) {recorded(BUDGET)}"
LEFT: Final = f"1 - {recorded(missed(PERIOD))} / on (namespace, release) {recorded(BUDGET)}"


def quantile(share: float) -> str:
    """Answers that came within so long."""
    return f"histogram_quantile({share}, {BY_TIME})"


OBJECTIVE: Final = Row(
    "Service level",
    (
        number(
            f"In time, {PERIOD}",
            "Share of the answers that met the objective; the worst deployment.",
            Query(f"1 - max({recorded(missed(PERIOD))})", none_means=NO_ANSWERS),
            unit="percentunit",
            red_from=None,
        ),
        number(
            f"Budget left, {PERIOD}",
            "Share of the error budget that is not used; the worst deployment. Below 0 the objective is missed.",
            Query(f"min({LEFT})", none_means=NO_ANSWERS),
            unit="percentunit",
            red_from=None,
        ),
        number(
            "Burn rate, 1 h",
            "1 uses the error budget up in its period.",
            Query(f"max({BURN_RATE})", none_means=NO_ANSWERS),
            orange_from=1,
            red_from=limits.BURNS_PAGE[0].factor,
        ),
        number(
            "Objective: time",
            "An answer within this time is in time.",
            Query(f"max({selected(OBJECTIVE_SECONDS)})", none_means="no worker runs"),
            unit="s",
            red_from=None,
        ),
        number(
            "Objective: share",
            "This share of the answers must be in time.",
            Query(f"max({selected(OBJECTIVE_RATIO)})", none_means="no worker runs"),
            unit="percentunit",
            red_from=None,
        ),
        number(
            "Canary: last success",
            "Time since the canary had all its answers.",
            Query(f"time() - max({selected(LAST_SUCCESS)})", none_means=NO_CANARY),
            unit="s",
            orange_from=limits.CANARY_SILENT_S / 2,
            red_from=limits.CANARY_SILENT_S,
        ),
        number(
            "Canary: failed rounds, 1 h",
            "Rounds with a wrong answer or none.",
            Query(f"sum(increase({selected(ROUNDS, NOT_OK)}[1h]))", none_means=NO_CANARY),
        ),
        Panel(
            "Time to the answer",
            "From the request's timestamp until its answer can be read. With traces, dots lead to the traces.",
            (
                Query(quantile(0.5), "p50", "no request was answered"),
                Query(quantile(0.99), "p99", "no request was answered"),
                Query(quantile(0.999), "p99.9", "no request was answered"),
            ),
            "s",
            exemplars=True,
        ),
        Panel(
            "Answers that miss the objective",
            "Per second, by operation: too late, or `unprocessable`. `expire` does not count.",
            (Query(rate_by("operation", MISSES), "{{operation}}", "no worker runs"),),
            "ops",
        ),
        Panel(
            "Canary: time to the answer, mean",
            "By step, as a sender sees it.",
            (
                Query(
                    f"sum by (step) (rate({selected(STEP_SECONDS, suffix='_sum')}[{RATE}]))"
                    f" / {rate_by('step', STEP_SECONDS, suffix='_count')}",
                    "{{step}}",
                    NO_CANARY,
                ),
            ),
            "s",
        ),
    ),
)
