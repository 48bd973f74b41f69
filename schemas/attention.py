"""Items that need attention: their levels, what viewers decided about them, and which receivers were sent them.

Out: `Level`, `Kind`, `RANKS`; `Mark` and `Notice`, the values of topic `attention.v1`.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from schemas.base import Id, Instant, Model

Level = Literal["gone", "stalled", "exhausted", "waiting", "running out", "low", "failed", "rejected"]
Kind = Literal["health", "lag", "stock", "import", "dead-letters"]
RANKS: Final[Mapping[Level, int]] = {
    "gone": 0,
    "stalled": 1,
    "waiting": 1,
    "exhausted": 2,
    "running out": 3,
    "low": 4,
    "failed": 5,
    "rejected": 6,
}
"""The most urgent first."""
KEY_LENGTH_MAX: Final = 512
NOTICE: Final = "notice:"
"""Begins the keys of notices; no item's key begins with it."""
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


class Notice(Model):
    """The last message to a receiver of webhooks about an item. Topic `attention.v1`, key `notice:WEBHOOK:SUBJECT`.

    Written before the message is sent, so that a restart sends it again under its id, and again with its result. An
    empty value: the item is over, and the receiver has been sent that.
    """

    id: str
    """Of the message."""
    webhook: str
    subject: str
    """Names the item whatever its state."""
    key: str
    """Names the item in the state that was sent."""
    event: Literal["begins", "resolved"]
    kind: Kind
    level: Level
    title: str
    detail: str
    campaign_id: Id | None = None
    at: Instant
    """When the message was decided."""
    state: Literal["waiting", "taken", "dropped"]

    @property
    def record_key(self) -> str:
        """The key of its record."""
        return f"{NOTICE}{self.webhook}:{self.subject}"
