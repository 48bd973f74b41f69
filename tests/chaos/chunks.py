"""Chunks of a sharded cluster, split and moved from shard to shard under load; the balancer would take hours.

In:       a fault of the schedule, the router.
Out:      the fault done, noted in the journal with its end; `not_spread`, if all codes are on one shard all the same.
Promise:  a cluster that refuses a move, or does not answer, has no other consequence than a note.
"""

from collections.abc import Mapping
from typing import Any, Final

import pymongo
from pymongo.errors import PyMongoError

from ops.settings.load import Settings
from stores.mongo.connection import Database, connect, database
from stores.mongo.specs import collections
from tests.chaos.faults import Carry
from tests.chaos.journal import Journal
from tests.chaos.schedule import Fault
from tests.checking.violation import Violation

MOVE_S_MAX: Final = 20.0
"""A shard that is frozen meanwhile does not answer."""
ANY_DAYS: Final = 1
SHARDED: Final = [spec for spec in collections(ANY_DAYS) if spec.shard_key]
CODES: Final = "codes"


class ChunkMoves:
    """Lives as long as a storm."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings, self._journal = settings, journal

    def carriers(self) -> dict[str, Carry]:
        """By kind."""
        return {"move_chunk": self._move}

    async def _move(self, fault: Fault) -> None:
        spec = SHARDED[fault.target % len(SHARDED)]
        client = connect(self._settings.mongo)
        try:
            with pymongo.timeout(MOVE_S_MAX):
                moved = await split_and_move(database(client, self._settings.mongo), spec.name, list(spec.shard_key))
        except PyMongoError as why:
            moved = f"not moved: {type(why).__name__}: {why}"[:300]
        finally:
            client.close()
        self._journal.note("chunk", number=fault.number, collection=spec.name, end=moved)


async def split_and_move(db: Database, collection: str, key: list[str]) -> str:
    """Split the chunk of some document, and move the half that has it to another shard.

    Raises:
        PyMongoError: the cluster refuses, or does not answer.
    """
    name, admin = f"{db.name}.{collection}", db.client.admin
    found = await db[collection].aggregate([{"$sample": {"size": 1}}]).to_list(1)
    if not found:
        return "empty"
    document = {field: found[0][field] for field in key}
    await admin.command("split", name, find=document)
    there = await shard_of(db, collection, document)
    shards = {shard["_id"] for shard in (await admin.command("listShards"))["shards"]}
    to = min(shards - {there})
    await admin.command("moveChunk", name, find=document, to=to)
    return f"moved from {there} to {to}"


async def shard_of(db: Database, collection: str, document: Mapping[str, Any]) -> str:
    """The shard that owns a document."""
    plan = await db.command({"explain": {"find": collection, "filter": document}, "verbosity": "queryPlanner"})
    [shard] = plan["queryPlanner"]["winningPlan"]["shards"]
    return str(shard["shardName"])


async def not_spread(db: Database, journal: Journal) -> list[Violation]:
    """Nothing, unless all codes ended on one shard: then no batch reached two."""
    counts = await codes_by_shard(db)
    journal.note("codes by shard", **counts)
    if len([count for count in counts.values() if count]) > 1:
        return []
    return [Violation("not_spread", (), "codes on several shards", str(counts))]


async def codes_by_shard(db: Database) -> dict[str, int]:
    """Codes that each shard owns; orphans are not counted."""
    explained = await db.command({"explain": {"find": CODES, "filter": {}}, "verbosity": "executionStats"})
    shards = explained["executionStats"]["executionStages"]["shards"]
    return {shard["shardName"]: shard["executionStages"]["nReturned"] for shard in shards}
