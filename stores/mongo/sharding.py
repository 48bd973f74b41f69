"""The large collections distributed over the shards of a cluster.

In:       a migrated database, reached through a router (`mongos`).
Out:      what was sharded, and what cannot be.
Promise:  may be run again and again, and by several at once. Nothing is dropped, and no shard key is changed.

Shard before the first import: an empty collection is distributed at once, a full one only as the balancer moves it.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final

import pymongo
from pymongo.errors import OperationFailure

from handlers.code_ids import CAMPAIGN_DIGITS
from schemas.errors import MigrationRefused, StoreUnavailable
from stores.mongo.connection import Database
from stores.mongo.errors import NOT_ALLOWED, codes_of, idempotent
from stores.mongo.migration import BUILD_TIMEOUT_S, Change, Refused, Step
from stores.mongo.refusals import is_refusal, message_of
from stores.mongo.specs import BY_RANGE, CollectionSpec, collections
from stores.mongo.topology import kind_of

SHARDING: Final = "sharding"
"""The kind of these steps."""
INDEX: Final = "shard_key"
ANY_DAYS: Final = 1
"""The ledger's time has no part in its shard key."""
RANGES_PER_SHARD: Final = 4
"""Ranges of ids that each shard gets at first."""
MOVES_ANOTHER: Final = 117
"""`ConflictingOperationInProgress`."""
MOVE_WAIT_S_MAX: Final = 60.0
MOVE_RETRY_S: Final = 0.5
RIGHTS: Final = "the user needs the role clusterManager on admin"

Key = Mapping[str, Any]


async def shard_database(db: Database, *, check: bool) -> list[Step]:
    """Shard each collection that has a shard key; with `check` only say what would be done.

    Raises:
        StoreUnavailable: MongoDB gave no answer, or moves data of the same collection. What was done stays.
        MigrationRefused: the server is no router, or the user has not the right.
    """
    steps: list[Step] = []
    with idempotent():
        if kind_of(await db.client.admin.command("hello")) != "router":
            raise MigrationRefused("sharding: the server is not a router; CODES_MONGO__URI must name a mongos")
        there = await _shard_keys(db)
        for spec in collections(ANY_DAYS):
            if spec.shard_key:
                steps += await _shard(db, spec, there.get(spec.name), check=check)
    return steps


async def _shard_keys(db: Database) -> dict[str, Key]:
    """The shard keys of the database's collections that are sharded already."""
    wanted = {"_id": {"$regex": f"^{re.escape(db.name)}\\."}, "dropped": {"$ne": True}}
    try:
        found = await db.client.config["collections"].find(wanted, {"key": 1}).to_list(None)
    except OperationFailure as error:
        raise _refused_for_good(error) from None
    return {document["_id"].partition(".")[2]: document["key"] for document in found if "key" in document}


def _refused_for_good(error: OperationFailure) -> MigrationRefused | OperationFailure:
    """The error of a command that no retry helps; any other one as it is."""
    if codes_of(error) & NOT_ALLOWED:
        return MigrationRefused(f"sharding: {message_of(error)}: {RIGHTS}")
    return error


async def _shard(db: Database, spec: CollectionSpec, there: Key | None, *, check: bool) -> list[Step]:
    if there is not None:
        return _compared(spec, there)
    in_the_way = [index["name"] async for index in db[spec.name].list_indexes() if _breaks_unique(index, spec)]
    if in_the_way:
        why = f"the unique index `{in_the_way[0]}` does not begin with the shard key ({words(spec.shard_key)})"
        return [Refused(SHARDING, spec.name, why)]
    refusal = None if check else await _shard_now(db, spec)
    if refusal is not None:
        return [Refused(SHARDING, spec.name, message_of(refusal))]
    return [Change(SHARDING, spec.name, f"by {words(spec.shard_key)}")]


def _compared(spec: CollectionSpec, there: Key) -> list[Step]:
    if list(there.items()) == list(spec.shard_key.items()):
        return []
    why = f"it is already sharded by {words(there)}, not by {words(spec.shard_key)}; a shard key is not changed here"
    return [Refused(SHARDING, spec.name, why)]


def _breaks_unique(index: Mapping[str, Any], spec: CollectionSpec) -> bool:
    """Whether no single shard could see that this index's values are unique."""
    fields, key = list(index["key"]), list(spec.shard_key)
    return bool(index.get("unique")) and fields[: len(key)] != key


async def _shard_now(db: Database, spec: CollectionSpec) -> OperationFailure | None:
    """The server's refusal; None if it was done. A collection with documents needs the index of its key before."""
    admin, key = db.client.admin, dict(spec.shard_key)
    try:
        with pymongo.timeout(BUILD_TIMEOUT_S):
            await db[spec.name].create_index(list(key.items()), name=INDEX)
            await admin.command("enableSharding", db.name)
            await admin.command("shardCollection", f"{db.name}.{spec.name}", key=key)
            if spec.shard_key == BY_RANGE:
                await _distribute(db, spec.name)
    except OperationFailure as error:
        if not is_refusal(error) or codes_of(error) & NOT_ALLOWED:
            raise _refused_for_good(error) from None
        return error
    return None


async def _distribute(db: Database, name: str) -> None:
    """Give each shard some of the ranges, so that campaigns are on all of them before a balancer moves anything.

    A range ends where a campaign's ids may begin, so no campaign is cut. All are split before any is moved: a shard
    takes no range back until it has removed the orphans of it, which may be a quarter of an hour later.
    """
    admin, namespace = db.client.admin, f"{db.name}.{name}"
    if await db[name].find_one({}, {"_id": 1}) is not None:
        return
    shards = [shard["_id"] for shard in (await admin.command("listShards"))["shards"]]
    count = len(shards) * RANGES_PER_SHARD
    starts = [f"{number * 16**CAMPAIGN_DIGITS // count:0{CAMPAIGN_DIGITS}x}" for number in range(1, count)]
    for start in starts:
        await admin.command("split", namespace, middle={"_id": start})
    for number, start in enumerate(starts, 1):
        await move_range(admin, namespace, start, shards[number % len(shards)])


async def move_range(admin: Database, namespace: str, start: str, shard: str) -> None:
    """Move the range that begins here; wait while the balancer moves another one of the same collection."""
    ends_at = asyncio.get_running_loop().time() + MOVE_WAIT_S_MAX
    while not await _is_moved(admin, namespace, start, shard):
        if asyncio.get_running_loop().time() > ends_at:
            raise StoreUnavailable("MongoDB moves other ranges of the same collection")
        await asyncio.sleep(MOVE_RETRY_S)


async def _is_moved(admin: Database, namespace: str, start: str, shard: str) -> bool:
    """False if the balancer was faster with another range."""
    try:
        await admin.command("moveChunk", namespace, find={"_id": start}, to=shard)
    except OperationFailure as error:
        if MOVES_ANOTHER in codes_of(error):
            return False
        raise
    return True


def words(key: Key) -> str:
    """`campaign_id (hashed), code`."""
    return ", ".join(f"{field} (hashed)" if way == pymongo.HASHED else field for field, way in key.items())
