"""A plan whose facts changed before its apply: `CodeStore` writes nothing of it, on every backend."""

import pytest

from schemas.errors import FactsStale
from schemas.requests import Request
from tests.contract.benches import StoreBench, workers_shards
from tests.contract.deciding import ASSIGNS, OTHERS, RELEASES, RESERVES, WINTER, decided, planned, reserves
from tests.fakes.builders import (
    TM,
    a_release,
    a_reserve,
    an_assign,
    an_assign_from_stock,
    asked,
)
from tests.fakes.memory_store import summed


async def test_a_code_that_was_taken_makes_a_plan_stale(bench: StoreBench) -> None:
    """Nothing of it is written; after a second gather the answer is right."""
    await bench.put(TM, 1)
    store = bench.store(RESERVES)
    plan = await planned(store, RESERVES, asked(a_reserve()))
    await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(request_id="r-2"), partition=1))

    with pytest.raises(FactsStale):
        await store.apply(plan)

    assert ({"r-2"}, {"r-2": "held"}) == (await bench.ledger(), await bench.reservations())
    assert [f"summer:tm:{OTHERS}"] == list(workers_shards(await bench.shards()))
    assert ["out_of_stock"] == [result.reason for result in await decided(store, RESERVES, asked(a_reserve()))]


async def test_a_stale_plan_writes_nothing_of_its_good_parts(bench: StoreBench) -> None:
    """One campaign's code is gone; the other's stays where it is, with three requests undecided."""
    await bench.put(TM, 1)
    await bench.put(WINTER, 5)
    store = bench.store(RESERVES)
    batch = [*reserves(1), asked(a_reserve(request_id="w-1", campaign_id="winter", quantity=3), offset=1)]
    batch.append(asked(a_reserve(request_id="u-1", campaign_id="unknown"), offset=2))
    plan = await planned(store, RESERVES, *batch)
    await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(request_id="r-9"), partition=1))

    with pytest.raises(FactsStale):
        await store.apply(plan)

    assert {("winter", "tm", "available"): 5, ("summer", "tm", "reserved"): 1} == await bench.codes()
    assert {"r-9"} == await bench.ledger()


async def test_a_code_of_the_stock_that_was_reserved_meanwhile_is_nobody_elses(bench: StoreBench) -> None:
    """One batch takes its reservation to its end, and wants codes from the stock that was read before."""
    await bench.put(TM, 3)
    store = bench.store(ASSIGNS, publishes_code_values=True)
    straight = [asked(an_assign_from_stock(request_id=f"s-{number}"), offset=number) for number in range(3)]
    await planned(store, ASSIGNS, *straight)  # all three codes are in its stock now
    await decided(bench.store(RESERVES), RESERVES, asked(a_reserve(quantity=2)))

    (held, given) = await decided(store, ASSIGNS, asked(an_assign()), straight[1])

    assert ("assigned", "assigned") == (held.outcome, given.outcome)
    assert not set(held.code_ids) & set(given.code_ids)
    assert 3 == (await bench.codes())["summer", "tm", "assigned"]


@pytest.mark.parametrize("faster", [a_release(), an_assign(request_id="a-2")])
async def test_a_reservation_that_moved_makes_a_plan_stale(bench: StoreBench, faster: Request) -> None:
    """Released or assigned elsewhere: the codes are not given twice."""
    await bench.put(TM, 1)
    await decided(bench.store(RESERVES), RESERVES, asked(a_reserve()))
    store = bench.store(ASSIGNS, publishes_code_values=True)
    plan = await planned(store, ASSIGNS, asked(an_assign()))
    await decided(bench.store(RELEASES, publishes_code_values=True), RELEASES, asked(faster))

    with pytest.raises(FactsStale):
        await store.apply(plan)

    (refused,) = await decided(store, ASSIGNS, asked(an_assign()))
    assert refused.reason in ("reservation_released", "reservation_assigned")


async def test_a_request_decided_elsewhere_makes_a_plan_stale(bench: StoreBench) -> None:
    """Though there are codes for both; the first outcome is everybody's."""
    await bench.put(TM, 10)
    store = bench.store(RESERVES)
    plan = await planned(store, RESERVES, asked(a_reserve()))
    first = await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(), partition=1))

    with pytest.raises(FactsStale):
        await store.apply(plan)

    assert first == await decided(store, RESERVES, asked(a_reserve()))
    assert 1 == (await bench.codes())["summer", "tm", "reserved"]


async def test_a_refusal_decided_elsewhere_makes_a_plan_stale(bench: StoreBench) -> None:
    """There is nothing to guard but the ledger."""
    await bench.put(TM, 1)
    store = bench.store(RESERVES)
    plan = await planned(store, RESERVES, asked(a_reserve(quantity=2)))
    first = await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(quantity=2), partition=1))

    with pytest.raises(FactsStale):
        await store.apply(plan)
    assert first == await decided(store, RESERVES, asked(a_reserve(quantity=2)))


@pytest.mark.parametrize("before", [0, 1])
async def test_a_shard_that_moved_makes_a_plan_stale(bench: StoreBench, before: int) -> None:
    """A former owner that still runs: other requests, reservations and codes; the same shard, old or new."""
    await bench.put(TM, 3)
    await decided(bench.store(RESERVES), RESERVES, *reserves(3, name="h"))
    former, owner = bench.store(ASSIGNS), bench.store(ASSIGNS)
    assigns = [asked(an_assign(request_id=f"a-{n}", reservation_id=f"h-{n}"), offset=n) for n in range(3)]
    if before:
        await decided(owner, ASSIGNS, assigns[0])
    plan = await planned(former, ASSIGNS, assigns[1])
    await decided(owner, ASSIGNS, assigns[2])

    with pytest.raises(FactsStale):
        await former.apply(plan)

    assert "a-1" not in await bench.ledger()
    assert summed(await bench.shards()) == await bench.codes()


async def test_a_reservation_that_was_made_elsewhere_makes_a_plan_stale(bench: StoreBench) -> None:
    """Even if the ledger has forgotten it already."""
    await bench.put(TM, 10)
    store = bench.store(RESERVES)
    plan = await planned(store, RESERVES, asked(a_reserve()))
    await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(), partition=1))
    await bench.forget("r-1")

    with pytest.raises(FactsStale):
        await store.apply(plan)
    assert 1 == (await bench.codes())["summer", "tm", "reserved"]
