"""Each campaign's salt, with which the ids of its codes are made: see `handlers/code_ids.py`.

In:       campaign ids.
Out:      salts; of a campaign without codes, one that is made and stored here.
Promise:  a campaign has one salt for ever, whoever asks at the same time. A salt is in no log, event or error.
"""

import secrets
from typing import Final

from pymongo.errors import DuplicateKeyError

from handlers.code_ids import SALT_BYTES, id_range
from schemas.errors import StoreRefused
from stores.mongo.collections import Collections, Document
from stores.mongo.errors import idempotent, writing

LOST: Final = "campaigns: the salt of a campaign with codes is lost; restore the collection"


class Salts:
    """Every method raises StoreUnavailable if MongoDB gives no answer in time; safe to repeat."""

    def __init__(self, collections: Collections) -> None:
        self._campaigns = collections.campaigns
        self._codes = collections.codes

    async def of(self, campaign_id: str) -> bytes:
        """The campaign's salt; it is made, if the campaign has no codes.

        Raises:
            StoreRefused: it is lost, or was changed by hand. With another one, a duplicate would not be found.
        """
        found = await self.find(campaign_id)
        if found is None:
            await self._make(campaign_id)
            found = await self.find(campaign_id)
        if found is None:
            raise StoreRefused(LOST, "invalid")
        return found

    async def find(self, campaign_id: str) -> bytes | None:
        """The campaign's salt, if it has one.

        Raises:
            StoreRefused: it was changed by hand, and is none.
        """
        with idempotent():
            document = await self._campaigns.find_one({"_id": campaign_id})
        return None if document is None else salt_in(document)

    async def _make(self, campaign_id: str) -> None:
        with idempotent():
            of_campaign = {"_id": id_range(campaign_id), "campaign_id": campaign_id}
            has_codes = await self._codes.find_one(of_campaign, {"_id": 1}) is not None
        if has_codes:
            raise StoreRefused(LOST, "invalid")
        with writing():
            try:
                await self._campaigns.insert_one({"_id": campaign_id, "salt": secrets.token_hex(SALT_BYTES)})
            except DuplicateKeyError:
                return  # another importer was faster: its salt is the campaign's


def salt_in(document: Document) -> bytes:
    """The salt of a campaign's document.

    Raises:
        StoreRefused: it was changed by hand, and is none.
    """
    try:
        salt = bytes.fromhex(document["salt"])
    except (KeyError, TypeError, ValueError):
        raise StoreRefused("CampaignDocument: salt: not hex", "invalid") from None
    if len(salt) != SALT_BYTES:
        raise StoreRefused("CampaignDocument: salt: of another length", "invalid")
    return salt
