"""The connection to MongoDB that all stores use.

In:       the MongoDB settings.
Out:      a client and the service's database; whether it is a sharded cluster.
Promise:  acknowledged writes are in the journals of a majority; reads come from the primary and are never rolled
          back. The address cannot change that; it sets everything else: hosts, authentication, TLS, pools.
"""

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import ReadPreference
from pymongo.errors import PyMongoError
from pymongo.topology_description import TopologyDescription

from schemas.errors import SettingsInvalid
from schemas.settings import MongoSettings
from stores.mongo.errors import idempotent

APP_NAME: Final = "codes"
ROUTERS: Final = frozenset({"Mongos", "LoadBalancer"})
"""The driver's names of the servers that stand before shards."""

if TYPE_CHECKING:
    Client: TypeAlias = AsyncIOMotorClient[dict[str, Any]]
    Database: TypeAlias = AsyncIOMotorDatabase[dict[str, Any]]
else:  # motor's classes take their parameter only in their stubs
    Client: TypeAlias = AsyncIOMotorClient
    Database: TypeAlias = AsyncIOMotorDatabase


def connect(settings: MongoSettings) -> Client:
    """A client that connects at its first operation. Close it when done.

    Every operation ends within `timeout_ms`, server selection and retries included. Times are read in UTC.

    Raises:
        SettingsInvalid: `CODES_MONGO__URI` is not a valid MongoDB address.
    """
    try:
        return AsyncIOMotorClient(
            settings.uri.get_secret_value(),
            appname=APP_NAME,
            datetime_conversion="DATETIME_AUTO",  # a date outside the calendar spoils its document, not the answer
            journal=True,  # with `journal=false` in the address, a crash could lose acknowledged writes
            readConcernLevel="majority",
            read_preference=ReadPreference.PRIMARY,  # a secondary's ledger may lack the latest decisions
            retryReads=True,
            retryWrites=True,
            serverSelectionTimeoutMS=settings.timeout_ms,
            timeoutMS=settings.timeout_ms,
            tz_aware=True,
            unicode_decode_error_handler="strict",
            w="majority",
            wtimeoutMS=0,  # `timeoutMS` limits the wait; a shorter limit would turn each slow majority into an error
        )
    except (PyMongoError, ValueError, LookupError, TypeError) as error:
        kind = type(error).__name__
        raise SettingsInvalid(f"CODES_MONGO__URI: this is no address of a MongoDB ({kind})") from None


async def ping(client: Client, *, within_s: float | None = None) -> None:
    """Check that a primary answers, in the time of the settings or in `within_s`.

    Raises:
        StoreUnavailable: no answer in time.
    """
    with idempotent(), nullcontext() if within_s is None else pymongo.timeout(within_s):
        await client.admin.command("ping")


def is_sharded(client: Client) -> bool:
    """Whether the server is a router. Known as soon as the client has sent anything."""
    topology: TopologyDescription = client.topology_description  # type: ignore[assignment]  # the stub has a method
    servers = topology.server_descriptions().values()
    return any(server.server_type_name in ROUTERS for server in servers)


def database(client: Client, settings: MongoSettings) -> Database:
    """The service's database."""
    return client[settings.database]
