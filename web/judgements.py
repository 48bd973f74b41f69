"""Responses of the HTTP API that judge: health of roles and parts, and what needs attention.

Out: one frozen model per response; `MarkRequest`, the body of the only request that changes something.
"""

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from schemas.attention import KEY_LENGTH_MAX, Kind, Level, Mark
from schemas.base import Id, Instant
from schemas.health import HealthState, Subject
from web.models import Answer

MINUTES_MAX: Final = 7 * 24 * 60


class HealthItem(Answer):
    """State of a role or of a part that roles need."""

    name: Subject
    state: HealthState
    """`ok`; `waiting`: some processes wait or are missing; `gone`: no process runs, or the part answers nobody;
    `unknown`: nobody could say."""
    since: Instant | None
    """When this state began; null if unknown."""
    processes: int
    """Running processes of the role, or those that ask the part."""
    detail: str


class HealthReport(Answer):
    """State of all roles and parts, as their heartbeats say; at most 5 seconds old."""

    loading: bool
    """Whether the inventory still reads what was there before its start: figures may be incomplete."""
    items: list[HealthItem]


class AttentionItem(Answer):
    """Something that somebody should look at."""

    key: str
    """Names this item in this state; an acknowledgement refers to it."""
    subject: str = ""
    """Names this item whatever its state; empty in answers of earlier versions, which `codes top` may read."""
    kind: Kind
    level: Level
    title: str
    detail: str
    campaign_id: Id | None = None
    since: Instant | None = None
    """When it began, if that is known."""
    due_s: float | None = None
    """Seconds until the stock is empty, if that is known."""
    mark: Mark | None = None
    """Who acknowledged or snoozed it; null if nobody did."""


class AttentionList(Answer):
    """What needs attention, most urgent first. Items that somebody acknowledged or snoozed come last."""

    items: list[AttentionItem]
    open: int
    """Number of items without a mark."""


class MarkRequest(Answer):
    """What a viewer decides about an item. `restore` takes an earlier decision back."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    key: Annotated[str, Field(min_length=1, max_length=KEY_LENGTH_MAX)]
    action: Literal["acknowledge", "snooze", "restore"]
    minutes: Annotated[int, Field(ge=1, le=MINUTES_MAX)] = 60
    """Length of a snooze."""
