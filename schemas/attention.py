"""What viewers decided about items that need attention.

Out: `Mark`, the value of topic `attention.v1`.
"""

from typing import Annotated, Final, Literal

from pydantic import Field

from schemas.base import Instant, Model

KEY_LENGTH_MAX: Final = 512
MarkAction = Literal["acknowledged", "snoozed"]


class Mark(Model):
    """An item was acknowledged or snoozed. Topic `attention.v1`, key: the item's. An empty value takes it back."""

    key: Annotated[str, Field(min_length=1, max_length=KEY_LENGTH_MAX)]
    """Names the item in this state: when the state changes, the key does, and the mark no longer applies."""
    action: MarkAction
    by: str
    """The token's `sub`; `local` where no token is required."""
    until: Instant | None = None
    """The end of a snooze; null: as long as the item's state lasts."""
    at: Instant
