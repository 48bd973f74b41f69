"""The requests of one round, and the answer that each must have.

In:       the canary's campaign; an id for the round.
Out:      `Step`s in their order, which know their right answers.
Promise:  a round leaves the stock as it was: it reserves one code, asks to assign it to another fan, which must be
          refused, and releases it. A round that ends in between leaves a hold, which expires after `HOLD_S`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.requests import AssignReservation, ReleaseRequest, Request, ReserveRequest
from schemas.results import Outcome, RefusalReason

CAMPAIGN: Final = "canary"
HOLD_S: Final = 120
"""Longer than a round may take, so that its release is not too late."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request, and its only right answer."""

    request: Request
    outcome: Outcome
    reason: RefusalReason | None = None

    def is_right(self, answer: Mapping[str, Any]) -> bool:
        """Whether this is the answer that it must have."""
        return (self.outcome, self.reason) == (answer.get("outcome"), answer.get("reason"))


def steps_of(campaign_id: str, round_id: str) -> tuple[Step, Step, Step]:
    """Each round is of another fan, so that all partitions have their turn.

    The assign is a stranger's: a right one would take the code for good, and the campaign would run out.
    """
    held, fan, stranger = f"{round_id}.reserve", f"{round_id}.fan", f"{round_id}.stranger"
    reserve = ReserveRequest(request_id=held, campaign_id=campaign_id, fan_id=fan, ttl_s=HOLD_S)
    assign = AssignReservation(
        request_id=f"{round_id}.assign", campaign_id=campaign_id, fan_id=stranger, reservation_id=held
    )
    release = ReleaseRequest(
        request_id=f"{round_id}.release", campaign_id=campaign_id, fan_id=fan, reservation_id=held
    )
    return Step(reserve, "reserved"), Step(assign, "refused", "not_the_holder"), Step(release, "released")
