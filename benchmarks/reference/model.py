"""The collections of the reference model, with their indexes and validators, in a database of their own.

In:       the settings of a scene.
Out:      a client like the service's (journaled majority writes), and a database with the collections.
Promise:  the model is `model.json` alone, so figures of different versions of the service have the same limit.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection, AsyncIOMotorDatabase

from ops.settings.load import Settings

MODEL: Final = Path(__file__).with_name("model.json")
SUFFIX: Final = "-reference"
"""Beside the service's database, which `codes migrate` may give other validators."""
NAMESPACE_EXISTS: Final = 48

if TYPE_CHECKING:
    Client: TypeAlias = AsyncIOMotorClient[dict[str, Any]]
    Database: TypeAlias = AsyncIOMotorDatabase[dict[str, Any]]
    Collection: TypeAlias = AsyncIOMotorCollection[dict[str, Any]]
else:  # motor's classes take their parameter only in their stubs
    Client: TypeAlias = AsyncIOMotorClient
    Database: TypeAlias = AsyncIOMotorDatabase
    Collection: TypeAlias = AsyncIOMotorCollection


def connect(settings: Settings) -> Client:
    """A client whose writes are as safe as the service's."""
    return AsyncIOMotorClient(
        settings.mongo.uri.get_secret_value(), journal=True, readConcernLevel="majority", w="majority", tz_aware=True
    )


def database_name(settings: Settings) -> str:
    """The name of the reference database of a scene."""
    return settings.mongo.database + SUFFIX


def reference(client: Client, settings: Settings) -> Database:
    """The reference database of a scene."""
    return client[database_name(settings)]


async def create(db: Database) -> None:
    """Create the collections, unless they exist."""
    existing = set(await db.list_collection_names())
    for name, spec in orjson.loads(MODEL.read_bytes()).items():
        if name in existing:
            continue
        await db.command({"create": name})
        await db.command({"collMod": name, "validator": spec["validator"]})
        if spec["indexes"]:
            await db.command({"createIndexes": name, "indexes": spec["indexes"]})
