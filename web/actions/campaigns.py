"""Closes and reopens campaigns, and says which are closed.

In:       a request of an actor, a campaign's id.
Out:      `ActionDone`, `Standing`.
Promise:  what `codes campaigns close` and `reopen` do. The counts on the page do not know whether a campaign is
          closed: that is in MongoDB only.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from ops.campaigns.accounts import account_of
from stores.mongo.campaign_desk import CampaignDesk, CampaignFound
from stores.mongo.closing import Closing
from stores.mongo.collections import Collections
from web.actions.asking import confirmed, id_in
from web.actions.models import Confirmation, Standing
from web.actions.performing import Done, Intent, Performer
from web.responses import answered

CampaignWork = Callable[[Collections, Intent], Awaitable[Done]]


class CampaignActions:
    """Handlers; they live as long as the application."""

    def __init__(self, performer: Performer) -> None:
        self._performer = performer

    async def standing(self, request: web.Request) -> web.StreamResponse:
        self._performer.rights.actor(request)
        campaign_id = id_in(request, "campaign_id")
        async with self._performer.database() as collections:
            found = await CampaignDesk(collections).one(campaign_id)
        return answered(standing_of(campaign_id, found))

    async def close(self, request: web.Request) -> web.StreamResponse:
        return await self._on_campaign(request, "close_campaign", closed)

    async def reopen(self, request: web.Request) -> web.StreamResponse:
        return await self._on_campaign(request, "reopen_campaign", reopened)

    async def _on_campaign(self, request: web.Request, action: str, work: CampaignWork) -> web.StreamResponse:
        by, campaign_id = self._performer.rights.actor(request), id_in(request, "campaign_id")
        await confirmed(request, Confirmation, campaign_id)
        intent = Intent(by, action, campaign_id, campaign_id)
        return answered(await self._performer.perform(intent, lambda collections: work(collections, intent)))


def standing_of(campaign_id: str, found: CampaignFound | None) -> Standing:
    """A campaign that the page knows from events alone is no error: its document may be lost, or not restored yet."""
    if found is None:
        return Standing(campaign_id=campaign_id, state="unknown", closed_at=None, closed_by=None)
    account = account_of(found)
    return Standing.model_validate({name: account[name] for name in Standing.model_fields})


async def closed(collections: Collections, intent: Intent) -> Done:
    await Closing(collections).close(intent.subject, by=intent.by, now=intent.at)
    return Done(f"campaign {intent.subject} is closed: it gives out no more codes")


async def reopened(collections: Collections, intent: Intent) -> Done:
    await Closing(collections).reopen(intent.subject, by=intent.by)
    return Done(f"campaign {intent.subject} is open: within a second it gives out codes again")
