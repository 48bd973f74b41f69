"""What `stores.code_port.CodeStore` promises, on every backend: in memory, and on the real database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from handlers.requests.facts import StockKey
from handlers.requests.plan import Plan, plan_batch
from ops.settings.load import Settings
from schemas.base import CodeStatus
from schemas.errors import FactsStale
from schemas.records import Asked
from schemas.requests import Request
from schemas.results import Result
from stores.code_port import CodeStore
from tests.contract.benches import Bench, MemoryBench, mongo_bench, summed, workers_shards
from tests.fakes.builders import (
    EXTERNAL,
    HOUR,
    NOW,
    TM,
    a_release,
    a_reserve,
    an_assign,
    an_assign_from_stock,
    asked,
)

RESERVES = "reserve.requests.v1.0"
OTHERS = "reserve.requests.v1.1"
ASSIGNS = "assign.requests.v1.0"
RELEASES = "release.requests.v1.0"
WINTER = StockKey("winter", "tm")
ATTEMPTS_MAX = 200


async def planned(store: CodeStore, shard: str, *requests: Asked[Request]) -> Plan:
    """Gather and plan; nothing is written yet."""
    return plan_batch(requests, await store.gather(requests), shard=shard, now=NOW)


async def decided(store: CodeStore, shard: str, *requests: Asked[Request]) -> list[Result]:
    """Decide a batch, anew as long as it proves stale."""
    for _ in range(ATTEMPTS_MAX):
        plan = await planned(store, shard, *requests)
        try:
            await store.apply(plan)
        except FactsStale:
            await asyncio.sleep(0.001)
            continue
        return [answer.result for answer in plan.answers]
    raise AssertionError(f"stale {ATTEMPTS_MAX} times")


def reserves(count: int, *, quantity: int = 1, name: str = "r") -> list[Asked[Request]]:
    """So many requests of so many codes each."""
    return [asked(a_reserve(request_id=f"{name}-{n}", quantity=quantity), offset=n) for n in range(count)]


class CodeStoreContract:
    """The promises; a subclass gives the backend."""

    async def test_a_reserve_moves_codes_and_is_remembered(self, bench: Bench) -> None:
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

    async def test_a_request_sent_twice_moves_one_code(self, bench: Bench) -> None:
        """The second answer is the first one, read from the ledger, to the last byte."""
        await bench.put(TM, 5)
        store = bench.store(RESERVES)
        first = await decided(store, RESERVES, asked(a_reserve()))

        again = await decided(store, RESERVES, asked(a_reserve(), offset=1, at=NOW + HOUR))
        elsewhere = await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(), partition=1))

        assert first == again == elsewhere
        assert 1 == len({result.to_json() for result in (*first, *again, *elsewhere)})
        assert 1 == (await bench.codes())["summer", "tm", "reserved"]

    async def test_other_content_under_a_taken_id_is_refused(self, bench: Bench) -> None:
        """And is not remembered."""
        await bench.put(TM, 5)
        store = bench.store(RESERVES)
        await decided(store, RESERVES, asked(a_reserve()))

        (refused,) = await decided(store, RESERVES, asked(a_reserve(quantity=2), offset=1))

        assert "request_id_reused" == refused.reason
        assert {"r-1"} == await bench.ledger()

    async def test_a_refusal_is_remembered_and_moves_nothing(self, bench: Bench) -> None:
        """Even if there would be codes the next time."""
        store = bench.store(RESERVES)
        (unknown,) = await decided(store, RESERVES, asked(a_reserve()))
        await bench.put(TM, 1)

        (again,) = await decided(store, RESERVES, asked(a_reserve(), offset=1))
        (other,) = await decided(store, RESERVES, asked(a_reserve(request_id="r-2"), offset=2))

        assert ("unknown_campaign", "reserved") == (unknown.reason, other.outcome)
        assert unknown == again

    async def test_only_what_is_needed_is_gathered(self, bench: Bench) -> None:
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

    async def test_values_are_read_where_they_are_told(self, bench: Bench) -> None:
        """Of reservations that may be assigned, and of candidates; right ones."""
        await bench.put(TM, 3)
        (held,) = await decided(bench.store(RESERVES), RESERVES, asked(a_reserve()))

        plan = await planned(
            bench.store(ASSIGNS, tells_values=True), ASSIGNS, asked(an_assign()), asked(an_assign_from_stock())
        )

        values = await bench.values()
        assert 2 == len(plan.code_values)
        assert held.code_ids[0] in plan.code_values
        assert plan.code_values.items() <= values.items()

    async def test_a_record_read_again_tells_its_codes_again(self, bench: Bench) -> None:
        """By a new owner, with their values, the same totals, and without a write."""
        await bench.put(TM, 3)
        await decided(bench.store(RESERVES), RESERVES, asked(a_reserve()))
        batch = (asked(an_assign()), asked(an_assign_from_stock(quantity=2), offset=1))
        store = bench.store(ASSIGNS, tells_values=True)
        first = await planned(store, ASSIGNS, *batch)
        await store.apply(first)

        again = await planned(bench.store(ASSIGNS, tells_values=True), ASSIGNS, *batch)

        assert [answer.result for answer in first.answers] == [answer.result for answer in again.answers]
        assert all(answer.announced for answer in again.answers)
        assert first.code_values == again.code_values
        assert first.announced_shards == again.announced_shards
        assert not again.writes

    async def test_a_code_that_was_taken_makes_a_plan_stale(self, bench: Bench) -> None:
        """Nothing of it is written; after another look it is told the truth."""
        await bench.put(TM, 1)
        store = bench.store(RESERVES)
        plan = await planned(store, RESERVES, asked(a_reserve()))
        await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(request_id="r-2"), partition=1))

        with pytest.raises(FactsStale):
            await store.apply(plan)

        assert ({"r-2"}, {"r-2": "held"}) == (await bench.ledger(), await bench.reservations())
        assert [f"summer:tm:{OTHERS}"] == list(workers_shards(await bench.shards()))
        assert ["out_of_stock"] == [one.reason for one in await decided(store, RESERVES, asked(a_reserve()))]

    async def test_a_stale_plan_writes_nothing_of_its_good_parts(self, bench: Bench) -> None:
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

    @pytest.mark.parametrize("faster", [a_release(), an_assign(request_id="a-2")])
    async def test_a_reservation_that_moved_makes_a_plan_stale(self, bench: Bench, faster: Request) -> None:
        """Released or assigned elsewhere: the codes are not given twice."""
        await bench.put(TM, 1)
        await decided(bench.store(RESERVES), RESERVES, asked(a_reserve()))
        store = bench.store(ASSIGNS, tells_values=True)
        plan = await planned(store, ASSIGNS, asked(an_assign()))
        await decided(bench.store(RELEASES, tells_values=True), RELEASES, asked(faster))

        with pytest.raises(FactsStale):
            await store.apply(plan)

        (refused,) = await decided(store, ASSIGNS, asked(an_assign()))
        assert refused.reason in ("reservation_released", "reservation_assigned")

    async def test_a_request_decided_elsewhere_makes_a_plan_stale(self, bench: Bench) -> None:
        """Though there are codes for both; the first outcome is everybody's."""
        await bench.put(TM, 10)
        store = bench.store(RESERVES)
        plan = await planned(store, RESERVES, asked(a_reserve()))
        first = await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(), partition=1))

        with pytest.raises(FactsStale):
            await store.apply(plan)

        assert first == await decided(store, RESERVES, asked(a_reserve()))
        assert 1 == (await bench.codes())["summer", "tm", "reserved"]

    async def test_a_refusal_decided_elsewhere_makes_a_plan_stale(self, bench: Bench) -> None:
        """There is nothing to guard but the ledger."""
        await bench.put(TM, 1)
        store = bench.store(RESERVES)
        plan = await planned(store, RESERVES, asked(a_reserve(quantity=2)))
        first = await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(quantity=2), partition=1))

        with pytest.raises(FactsStale):
            await store.apply(plan)
        assert first == await decided(store, RESERVES, asked(a_reserve(quantity=2)))

    @pytest.mark.parametrize("before", [0, 1])
    async def test_a_shard_that_moved_makes_a_plan_stale(self, bench: Bench, before: int) -> None:
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

    async def test_a_reservation_that_was_made_elsewhere_makes_a_plan_stale(self, bench: Bench) -> None:
        """Even if the ledger has forgotten it already."""
        await bench.put(TM, 10)
        store = bench.store(RESERVES)
        plan = await planned(store, RESERVES, asked(a_reserve()))
        await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(), partition=1))
        await bench.forget("r-1")

        with pytest.raises(FactsStale):
            await store.apply(plan)
        assert 1 == (await bench.codes())["summer", "tm", "reserved"]

    @pytest.mark.parametrize("request_", [a_reserve(), a_reserve(quantity=2), an_assign_from_stock(request_id="r-1")])
    async def test_an_id_the_ledger_forgot_is_not_used_again(self, bench: Bench, request_: Request) -> None:
        """Its reservation still exists: a second one would hide it."""
        await bench.put(TM, 10)
        await decided(bench.store(RESERVES), RESERVES, asked(a_reserve()))
        await bench.forget("r-1")
        store = bench.store(ASSIGNS, tells_values=True)

        (refused,) = await decided(store, ASSIGNS, asked(request_, offset=7))

        assert ("refused", "request_id_reused") == (refused.outcome, refused.reason)
        assert [refused] == await decided(store, ASSIGNS, asked(request_, offset=8))
        assert 1 == (await bench.codes())["summer", "tm", "reserved"]

    async def test_out_of_stock_is_said_after_a_fresh_look(self, bench: Bench) -> None:
        """What a stock holds may be gone, and what is there may not be in the stock."""
        await bench.put(TM, 4)
        store = bench.store(RESERVES)
        await store.gather(reserves(1))
        (held,) = await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(request_id="x-1", quantity=4)))
        assert ["out_of_stock"] == [one.reason for one in await decided(store, RESERVES, *reserves(1))]

        await decided(bench.store(RELEASES), RELEASES, asked(a_release(reservation_id="x-1")))
        (result,) = await decided(store, RESERVES, asked(a_reserve(request_id="r-9", quantity=4), offset=9))

        assert set(held.code_ids) == set(result.code_ids)

    async def test_the_last_codes_are_found(self, bench: Bench) -> None:
        """One by one, to the very last, and not one more."""
        await bench.put(TM, 7)
        store = bench.store(RESERVES)

        results = [(await decided(store, RESERVES, one))[0] for one in reserves(9)]

        assert ["reserved"] * 7 + ["refused"] * 2 == [result.outcome for result in results]
        assert 7 == len({code_id for result in results for code_id in result.code_ids})

    async def test_a_big_quantity_is_one_transaction(self, bench: Bench) -> None:
        """Ten times a hundred codes, and all are there."""
        await bench.put(TM, 1_050)

        results = await decided(bench.store(RESERVES), RESERVES, *reserves(11, quantity=100))

        assert ["reserved"] * 10 + ["refused"] == [result.outcome for result in results]
        assert {("summer", "tm", "available"): 50, ("summer", "tm", "reserved"): 1_000} == await bench.codes()

    async def test_a_batch_may_want_more_than_one_look_brings(self, bench: Bench) -> None:
        """Eleven thousand candidates at once, and all are there."""
        await bench.put(TM, 11_050)

        facts = await bench.store(RESERVES).gather(reserves(111, quantity=100))

        assert 11_050 == len({candidate.code_id for candidate in facts.candidates[TM]})

    async def test_a_batch_may_touch_several_campaigns_and_types(self, bench: Bench) -> None:
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

    async def test_released_codes_come_back(self, bench: Bench) -> None:
        """To whoever asks next, and the totals with them."""
        await bench.put(TM, 2)
        first = await decided(bench.store(RESERVES), RESERVES, asked(a_reserve(quantity=2)))
        await decided(bench.store(RELEASES), RELEASES, asked(a_release(reason="expired")))
        assert {"r-1": "expired"} == await bench.reservations()

        (second,) = await decided(
            bench.store(ASSIGNS, tells_values=True), ASSIGNS, asked(an_assign_from_stock(quantity=2))
        )

        assert set(first[0].code_ids) == set(second.code_ids)
        assert {("summer", "tm", "assigned"): 2} == await bench.codes() == summed(await bench.shards())

    async def test_a_code_and_its_reservation_name_the_same_batch(self, bench: Bench) -> None:
        """A plan says who moved what, and both come back as they were written."""
        await bench.put(TM, 1)
        await decided(bench.store(RESERVES), RESERVES, asked(a_reserve(), offset=41))

        facts = await bench.store(ASSIGNS, tells_values=True).gather([asked(an_assign())])

        held = facts.reservations["r-1"]
        assert (f"{RESERVES}@41", NOW, NOW + timedelta(days=1)) == (held.moved_by, held.changed_at, held.expires_at)
        assert isinstance(held.code_ids, tuple)

    async def test_an_empty_plan_writes_nothing(self, bench: Bench) -> None:
        """A batch of repeats costs no transaction."""
        store = bench.store(RESERVES)

        await store.apply(await planned(store, RESERVES))

        assert set() == await bench.ledger()

    async def test_taking_over_can_be_repeated(self, bench: Bench) -> None:
        """By the same owner and by the next; decisions go on."""
        await bench.put(TM, 2)
        for number in range(2):
            store = bench.store(RESERVES)
            await store.take_over()
            await store.take_over()
            (result,) = await decided(store, RESERVES, asked(a_reserve(request_id=f"r-{number}"), offset=number))
            assert "reserved" == result.outcome

    async def test_many_partitions_never_win_the_same_code(self, bench: Bench) -> None:
        """Four at once, more demand than stock: all of it is given, none of it twice."""
        await bench.put(TM, 20)

        async def partition(number: int) -> list[Result]:
            shard = f"reserve.requests.v1.{number}"
            store = bench.store(shard)
            batches = [reserves(3, name=f"p{number}-{batch}") for batch in range(3)]
            return [result for batch in batches for result in await decided(store, shard, *batch)]

        results = [one for found in await asyncio.gather(*map(partition, range(4))) for one in found]

        given = [code_id for result in results for code_id in result.code_ids]
        assert 20 == len(given) == len(set(given))
        assert {("summer", "tm", str(CodeStatus.RESERVED)): 20} == await bench.codes() == summed(await bench.shards())


class TestMemoryStore(CodeStoreContract):
    """What the property tests stand on."""

    @pytest.fixture
    def bench(self) -> Bench:
        """An empty database."""
        return MemoryBench()


@pytest.mark.integration
class TestMongoStore(CodeStoreContract):
    """What the service stands on."""

    @pytest.fixture
    async def bench(self, settings: Settings) -> AsyncIterator[Bench]:
        """An empty database with validators and indexes, gone afterwards."""
        async with mongo_bench(settings) as bench:
            yield bench
