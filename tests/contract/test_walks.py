"""Wrong hints cost reads and never a code: on the real database, whatever the partitions' walks say."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from handlers.code_ids import PLACES
from handlers.requests.facts import StockKey
from ops.settings.load import Settings
from schemas.base import CodeType
from schemas.records import Asked
from schemas.requests import Request
from stores.mongo.reconcile import Reconciliation
from tests.contract.benches import MongoBench, mongo_bench
from tests.contract.deciding import OTHERS, RELEASES, RESERVES, decided, reserves
from tests.fakes.builders import CAMPAIGN, EXTERNAL, TM, a_release, a_reserve, asked
from tests.fakes.memory_store import IMPORT_SHARD, summed
from tests.fakes.stocking import a_code

pytestmark = pytest.mark.integration


@pytest.fixture
async def bench(settings: Settings) -> AsyncIterator[MongoBench]:
    """An empty database with validators and indexes, gone afterwards."""
    async with mongo_bench(settings) as bench:
        yield bench


async def import_more(bench: MongoBench, count: int, code_type: CodeType = "tm") -> None:
    """What a chunk writes that looked for walks before there were any: codes without marks, and their count."""
    await bench.collections.codes.insert_many([a_code(CAMPAIGN, code_type, f"MORE-{n}") for n in range(count)])
    shard = {"_id": f"{CAMPAIGN}:{code_type}:{IMPORT_SHARD}"}
    await bench.collections.inventory.update_one(shard, {"$inc": {"available": count, "version": 1}})


async def outcomes(bench: MongoBench, shard: str, count: int, name: str) -> list[str]:
    """Outcomes of one batch of reserves of one code each."""
    return [result.outcome for result in await decided(bench.store(shard), shard, *reserves(count, name=name))]


async def test_codes_that_were_imported_behind_all_walks_are_given_out(bench: MongoBench) -> None:
    """And the one that is not there is refused."""
    await bench.put(TM, 30)
    assert 30 * ["reserved"] == await outcomes(bench, RESERVES, 30, "a")
    await import_more(bench, 20)

    assert [*(20 * ["reserved"]), "refused"] == await outcomes(bench, OTHERS, 21, "b")
    assert {("summer", "tm", "reserved"): 50} == await bench.codes() == summed(await bench.shards())


async def test_a_restored_walk_ahead_of_its_codes_hides_none(bench: MongoBench) -> None:
    """The counts came from a later backup than the codes, or somebody edited them."""
    await bench.put(TM, 10)
    await bench.collections.inventory.update_many({}, {"$set": {"walked": [0, PLACES]}})

    assert [*(10 * ["reserved"]), "refused"] == await outcomes(bench, RESERVES, 11, "a")


async def test_a_repair_marks_what_the_walks_hide(bench: MongoBench) -> None:
    """Then it is found by its mark; the second repair finds nothing."""
    await bench.put(TM, 10)
    await bench.collections.inventory.update_many({}, {"$set": {"walked": [0, PLACES]}})
    books = Reconciliation(bench.collections)
    found = await books.snapshot_of(CAMPAIGN)

    assert [10, 0] == [await books.mark_hidden(found) for _ in range(2)]
    assert [*(10 * ["reserved"]), "refused"] == await outcomes(bench, RESERVES, 11, "a")
    assert 0 == await bench.collections.codes.count_documents({"returned": {"$gt": ""}})


async def test_a_code_has_a_mark_while_it_is_back(bench: MongoBench) -> None:
    """From its release until it is somebody's again."""
    await bench.put(TM, 1)
    await outcomes(bench, RESERVES, 1, "a")
    marked = []
    for before, after in (("a", "b"), ("b", "c")):
        release = a_release(request_id=f"x-{before}", reservation_id=f"{before}-0")
        await decided(bench.store(RELEASES), RELEASES, asked(release))
        marked.append(await bench.collections.codes.count_documents({"returned": {"$gt": ""}}))
        await outcomes(bench, RESERVES, 1, after)
        marked.append(await bench.collections.codes.count_documents({"returned": {"$gt": ""}}))

    assert [1, 0, 1, 0] == marked


async def test_each_kind_of_a_campaign_has_walks_of_its_own(bench: MongoBench) -> None:
    """Codes of both kinds lie among each other."""
    for kind in (TM, EXTERNAL):
        await bench.put(kind, 15)
    store = bench.store(RESERVES)
    given = [
        result.code_type
        for number in range(16)
        for kind in (TM, EXTERNAL)
        for result in await decided(store, RESERVES, one_of(kind, number))
        if result.outcome == "reserved"
    ]

    assert (15, 15) == (given.count("tm"), given.count("external"))


async def test_partitions_take_the_last_codes_of_each_others_parts(bench: MongoBench) -> None:
    """Eight walks, while codes come back and are imported: all are given, none twice, and only then is none left."""
    await bench.put(TM, 200)

    async def partition(number: int) -> list[str]:
        shard, codes = f"reserve.requests.v1.{number}", []
        store = bench.store(shard)
        for batch in range(8):
            found = await decided(store, shard, *reserves(4, name=f"p{number}-{batch}"))
            codes += [code_id for result in found for code_id in result.code_ids]
        return codes

    given = [code for found in await asyncio.gather(*map(partition, range(6))) for code in found]
    await import_more(bench, 30)
    given += [code for found in await asyncio.gather(*map(partition, (6, 7))) for code in found]

    assert 230 == len(given) == len(set(given))
    assert {("summer", "tm", "reserved"): 230} == await bench.codes() == summed(await bench.shards())


def one_of(kind: StockKey, number: int) -> Asked[Request]:
    """A reserve of one code."""
    return asked(a_reserve(request_id=f"{kind.code_type}-{number}", code_type=kind.code_type), offset=number)
