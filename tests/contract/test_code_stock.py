"""Available codes: `CodeStore` finds every one of them and gives none twice, on every backend."""

import asyncio

from schemas.base import CodeStatus
from schemas.results import Result
from tests.contract.benches import StoreBench
from tests.contract.deciding import OTHERS, RELEASES, RESERVES, decided, reserves
from tests.fakes.builders import (
    TM,
    a_release,
    a_reserve,
    asked,
)
from tests.fakes.memory_store import summed


async def test_out_of_stock_is_said_after_a_fresh_look(bench: StoreBench) -> None:
    """What a stock holds may be gone, and what is there may not be in the stock."""
    await bench.put(TM, 4)
    store = bench.store(RESERVES)
    await store.gather(reserves(1))
    (held,) = await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(request_id="x-1", quantity=4)))
    assert ["out_of_stock"] == [result.reason for result in await decided(store, RESERVES, *reserves(1))]

    await decided(bench.store(RELEASES), RELEASES, asked(a_release(reservation_id="x-1")))
    (result,) = await decided(store, RESERVES, asked(a_reserve(request_id="r-9", quantity=4), offset=9))

    assert set(held.code_ids) == set(result.code_ids)


async def test_the_last_codes_are_found(bench: StoreBench) -> None:
    """Requests of one code each take every code, and the next request is refused."""
    await bench.put(TM, 7)
    store = bench.store(RESERVES)

    results = [(await decided(store, RESERVES, request))[0] for request in reserves(9)]

    assert ["reserved"] * 7 + ["refused"] * 2 == [result.outcome for result in results]
    assert 7 == len({code_id for result in results for code_id in result.code_ids})


async def test_a_big_quantity_is_one_transaction(bench: StoreBench) -> None:
    """Ten requests of a hundred codes each are all served."""
    await bench.put(TM, 1_050)

    results = await decided(bench.store(RESERVES), RESERVES, *reserves(11, quantity=100))

    assert ["reserved"] * 10 + ["refused"] == [result.outcome for result in results]
    assert {("summer", "tm", "available"): 50, ("summer", "tm", "reserved"): 1_000} == await bench.codes()


async def test_a_batch_may_want_more_than_one_look_brings(bench: StoreBench) -> None:
    """All of eleven thousand candidates are found in one gather."""
    await bench.put(TM, 11_050)

    facts = await bench.store(RESERVES).gather(reserves(111, quantity=100))

    assert 11_050 == len({candidate.code_id for candidate in facts.candidates[TM]})


async def test_many_partitions_never_win_the_same_code(bench: StoreBench) -> None:
    """Four at once, more demand than stock: all of it is given, none of it twice."""
    await bench.put(TM, 20)

    async def partition(number: int) -> list[Result]:
        shard = f"reserve.requests.v1.{number}"
        store = bench.store(shard)
        batches = [reserves(3, name=f"p{number}-{batch}") for batch in range(3)]
        return [result for batch in batches for result in await decided(store, shard, *batch)]

    results = [result for found in await asyncio.gather(*map(partition, range(4))) for result in found]

    given = [code_id for result in results for code_id in result.code_ids]
    assert 20 == len(given) == len(set(given))
    assert {("summer", "tm", str(CodeStatus.RESERVED)): 20} == await bench.codes() == summed(await bench.shards())
