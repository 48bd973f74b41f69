"""A plan that is applied: what `CodeStore` gathers for it and what it writes, on every backend."""

from datetime import timedelta

from handlers.shards import inventory_event
from tests.contract.benches import StoreBench, workers_shards
from tests.contract.deciding import ASSIGNS, OTHERS, RELEASES, RESERVES, WINTER, decided, planned
from tests.fakes.builders import (
    EXTERNAL,
    NOW,
    TM,
    a_release,
    a_reserve,
    an_assign,
    an_assign_from_stock,
    asked,
)
from tests.fakes.memory_store import summed


async def test_a_reserve_moves_codes_and_is_remembered(bench: StoreBench) -> None:
    """Codes, reservation, ledger and totals, all of it."""
    await bench.put(TM, 5)

    (result,) = await decided(bench.store(RESERVES), RESERVES, asked(a_reserve(quantity=2)))

    assert ("reserved", 2) == (result.outcome, len(set(result.code_ids)))
    assert {("summer", "tm", "available"): 3, ("summer", "tm", "reserved"): 2} == await bench.codes()
    assert {"r-1": "held"} == await bench.reservations()
    assert {"r-1"} == await bench.ledger()
    (shard,) = workers_shards(await bench.shards()).values()
    assert (1, -2, 2, 0, "reserve") == (
        shard.version,
        shard.available,
        shard.reserved,
        shard.assigned,
        shard.cause,
    )


async def test_only_what_is_needed_is_gathered(bench: StoreBench) -> None:
    """Known campaigns, and this shard's own totals."""
    await bench.put(TM, 5)
    await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(request_id="r-9"), partition=1))
    store = bench.store(RESERVES)
    await decided(store, RESERVES, asked(a_reserve()))

    facts = await store.gather([asked(a_reserve(request_id="r-2")), asked(a_release(campaign_id="winter"))])

    assert frozenset({"summer"}) == facts.known_campaigns
    assert [RESERVES] == [shard.shard for shard in facts.shards.values()]
    assert {"r-1"} == facts.reservations.keys()
    assert 1 == len(facts.candidates[TM])
    assert {} == facts.code_values


async def test_values_are_read_where_events_carry_them(bench: StoreBench) -> None:
    """Of reservations that may be assigned, and of candidates; right ones."""
    await bench.put(TM, 3)
    (held,) = await decided(bench.store(RESERVES), RESERVES, asked(a_reserve()))

    plan = await planned(
        bench.store(ASSIGNS, publishes_code_values=True), ASSIGNS, asked(an_assign()), asked(an_assign_from_stock())
    )

    values = await bench.values()
    assert 2 == len(plan.code_values)
    assert held.code_ids[0] in plan.code_values
    assert plan.code_values.items() <= values.items()


async def test_a_record_read_again_gives_its_codes_again(bench: StoreBench) -> None:
    """A new owner gives them with their values and the same totals, and writes nothing."""
    await bench.put(TM, 3)
    await decided(bench.store(RESERVES), RESERVES, asked(a_reserve()))
    batch = (asked(an_assign()), asked(an_assign_from_stock(quantity=2), offset=1))
    store = bench.store(ASSIGNS, publishes_code_values=True)
    first = await planned(store, ASSIGNS, *batch)
    await store.apply(first)

    again = await planned(bench.store(ASSIGNS, publishes_code_values=True), ASSIGNS, *batch)

    assert [answer.result for answer in first.answers] == [answer.result for answer in again.answers]
    assert all(answer.announced for answer in again.answers)
    assert first.code_values == again.code_values
    assert [*map(inventory_event, first.announced_shards)] == [*map(inventory_event, again.announced_shards)]
    assert not again.writes


async def test_a_batch_may_touch_several_campaigns_and_types(bench: StoreBench) -> None:
    """Each with totals of its own."""
    for key in (TM, EXTERNAL, WINTER):
        await bench.put(key, 3)
    batch = [
        asked(a_reserve(request_id="r-1", quantity=2)),
        asked(a_reserve(request_id="r-2", code_type="external", quantity=3), offset=1),
        asked(a_reserve(request_id="r-3", campaign_id="winter"), offset=2),
        asked(a_reserve(request_id="r-4", campaign_id="winter", code_type="external"), offset=3),
    ]

    results = await decided(bench.store(RESERVES), RESERVES, *batch)

    assert [None, None, None, "out_of_stock"] == [result.reason for result in results]
    assert {
        ("summer", "tm", "available"): 1,
        ("summer", "tm", "reserved"): 2,
        ("summer", "external", "reserved"): 3,
        ("winter", "tm", "available"): 2,
        ("winter", "tm", "reserved"): 1,
    } == await bench.codes()
    assert summed(await bench.shards()) == await bench.codes()
    assert 3 == len(workers_shards(await bench.shards()))


async def test_released_codes_come_back(bench: StoreBench) -> None:
    """They are available to the next request, and the totals agree."""
    await bench.put(TM, 2)
    first = await decided(bench.store(RESERVES), RESERVES, asked(a_reserve(quantity=2)))
    await decided(bench.store(RELEASES), RELEASES, asked(a_release(reason="expired")))
    assert {"r-1": "expired"} == await bench.reservations()

    (second,) = await decided(
        bench.store(ASSIGNS, publishes_code_values=True), ASSIGNS, asked(an_assign_from_stock(quantity=2))
    )

    assert set(first[0].code_ids) == set(second.code_ids)
    assert {("summer", "tm", "assigned"): 2} == await bench.codes() == summed(await bench.shards())


async def test_a_code_and_its_reservation_name_the_same_batch(bench: StoreBench) -> None:
    """A plan says who moved what, and both come back as they were written."""
    await bench.put(TM, 1)
    await decided(bench.store(RESERVES), RESERVES, asked(a_reserve(), offset=41))

    facts = await bench.store(ASSIGNS, publishes_code_values=True).gather([asked(an_assign())])

    held = facts.reservations["r-1"]
    assert (f"{RESERVES}@41", NOW, NOW + timedelta(days=1)) == (held.moved_by, held.changed_at, held.expires_at)
    assert isinstance(held.code_ids, tuple)


async def test_an_empty_plan_writes_nothing(bench: StoreBench) -> None:
    """A batch of repeats costs no transaction."""
    store = bench.store(RESERVES)

    await store.apply(await planned(store, RESERVES))

    assert set() == await bench.ledger()


async def test_taking_over_can_be_repeated(bench: StoreBench) -> None:
    """The same owner and the next owner can take over; decisions continue."""
    await bench.put(TM, 2)
    for number in range(2):
        store = bench.store(RESERVES)
        await store.take_over()
        await store.take_over()
        (result,) = await decided(store, RESERVES, asked(a_reserve(request_id=f"r-{number}"), offset=number))
        assert "reserved" == result.outcome
