"""The fact that a batch's answers can be read, as a table of counts.

Out: `AnswersVisible`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from schemas.observation.fact import Fact

AnsweredOperation = Literal["reserve", "assign", "release", "expire"]
"""`expire`: a release that the expirer requested. No sender waits for it."""
AnswerOutcome = Literal["reserved", "assigned", "released", "refused", "rejected", "unprocessable"]
"""`rejected`: a dead letter that its sender caused; `unprocessable`: one that the service or its database caused."""


class Asked(NamedTuple):
    """What answers have in common that are counted together."""

    operation: AnsweredOperation
    outcome: AnswerOutcome
    timestamp_ms: int
    """Of the requests' records: all records that a sender sends in one batch have the same."""


@dataclass(frozen=True, slots=True)
class AnswersVisible(Fact):
    """A batch's answers can be read: its transaction is committed, or all of them are acknowledged."""

    counts: Mapping[Asked, int]
    visible_ms: int
    """When, in milliseconds since 1970."""
    trace_id: str | None = None
    """The trace of the batch, if it is exported."""
