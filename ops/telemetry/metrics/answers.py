"""Metrics of the service level: time to the answer, and what misses the objective. Only workers have them."""

from typing import Final

from ops.telemetry.metric_spec import computed, counted, tallied

SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)

ANSWERS = tallied(
    "codes_answer_seconds",
    "Time from a request's timestamp until its answer can be read: its Kafka transaction is committed, or all its "
    "records are acknowledged. `operation`: `expire` is a release that the expirer requested. `outcome`: `rejected` "
    "is a dead letter that its sender caused, `unprocessable` one that the service or its database caused. With "
    "traces, each bucket has an exemplar.",
    "operation",
    "outcome",
    remedy="When it rises: compare `codes_batch_step_seconds`; what is not in a step is time in the queue, see "
    "`codes_consumer_lag_seconds`.",
)
MISSES = counted(
    "codes_objective_misses",
    "Answers that miss the objective: later than `CODES_OBJECTIVE__ANSWER_WITHIN_S`, or `unprocessable`.",
    "operation",
    remedy="When it rises: `CodesErrorBudgetBurns` says when to act; see there.",
)
OBJECTIVE_SECONDS = computed(
    "codes_objective_answer_seconds",
    "The objective: the time limit for an answer, in seconds (`CODES_OBJECTIVE__ANSWER_WITHIN_S`).",
    remedy="When workers differ in it: they have different settings, or a roll-out is under way.",
)
OBJECTIVE_RATIO = computed(
    "codes_objective_answers_ratio",
    "The objective: this share of the answers must be in time (`CODES_OBJECTIVE__ANSWER_PERCENT`).",
    remedy="When workers differ in it: they have different settings, or a roll-out is under way.",
)
