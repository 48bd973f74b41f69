"""Databases of tests, removed at their end.

In:   a database, in which killed roles may have left transactions open.
Out:  `drop`.
"""

import time
from contextlib import suppress
from typing import Final
from uuid import UUID

import pymongo
from bson import Binary
from pymongo.errors import OperationFailure, PyMongoError

from stores.mongo.connection import Database

DROP_TIMEOUT_S: Final = 100
"""A process without an entry in `owners` may have left a transaction open, which the server ends within 90 s."""
ATTEMPT_S: Final = 3


async def drop(db: Database) -> None:
    """Remove a database, in which killed roles may have left transactions open.

    The last statement of a killed process may reach the server after its session was ended, and begin a transaction.
    """
    end = time.monotonic() + DROP_TIMEOUT_S
    while True:
        with pymongo.timeout(ATTEMPT_S):
            try:
                await end_transactions(db)
                await db.client.drop_database(db.name)
            except PyMongoError as error:
                if not error.timeout or time.monotonic() > end:
                    raise
            else:
                return


async def end_transactions(db: Database) -> None:
    """End the transactions that killed roles have left open, as the next owners of their partitions would."""
    sessions = [{"id": Binary.from_uuid(UUID(owner["session"]))} async for owner in db["owners"].find()]
    if sessions:
        with suppress(OperationFailure):  # an engine without this command has no locks that outlive a connection
            await db.client.admin.command("killSessions", sessions)
