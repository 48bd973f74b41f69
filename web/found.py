"""Responses of the search.

Out: `Found`.
"""

from typing import Literal

from schemas.base import Id
from schemas.histories import CodeHistory, FanHistory, RequestHistory
from web.models import Answer, ImportProgress, Reason

HistoryKind = Literal["request", "code", "fan"]


class Found(Answer):
    """What a search found, by kind. Campaigns and imports match by a part of their names, the others by their id."""

    q: str
    campaigns: list[Id]
    """By name; at most 20."""
    campaigns_total: int
    imports: list[ImportProgress]
    """Those of the last day whose id, campaign or object matches; at most 20."""
    imports_total: int
    request: RequestHistory | None
    code: CodeHistory | None
    fan: FanHistory | None
    unanswered: dict[HistoryKind, Reason]
    """The kinds that could not be searched, and why: `not_enabled`, `unavailable`, `busy` or `unreadable`."""
