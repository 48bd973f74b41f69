"""A database made for one run, removed after it. No role ever does this."""

from schemas.settings import MongoSettings
from stores.mongo.collections import open_collections
from stores.mongo.errors import idempotent


async def drop_database(settings: MongoSettings) -> None:
    """Remove the database of these settings, with all that is in it.

    Raises:
        StoreUnavailable: MongoDB gave no answer in `mongo.timeout_ms`.
    """
    async with open_collections(settings) as collections:
        with idempotent():
            await collections.database.client.drop_database(settings.database)
