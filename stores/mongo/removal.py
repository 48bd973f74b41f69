"""Removal of a database that was made for one run. No role calls it."""

from schemas.settings import MongoSettings
from stores.mongo.collections import open_collections
from stores.mongo.errors import idempotent


async def drop_database(settings: MongoSettings) -> None:
    """Drop the database of these settings.

    Raises:
        StoreUnavailable: MongoDB gave no answer in `mongo.timeout_ms`.
    """
    async with open_collections(settings) as collections:
        with idempotent():
            await collections.database.client.drop_database(settings.database)
