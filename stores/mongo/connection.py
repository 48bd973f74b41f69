"""The connection to MongoDB, the same for every store.

In:       the MongoDB settings.
Out:      a client and the service's database.
Promise:  what was acknowledged is on a majority, and what was read cannot be rolled back.
"""

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo.errors import PyMongoError

from schemas.errors import SettingsInvalid
from schemas.settings import MongoSettings
from stores.mongo.errors import idempotent

APP_NAME: Final = "codes"

if TYPE_CHECKING:
    Client: TypeAlias = AsyncIOMotorClient[dict[str, Any]]
    Database: TypeAlias = AsyncIOMotorDatabase[dict[str, Any]]
else:  # motor's classes take their parameter only in their stubs
    Client: TypeAlias = AsyncIOMotorClient
    Database: TypeAlias = AsyncIOMotorDatabase


def connect(settings: MongoSettings) -> Client:
    """A client that reaches out at its first operation. Close it when done.

    Every operation ends within `timeout_ms`, server selection and retries included. Times are read in UTC.

    Raises:
        SettingsInvalid: `CODES_MONGO__URI` is no address of a MongoDB.
    """
    try:
        return AsyncIOMotorClient(
            settings.uri.get_secret_value(),
            appname=APP_NAME,
            readConcernLevel="majority",
            retryWrites=True,
            serverSelectionTimeoutMS=settings.timeout_ms,
            timeoutMS=settings.timeout_ms,
            tz_aware=True,
            w="majority",
        )
    except (PyMongoError, ValueError) as error:
        kind = type(error).__name__
        raise SettingsInvalid(f"CODES_MONGO__URI: this is no address of a MongoDB ({kind})") from None


async def ping(client: Client) -> None:
    """Ask whether a primary answers.

    Raises:
        StoreUnavailable: not in time.
    """
    with idempotent():
        await client.admin.command("ping")


def database(client: Client, settings: MongoSettings) -> Database:
    """The service's database."""
    return client[settings.database]
