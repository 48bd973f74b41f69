"""What needs attention, as receivers of webhooks are sent it.

In:       the judge of the process, patterns of campaigns.
Out:      `concerns_of`.
Promise:  as the page shows it to somebody who sees these campaigns, but all items, whatever their number.
"""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Final

from consumers.inventory.role import Lags
from consumers.inventory.view import InventoryView
from ops.webhooks.concerns import Concern
from web.access import EVERYTHING, Access
from web.judgements import AttentionItem
from web.judging import Judge

ALL: Final = "*"


def concerns_of(judge: Judge, view: InventoryView, lags: Lags) -> Callable[[Sequence[str]], list[Concern] | None]:
    """A function of a receiver's patterns. None while something is not known: it would look as if it were over."""

    def concerns(patterns: Sequence[str]) -> list[Concern] | None:
        judge.refresh()
        if judge.health.loading or lags.now is None:
            return None
        return [concern_of(item, view) for item in judge.items_of(access_of(patterns, view))]

    return concerns


def access_of(patterns: Sequence[str], view: InventoryView) -> Access:
    """The campaigns that match, also those of which only imports or dead letters are known."""
    if ALL in patterns:
        return EVERYTHING
    names = {stock.campaign_id for stock in view.stocks()} | view.dead_letters.campaigns()
    names |= {event.campaign_id for event in view.imports.latest()}
    return Access(frozenset(name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)))


def concern_of(item: AttentionItem, view: InventoryView) -> Concern:
    """With the last decision about it, also a snooze that is over."""
    return Concern(
        subject=item.subject,
        key=item.key,
        kind=item.kind,
        level=item.level,
        title=item.title,
        detail=item.detail,
        campaign_id=item.campaign_id,
        mark=view.marks.get(item.key),
    )
