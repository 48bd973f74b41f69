"""`codes migrate --shard` on a cluster of two shards: once, again, and where it cannot."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pymongo.errors import DuplicateKeyError

from devstack.addresses import direct_uri
from schemas.errors import MigrationRefused
from stores.mongo.connection import Database
from stores.mongo.migration import Change, Refused, migrate_database
from stores.mongo.sharding import shard_database
from stores.mongo.specs import BY_ID, BY_RANGE
from stores.mongo.topology import topology
from tests.fakes.mongo_proxy import Fault, Statement, mongo_proxied
from tests.fakes.stocking import code_id
from tests.integration.sharding import Ports, a_sharded_cluster, at_node, at_router, databases, migrated

pytestmark = pytest.mark.integration

KEYS = {"codes": BY_RANGE, "requests": BY_ID, "reservations": BY_ID}
DOCUMENTS = 40
TRIES = 20
COMMITS, BATCH = 50, 8


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """A cluster for all tests here."""
    with a_sharded_cluster(tmp_path_factory.mktemp("cluster")) as ports:
        yield ports


@pytest.fixture
async def db(ports: Ports) -> AsyncIterator[Database]:
    """A database of this test's own."""
    async with at_router(ports) as db:
        yield db


def a_code(number: int, **fields: Any) -> dict[str, Any]:
    """A code that is available, each in a campaign of its own."""
    return {
        "_id": code_id(f"c-{number}", "A"),
        "campaign_id": f"c-{number}",
        "code": "A",
        "code_type": "tm",
        "status": "available",
        "moved_by": "s@1",
        "imported_by": "i-1",
        "changed_at": None,
        **fields,
    }


async def count_on(port: int, db: Database) -> int:
    """The codes that one shard has."""
    async with at_node(port, db.name) as at_shard:
        return await at_shard.codes.count_documents({})


async def test_large_collections_are_sharded_once(db: Database) -> None:
    """The check before names them, a second run and its check have nothing to do."""
    before = await shard_database(db, check=True)
    done = await shard_database(await migrated(db), check=False)

    expected = {
        Change("sharding", "codes", "by _id"),
        Change("sharding", "reservations", "by _id (hashed)"),
        Change("sharding", "requests", "by _id (hashed)"),
    }
    assert expected == set(before) == set(done)
    assert [[], []] == [await shard_database(db, check=check) for check in (False, True)]
    assert [] == await migrate_database(db, ledger_days=30, check=True)


async def test_campaigns_are_spread_at_once_and_codes_stay_unique(ports: Ports, db: Database) -> None:
    """No balancer has to move anything; a code is in its campaign once in the whole cluster."""
    await shard_database(await migrated(db), check=False)
    await db.command({"collMod": "codes", "validationLevel": "off"})
    await db.codes.insert_many([a_code(number) for number in range(DOCUMENTS)])

    counts = [await count_on(ports[shard], db) for shard in ("shard-1", "shard-2")]
    assert DOCUMENTS == sum(counts)
    assert 0 not in counts
    for number in range(DOCUMENTS):
        with pytest.raises(DuplicateKeyError):
            await db.codes.insert_one(a_code(number))


async def test_collections_with_documents_are_sharded_too(db: Database) -> None:
    """The index of the key is made before, as MongoDB asks."""
    await db.codes.insert_one(a_code(1))
    await db.requests.insert_one({"_id": "r-1"})

    steps = await shard_database(db, check=False)

    assert KEYS.keys() == {step.name for step in steps if isinstance(step, Change)}
    assert 1 == await db.codes.count_documents({"campaign_id": "c-1"})


async def test_another_shard_key_is_refused_and_stays(db: Database) -> None:
    """The check says the same; the other collections are sharded."""
    await migrated(db)
    await db.client.admin.command("enableSharding", db.name)
    key = {"campaign_id": 1, "code": 1}
    await db.client.admin.command("shardCollection", f"{db.name}.codes", key=key)

    checked, done = [await shard_database(db, check=check) for check in (True, False)]

    assert checked == done
    [refused] = [step for step in done if isinstance(step, Refused)]
    assert "codes" == refused.name
    assert "already sharded by campaign_id, code, not by _id" in refused.why


async def test_a_unique_index_of_somebody_else_is_named(db: Database) -> None:
    """No single shard could know that its values are unique; the check says so before."""
    await migrated(db)
    await db.reservations.create_index([("fan_id", 1)], name="one_each", unique=True)

    checked, done = [await shard_database(db, check=check) for check in (True, False)]

    assert checked == done
    [refused] = [step for step in done if isinstance(step, Refused)]
    expected = "the unique index `one_each` does not begin with the shard key (_id (hashed))"
    assert ("reservations", expected) == (refused.name, refused.why)


async def test_a_server_that_is_no_router_is_refused(ports: Ports) -> None:
    """Before anything is changed there."""
    async with at_node(ports["shard-1"], "nobodys") as db:
        with pytest.raises(MigrationRefused, match="not a router"):
            await shard_database(db, check=False)


@pytest.mark.parametrize("command", ["find", "shardCollection"])
async def test_a_user_without_the_right_is_refused(ports: Ports, db: Database, command: str) -> None:
    """Whether the right to read the keys is missing or the right to shard, the message names the role."""
    await migrated(db)
    statement = Statement(command, "collections" if command == "find" else f"{db.name}.codes")
    async with mongo_proxied(direct_uri(ports["router"])) as (proxy, uri), databases(uri, db.name) as proxied:
        proxy.fail(statement, [Fault(13)] * TRIES)
        with pytest.raises(MigrationRefused, match="clusterManager"):
            await shard_database(proxied, check=False)


async def test_the_shards_of_a_router_are_seen(db: Database) -> None:
    """So that the check can judge them: each has one node here."""
    found = await topology(db.client)

    assert ("router", [("shard-1", 1), ("shard-2", 1)]) == (
        found.kind,
        sorted((shard.name, shard.voting) for shard in found.sets),
    )


async def test_a_commit_waits_for_all_shards(db: Database) -> None:
    """What a batch wrote is seen by the reads of other processes: an assign follows its reservation at once."""
    await shard_database(await migrated(db), check=False)
    await db.command({"collMod": "requests", "validationLevel": "off"})
    seen = []
    for number in range(COMMITS):
        ids = [f"r-{number}-{place}" for place in range(BATCH)]
        async with await db.client.start_session() as session, session.start_transaction():
            await db.requests.insert_many([{"_id": id_} for id_ in ids], session=session)
        seen.append(len(await db.requests.find({"_id": {"$in": ids}}).to_list(None)))

    assert [BATCH] * COMMITS == seen
