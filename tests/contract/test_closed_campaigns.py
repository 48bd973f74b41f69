"""A closed campaign gives out no codes of its stock, on every backend: not even by a plan from before the closing."""

import asyncio

import pytest

from schemas.errors import FactsStale
from tests.contract.benches import StoreBench
from tests.contract.deciding import ASSIGNS, OTHERS, RELEASES, RESERVES, decided, planned, reserves
from tests.fakes.builders import TM, a_release, a_reserve, an_assign, an_assign_from_stock, asked

FRESH_S = 1.1
"""Longer than a campaign is cached."""


async def test_a_closed_campaign_refuses_what_takes_codes_from_its_stock(bench: StoreBench) -> None:
    """In a partition that has a shard of it, and in others that never had one."""
    await bench.put(TM, 9)
    store = bench.store(RESERVES)
    await decided(store, RESERVES, *reserves(1, name="h"))
    await bench.close("summer")

    (refused,) = await decided(store, RESERVES, asked(a_reserve(request_id="late"), offset=1))
    await asyncio.sleep(FRESH_S)
    (elsewhere,) = await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(request_id="r-9"), partition=1))
    straight = asked(an_assign_from_stock(request_id="s-1"))
    (given,) = await decided(bench.store(ASSIGNS, publishes_code_values=True), ASSIGNS, straight)

    assert ["campaign_closed"] * 3 == [refused.reason, elsewhere.reason, given.reason]
    assert 8 == (await bench.codes())["summer", "tm", "available"]


async def test_a_plan_from_before_the_closing_is_stale(bench: StoreBench) -> None:
    """The partition has a shard of the campaign: its mark guards the write."""
    await bench.put(TM, 9)
    store = bench.store(RESERVES)
    await decided(store, RESERVES, *reserves(1, name="h"))
    plan = await planned(store, RESERVES, asked(a_reserve(request_id="late"), offset=1))
    await bench.close("summer")

    with pytest.raises(FactsStale):
        await store.apply(plan)

    assert {"h-0"} == await bench.ledger()
    (refused,) = await decided(store, RESERVES, asked(a_reserve(request_id="late"), offset=1))
    assert "campaign_closed" == refused.reason


async def test_a_plan_that_begins_a_shard_is_stale_after_the_closing(bench: StoreBench) -> None:
    """There is no mark to guard: the shard begins with the campaign's document, or not at all."""
    await bench.put(TM, 9)
    store = bench.store(RESERVES)
    plan = await planned(store, RESERVES, asked(a_reserve()))
    await bench.close("summer")

    with pytest.raises(FactsStale):
        await store.apply(plan)

    assert set() == await bench.ledger()
    (refused,) = await decided(store, RESERVES, asked(a_reserve()))
    assert "campaign_closed" == refused.reason


async def test_holds_of_a_closed_campaign_are_assigned_and_released(bench: StoreBench) -> None:
    """Also in partitions that begin their shard only then; what was answered is answered again."""
    await bench.put(TM, 2)
    store = bench.store(RESERVES)
    first = await decided(store, RESERVES, *reserves(2, name="h"))
    await bench.close("summer")
    await asyncio.sleep(FRESH_S)

    assign = asked(an_assign(request_id="a-1", reservation_id="h-0"))
    (assigned,) = await decided(bench.store(ASSIGNS, publishes_code_values=True), ASSIGNS, assign)
    release = asked(a_release(request_id="x-1", reservation_id="h-1"))
    (released,) = await decided(bench.store(RELEASES), RELEASES, release)

    assert ("assigned", "released") == (assigned.outcome, released.outcome)
    assert {True} == {shard.is_closed for shard in await bench.shards()}
    assert first == await decided(store, RESERVES, *reserves(2, name="h"))


async def test_a_reopened_campaign_gives_out_codes_again(bench: StoreBench) -> None:
    """By all its partitions, within the second for which a campaign is cached."""
    await bench.put(TM, 9)
    store = bench.store(RESERVES)
    await decided(store, RESERVES, *reserves(1, name="h"))
    await bench.close("summer")
    await decided(store, RESERVES, asked(a_reserve(request_id="late"), offset=1))
    await bench.reopen("summer")

    (reserved,) = await decided(store, RESERVES, asked(a_reserve(request_id="again"), offset=2))
    await asyncio.sleep(FRESH_S)
    (elsewhere,) = await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(request_id="r-9"), partition=1))

    assert ("reserved", "reserved") == (reserved.outcome, elsewhere.outcome)
    assert {False} == {shard.is_closed for shard in await bench.shards()}
