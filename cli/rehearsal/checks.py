"""What must be so before a rehearsal sends its first request.

In:       the settings, a plan.
Out:      the campaign as the database has it; a first round of three requests, as the canary's.
Promise:  neither uses up a code.
"""

from typing import Final

from cli.canary.rounds import Round, run_round
from cli.canary.serving import Unobserved
from ops.settings.load import Settings
from stores.mongo.campaign_desk import CampaignDesk, CampaignFound
from stores.mongo.collections import open_collections

ANSWER_S_MAX: Final = 10.0


async def campaign_of(settings: Settings, campaign_id: str) -> CampaignFound | None:
    """Raises StoreUnavailable."""
    async with open_collections(settings.mongo) as collections:
        return await CampaignDesk(collections).one(campaign_id)


async def first_round(settings: Settings, campaign_id: str) -> Round:
    """A reserve, a stranger's assign and a release, each answered."""
    return await run_round(settings, campaign_id, ANSWER_S_MAX, Unobserved())
