"""The connection to MongoDB, opened for one process.

In:   the context of a process.
Out:  `mongo_parts`: what the stores of all its partitions share; closed at the end.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from consumers.loop.broker_watch import probed
from roles.process import RoleContext
from stores.mongo.campaigns import Campaigns
from stores.mongo.codes import MongoParts
from stores.mongo.collections import Collections
from stores.mongo.connection import connect, database, ping
from stores.mongo.login import Login, check_login

PROBE_S: Final = 1.5
"""Of a heartbeat's probe; below `PROBE_S_MAX` of `ops/telemetry/heartbeat.py`, so that no thread is left waiting."""


@asynccontextmanager
async def mongo_parts(context: RoleContext) -> AsyncIterator[MongoParts]:
    """The connection, and what the stores of this process share.

    Raises:
        AccessRefused: MongoDB refuses the login, or a certificate is not accepted.
    """
    settings = context.settings.mongo
    client = connect(settings)
    try:
        await check_login(client, settings)
        collections = Collections(database(client, settings))
        turns = asyncio.Semaphore(settings.transactions_max)
        login = Login(client, settings)

        async def probe() -> None:
            login.follow()
            await ping(client)

        context.probes["mongo"] = partial(ping, client, within_s=PROBE_S)
        async with probed(probe, "mongo", context.kafka.observer):
            yield MongoParts(client, collections, Campaigns(collections), turns, stock=context.stock)
    finally:
        context.probes.pop("mongo", None)
        client.close()
