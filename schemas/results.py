"""The answer to a request, as sent to `results.v1` and to reply topics.

Out: `Result`, `RefusalReason`. A result never holds a code's value, only code ids.
"""

from typing import Literal

from schemas.base import CodeType, Id, Instant, Model, Operation

Outcome = Literal["reserved", "assigned", "released", "refused"]

RefusalReason = Literal[
    "out_of_stock",
    "unknown_campaign",
    "reservation_not_found",
    "reservation_expired",
    "reservation_released",
    "reservation_assigned",
    "not_the_holder",
    "request_id_reused",
    "campaign_closed",
    "invalid_request",
]


class Result(Model):
    """Outcome of a request. Fields that do not apply are null (`code_ids`: an empty list)."""

    request_id: Id
    operation: Operation
    outcome: Outcome
    campaign_id: Id | None = None
    fan_id: Id | None = None
    code_type: CodeType | None = None
    quantity: int | None = None
    """Codes moved; if none were, the codes requested."""
    code_ids: tuple[str, ...] = ()
    reservation_id: Id | None = None
    expires_at: Instant | None = None
    """End of the hold; only with the outcome `reserved`."""
    reason: RefusalReason | None = None
    """Reason of the refusal; only with the outcome `refused`."""
    decided_at: Instant
