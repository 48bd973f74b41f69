"""The event of an assigned code.

In:       a record of `assigned.v1`.
Out:      `CodeAssigned`.
Promise:  the code's value is in no representation of the event, so it is not logged by mistake.
"""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, SecretStr


class CodeAssigned(BaseModel):
    """One code is a fan's. `code.get_secret_value()` is its value."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    event_id: str
    """The record's `ce_id`: the same if the event comes again."""
    campaign_id: str
    fan_id: str
    code_id: str
    code: SecretStr
    code_type: str
    request_id: str
    reservation_id: str
    assigned_at: datetime
