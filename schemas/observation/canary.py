"""Facts of the canary: its steps and its rounds.

Out: `CanaryStepAnswered`, `CanaryRoundEnded`.
"""

from dataclasses import dataclass
from typing import Literal

from schemas.base import Operation
from schemas.observation.fact import Fact

RoundOutcome = Literal["ok", "wrong_answer", "no_answer", "unavailable"]
"""`wrong_answer`: a step was answered, and not as it must be; `no_answer`: none in time, although Kafka answers;
`unavailable`: Kafka does not answer."""


@dataclass(frozen=True, slots=True)
class CanaryStepAnswered(Fact):
    """One request of a round has its answer."""

    step: Operation
    seconds: float
    """From the request's acknowledgement to its answer."""


@dataclass(frozen=True, slots=True)
class CanaryRoundEnded(Fact):
    """A round is over, for better or worse."""

    outcome: RoundOutcome
    at_s: float
    """Seconds since 1970."""
