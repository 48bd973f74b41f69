"""The connection to MongoDB, the same for every store.

In:       the MongoDB settings.
Out:      a client and the service's database.
Promise:  what was acknowledged is on a majority, in its journals, and what was read cannot be rolled back and comes
          from the primary; whatever the address says about that. It may say all else: hosts, sign-in, TLS, pools.
"""

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import ReadPreference
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
            datetime_conversion="DATETIME",
            journal=True,  # with `journal=false` in the address, a majority would confirm what it may still forget
            readConcernLevel="majority",
            read_preference=ReadPreference.PRIMARY,  # a ledger read from a secondary lacks what was just decided
            retryReads=True,
            retryWrites=True,
            serverSelectionTimeoutMS=settings.timeout_ms,
            timeoutMS=settings.timeout_ms,
            tz_aware=True,
            unicode_decode_error_handler="strict",
            w="majority",
            wtimeoutMS=0,  # `timeoutMS` ends the wait; a shorter one would make each slow majority look like an error
        )
    except (PyMongoError, ValueError, LookupError, TypeError) as error:
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
