"""Which operations of the stores reach one shard, and which all of them: what docs/decisions/0021-sharding.md says.

The filters are those of `stores/mongo/`; the router explains where it would send each of them.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from handlers.code_ids import id_range
from handlers.requests.state import CodeMove
from schemas.base import CodeStatus
from stores.mongo.codes import code_guard
from stores.mongo.connection import Database
from stores.mongo.overdue import held
from stores.mongo.sharding import shard_database
from tests.fakes.stocking import code_id
from tests.integration.sharding import Ports, a_sharded_cluster, at_router, migrated

pytestmark = pytest.mark.integration

NOW: Final = datetime(2026, 11, 24, tzinfo=UTC)
IDS: Final = [f"r-{number}" for number in range(64)]
"""Enough that a hash spreads them over two shards."""
RESERVED: Final = CodeMove(CodeStatus.AVAILABLE, CodeStatus.RESERVED)
CODES: Final = [code_id("c-1", f"A-{number}") for number in range(64)]
"""Of one campaign."""
ITS_CODES: Final = {"_id": id_range("c-1"), "campaign_id": "c-1"}
MARKED: Final = {"returned": {"$gte": "c", "$lt": "d"}, "campaign_id": "c-1"}
READS: Final[Mapping[str, tuple[str, Mapping[str, Any], int]]] = {
    "candidates of a campaign": ("codes", {**ITS_CODES, "_id": id_range("c-1", 0, 9)}, 1),
    "an import's look-up": ("codes", {"_id": {"$in": CODES}}, 1),
    "a campaign's count": ("codes", ITS_CODES, 1),
    "codes that came back": ("codes", MARKED, 2),
    "codes of a campaign's reservations": ("codes", {"_id": {"$in": CODES}}, 1),
    "one code by its id": ("codes", {"_id": CODES[0]}, 1),
    "a page of campaigns": ("codes", {"_id": {"$gt": ""}}, 2),
    "one request": ("requests", {"_id": "r-1"}, 1),
    "a batch's ledger entries": ("requests", {"_id": {"$in": IDS}}, 2),
    "one reservation": ("reservations", {"_id": "r-1"}, 1),
    "a batch's reservations": ("reservations", {"_id": {"$in": IDS}}, 2),
    "overdue holds": ("reservations", held(None, NOW), 2),
    "a code's holder": ("reservations", {"moved_by": "s@1", "code_ids": "1"}, 2),
    "an own shard of the counts": ("inventory", {"_id": {"$in": ["c-1:tm:s"]}}, 1),
    "a campaign's counts": ("inventory", {"campaign_id": {"$in": ["c-1"]}}, 1),
    "an owner": ("owners", {"_id": "s"}, 1),
    "an import": ("imports", {"_id": "i-1"}, 1),
}


WRITES: Final[Mapping[str, tuple[str, Mapping[str, Any], int]]] = {
    "a move of a campaign's codes": ("codes", code_guard(RESERVED, CODES, ()), 1),
    "a move of reservations": ("reservations", {"_id": {"$in": IDS}, "state": "held"}, 2),
    "a move of one reservation": ("reservations", {"_id": {"$in": ["r-1"]}, "state": "held"}, 1),
    "an own shard of the counts": ("inventory", {"_id": "c-1:tm:s", "version": 1}, 1),
    "an import's checkpoint": ("imports", {"_id": "i-1", "run": "x", "position": 0, "state": "running"}, 1),
}


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[Ports]:
    """A cluster."""
    with a_sharded_cluster(tmp_path) as ports:
        yield ports


@pytest.fixture
async def db(ports: Ports) -> AsyncIterator[Database]:
    """A sharded database."""
    async with at_router(ports) as db:
        await shard_database(await migrated(db), check=False)
        yield db


async def test_operations_reach_the_shards_that_the_decision_names(db: Database) -> None:
    """What has the shard key reaches the shard that has the document; everything else reaches all of them."""
    reads = {name: await shards_of(db, find(name_of, wanted)) for name, (name_of, wanted, _) in READS.items()}
    writes = {name: await shards_of(db, update(name_of, wanted)) for name, (name_of, wanted, _) in WRITES.items()}

    assert {name: count for name, (_, _, count) in READS.items()} == reads
    assert {name: count for name, (_, _, count) in WRITES.items()} == writes


def find(collection: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {"find": collection, "filter": wanted}


def update(collection: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {"update": collection, "updates": [{"q": wanted, "u": {"$set": {"changed_at": NOW}}, "multi": True}]}


async def shards_of(db: Database, command: Mapping[str, Any]) -> int:
    """The number of shards to which the router sends a command."""
    plan = await db.command({"explain": command, "verbosity": "queryPlanner"})
    return len(plan["queryPlanner"]["winningPlan"]["shards"])
