"""Cache of campaigns as responses, shared by viewers, requests and turns of the stream.

In:       the view.
Out:      `Campaigns`: each campaign's model and JSON; pages, for which only the visible campaigns are built.
Promise:  equal to an uncached response. A campaign is rebuilt after its next revision, and at the next step of its
          rates; in between it cannot change. At most `BUILT_MAX` entries.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from consumers.inventory.view import InventoryView
from handlers.inventory.counts import counts_by_type, summed
from handlers.inventory.motion import FINE, LONGEST_WINDOW_S, MINUTE_S, empty_in_s
from schemas.stock import CampaignStock
from web.access import EVERYTHING, Access
from web.answers import Order, Sort, campaign_of
from web.models import Campaign

BUILT_MAX: Final = 2_000
"""Entries of the cache, least recently used removed first; about a kilobyte each."""

Key = tuple[float | str, ...]


class Built(NamedTuple):
    """A cached campaign."""

    revision: int
    step: int
    campaign: Campaign
    json: str


class Wanted(NamedTuple):
    search: str = ""
    """Part of the id, case-insensitive."""
    sort: Sort = "name"
    order: Order = "asc"
    offset: int = 0
    limit: int = 100


class Campaigns:
    """The cache of one view."""

    def __init__(self, view: InventoryView) -> None:
        self._view = view
        self._built: OrderedDict[str, Built] = OrderedDict()
        self.builds = 0
        """Number of builds so far, which must not depend on the number of viewers."""
        self._keys: Mapping[Sort, Callable[[CampaignStock], Key]] = {
            "name": lambda stock: (stock.campaign_id,),
            "available": lambda stock: (summed(counts_by_type(stock).values()).available,),
            "total": lambda stock: (summed(counts_by_type(stock).values()).total,),
            "rate": lambda stock: (self._rate(stock),),
            "empty": lambda stock: (self._empty(stock),),
            "changed": lambda stock: (stock.changed_at.timestamp(),),
        }

    def get(self, stock: CampaignStock) -> Built:
        """The campaign's current state."""
        now = self._view.clock()
        name, step = stock.campaign_id, step_of(now)
        revision = self._view.revision_of(name)
        found = self._built.get(name)
        if found is None or (found.revision, found.step) != (revision, step):
            self.builds += 1
            campaign = campaign_of(stock, self._view.motion(name), now)
            found = self._built[name] = Built(revision, step, campaign, campaign.model_dump_json())
        self._built.move_to_end(name)
        if len(self._built) > BUILT_MAX:
            self._built.popitem(last=False)
        return found

    def seen(self, access: Access) -> list[CampaignStock]:
        """The campaigns that may be seen."""
        if access.campaigns is None:
            return self._view.stocks()
        found = (self._view.stock(campaign_id) for campaign_id in access.campaigns)
        return [stock for stock in found if stock is not None]

    def page(self, wanted: Wanted, access: Access = EVERYTHING) -> str:
        """Campaigns that may be seen and whose id contains `search`: a `CampaignPage` as JSON."""
        search = wanted.search.casefold()
        matching = [stock for stock in self.seen(access) if search in stock.campaign_id.casefold()]
        key = self._keys[wanted.sort]
        matching.sort(key=lambda stock: (*key(stock), stock.campaign_id), reverse=wanted.order == "desc")
        shown = matching[wanted.offset : wanted.offset + wanted.limit]
        return self.json(shown, total=len(matching), offset=wanted.offset, limit=wanted.limit)

    def json(self, stocks: Iterable[CampaignStock], *, total: int, offset: int, limit: int) -> str:
        """A `CampaignPage`, joined from cached JSON."""
        items = ",".join(self.get(stock).json for stock in stocks)
        return f'{{"items":[{items}],"total":{total},"offset":{offset},"limit":{limit}}}'

    def _rate(self, stock: CampaignStock) -> float:
        motion = self._view.motion(stock.campaign_id)
        now = self._view.clock()
        if motion.moved_at_s < now.timestamp() - LONGEST_WINDOW_S:
            return 0.0
        return motion.rate(now, LONGEST_WINDOW_S)

    def _empty(self, stock: CampaignStock) -> float:
        rate = self._rate(stock)
        if rate:
            rate = max(rate, self._view.motion(stock.campaign_id).rate(self._view.clock(), MINUTE_S))
        left = empty_in_s(summed(counts_by_type(stock).values()).available, rate) if rate else None
        return float("inf") if left is None else left


def step_of(now: datetime) -> int:
    """The step of the rates; they change only from step to step."""
    return int(now.timestamp() // FINE.step_s)
