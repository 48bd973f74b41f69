"""The results of requests, typed by their outcome.

In:       the value of a record of `results.v1` or of a reply topic.
Out:      `Reserved`, `Assigned`, `Released` or `Refused`.
Promise:  fields that a later version of the service adds are ignored. A result never holds a code's value.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    request_id: str
    operation: Literal["reserve", "assign", "release"]
    campaign_id: str | None = None
    fan_id: str | None = None
    code_type: str | None = None
    quantity: int | None = None
    decided_at: datetime


class Reserved(_Answer):
    """Codes are held for the fan until `expires_at`."""

    outcome: Literal["reserved"]
    reservation_id: str
    code_ids: tuple[str, ...]
    expires_at: datetime


class Assigned(_Answer):
    """Codes are the fan's, permanently. Their values are on `assigned.v1`."""

    outcome: Literal["assigned"]
    reservation_id: str
    code_ids: tuple[str, ...]


class Released(_Answer):
    """Held codes are available again."""

    outcome: Literal["released"]
    reservation_id: str
    code_ids: tuple[str, ...]


class Refused(_Answer):
    """Nothing moved. docs/connect.md says what to do about each reason."""

    outcome: Literal["refused"]
    reservation_id: str | None = None
    reason: str
    """`out_of_stock`, `reservation_expired`, …; a later version may add reasons."""


Result = Annotated[Reserved | Assigned | Released | Refused, Field(discriminator="outcome")]
RESULT: TypeAdapter[Reserved | Assigned | Released | Refused] = TypeAdapter(Result)
