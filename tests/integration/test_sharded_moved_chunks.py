"""Chunks that moved from one shard to another leave orphans behind for a while: copies that belong to nobody.

A write that the router sends to all shards finds them too. They must not count: neither as codes that were moved, nor
in place of codes that somebody else has.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

import pytest

from handlers.code_ids import campaign_prefix, id_range
from schemas.errors import FactsStale
from stores.mongo.connection import Database
from stores.mongo.sharding import shard_database
from tests.contract.benches import MongoBench
from tests.contract.deciding import OTHERS, RELEASES, RESERVES, decided, planned, reserves
from tests.fakes.builders import TM, a_release, a_reserve, asked
from tests.integration.sharding import Ports, a_sharded_cluster, at_node, at_router, migrated

pytestmark = pytest.mark.integration

HOLDS = 20
ORPHANS_S = 900
"""MongoDB's default."""
Chunk = Mapping[str, Any]


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """A cluster for all tests here."""
    with a_sharded_cluster(tmp_path_factory.mktemp("cluster")) as ports:
        yield ports


@pytest.fixture
async def bench(ports: Ports) -> AsyncIterator[MongoBench]:
    """A database whose collections are sharded."""
    async with at_router(ports) as db:
        await db.client.admin.command("balancerStop")  # a shard takes part in one move at a time
        await keep_orphans(ports, 0)
        await shard_database(await migrated(db), check=False)
        await keep_orphans(ports, ORPHANS_S)
        yield MongoBench(db.client, db)


async def keep_orphans(ports: Ports, seconds: int) -> None:
    """How long a shard keeps them. Until they are removed, it takes the same range back from nobody."""
    for name in ("shard-1", "shard-2"):
        async with at_node(ports[name], "admin") as node:
            await node.client.admin.command({"setParameter": 1, "orphanCleanupDelaySecs": seconds})


async def chunks(db: Database, collection: str) -> dict[str, list[Chunk]]:
    """The chunks of a collection by shard. Since MongoDB 5.0 they name their collection by its id."""
    config, name = db.client.config, f"{db.name}.{collection}"
    found = await config["collections"].find_one({"_id": name})
    assert found is not None
    by_shard: dict[str, list[Chunk]] = {"shard-1": [], "shard-2": []}
    async for chunk in config.chunks.find({"$or": [{"ns": name}, {"uuid": found["uuid"]}]}):
        by_shard[chunk["shard"]].append(chunk)
    return by_shard


async def move(db: Database, collection: str, to: str, moved: Iterable[Chunk]) -> None:
    """Move chunks to a shard; orphans stay behind for a quarter of an hour."""
    for chunk in moved:
        bounds = [chunk["min"], chunk["max"]]
        await db.client.admin.command("moveChunk", f"{db.name}.{collection}", bounds=bounds, to=to)


async def shard_of(db: Database, campaign_id: str) -> tuple[str, str]:
    """The shard that has a campaign's codes, and the other one."""
    plan = await db.command({"explain": {"find": "codes", "filter": {"_id": id_range(campaign_id)}}})
    [shard] = plan["queryPlanner"]["winningPlan"]["shards"]
    [other] = {"shard-1", "shard-2"} - {shard["shardName"]}
    return shard["shardName"], other


async def test_codes_of_a_moved_chunk_are_given_out(bench: MongoBench) -> None:
    """The orphans are not counted: a plan that is right is not stale."""
    db = bench.collections.database
    await bench.put(TM, HOLDS)
    there, other = await shard_of(db, TM.campaign_id)
    await db.client.admin.command(
        "moveChunk", f"{db.name}.codes", find={"_id": campaign_prefix(TM.campaign_id)}, to=other
    )

    results = await decided(bench.store(RESERVES), RESERVES, *reserves(HOLDS))

    assert (other, there) == await shard_of(db, TM.campaign_id)
    assert {"reserved"} == {result.outcome for result in results}
    assert {("summer", "tm", "reserved"): HOLDS} == await bench.codes()


async def test_an_orphan_is_not_given_out_in_place_of_a_code_that_somebody_has(bench: MongoBench) -> None:
    """The orphan is as the code was when its chunk moved: available. The code itself was reserved since."""
    db = bench.collections.database
    await bench.put(TM, 1)
    there, other = await shard_of(db, TM.campaign_id)
    before = await chunks(db, "codes")
    store = bench.store(RESERVES)
    plan = await planned(store, RESERVES, asked(a_reserve()))
    await move(db, "codes", other, before[there])  # a shard without a chunk is not asked, so its orphans stay
    await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(request_id="r-2"), partition=1))
    await move(db, "codes", there, before[other][:1])  # now it is asked again

    with pytest.raises(FactsStale):
        await store.apply(plan)

    assert {"r-2": "held"} == await bench.reservations()


async def test_reservations_of_a_moved_chunk_are_released(bench: MongoBench) -> None:
    """As for codes; the ids of a batch are on both shards."""
    db = bench.collections.database
    await bench.put(TM, HOLDS)
    await decided(bench.store(RESERVES), RESERVES, *reserves(HOLDS))
    before = await chunks(db, "reservations")
    await move(db, "reservations", "shard-2", before["shard-1"][:1])
    released = [
        asked(a_release(request_id=f"x-{number}", reservation_id=f"r-{number}"), offset=number)
        for number in range(HOLDS)
    ]

    results = await decided(bench.store(RELEASES), RELEASES, *released)

    assert {"released"} == {result.outcome for result in results}
    assert {("summer", "tm", "available"): HOLDS} == await bench.codes()
