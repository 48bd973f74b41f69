"""Metrics of `codes canary`; only its process has them."""

from typing import Final, get_args

from ops.telemetry.metric_spec import Rule, Sample, counter, gauge, histogram, on
from schemas.base import Operation
from schemas.observation.canary import CanaryRoundEnded, CanaryStepAnswered, RoundOutcome

SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)

STEP_SECONDS = histogram(
    "codes_canary_step_seconds",
    "Time from the acknowledgement of a request of the canary until its answer is read.",
    SECONDS,
    on(CanaryStepAnswered, lambda fact: fact.step, value=lambda fact: fact.seconds),
    remedy="When it rises with `codes_answer_seconds`: the service is slow, see there. When it rises alone: the "
    "canary's own connection to Kafka is slow.",
    step=get_args(Operation),
)
ROUNDS = counter(
    "codes_canary_rounds",
    "Rounds of the canary. `wrong_answer`: a step was answered, and not as it must be; `no_answer`: no answer came "
    "in time; `unavailable`: Kafka does not answer the canary.",
    on(CanaryRoundEnded, lambda fact: fact.outcome),
    remedy="When others than `ok` rise: the canary's log says which step, and why. `CodesCanaryFails` says what to "
    "do.",
    outcome=get_args(RoundOutcome),
)
LAST_SUCCESS = gauge(
    "codes_canary_last_success_timestamp_seconds",
    "When the last round ended with every answer as it must be; 0 before the first one.",
    Rule(
        CanaryRoundEnded,
        lambda fact: [Sample((), fact.at_s)] if fact.outcome == "ok" else [],
        adds=False,
    ),
    remedy="When it is minutes old: see `codes_canary_rounds_total`.",
)
