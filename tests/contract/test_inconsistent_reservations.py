"""Codes move through the reservation that holds them and no other, and what disagrees is found, on every backend."""

from typing import Any, Protocol

import pytest

from handlers.requests.plan import Plan, plan_batch
from schemas.errors import FactsStale
from schemas.records import Asked
from schemas.requests import Request
from tests.contract.benches import MemoryBench, MongoBench, StoreBench
from tests.fakes.builders import NOW, TM, a_release, a_reserve, an_assign, asked

RESERVES = ("reserve.requests.v1.0", "reserve.requests.v1.1")
ASSIGNS = "assign.requests.v1.0"
RELEASES = "release.requests.v1.0"
OTHERS = "reserve.requests.v1.7@99"


class Spoil(Protocol):
    """Changes a document behind the service's back; None removes it."""

    async def __call__(self, collection: str, document_id: str, changes: dict[str, Any] | None) -> None:
        """See above."""


def spoiling(bench: StoreBench) -> Spoil:
    """The edits on either backend."""

    async def in_memory(collection: str, document_id: str, changes: dict[str, Any] | None) -> None:
        assert isinstance(bench, MemoryBench)
        documents = getattr(bench.database, collection)
        document = documents.pop(document_id)
        if changes is not None:
            documents[document_id] = document.model_copy(update=changes)

    async def in_mongo(collection: str, document_id: str, changes: dict[str, Any] | None) -> None:
        assert isinstance(bench, MongoBench)
        documents = getattr(bench.collections, collection)
        if changes is None:
            await documents.delete_one({"_id": document_id})
        else:
            await documents.update_one({"_id": document_id}, {"$set": changes})

    return in_memory if isinstance(bench, MemoryBench) else in_mongo


async def planned(bench: StoreBench, shard: str, *requests: Request) -> Plan:
    """By a partition that reads code values if the service does."""
    batch: list[Asked[Request]] = [asked(request, offset=number) for number, request in enumerate(requests)]
    store = bench.store(shard, publishes_code_values=shard == ASSIGNS)
    return plan_batch(batch, await store.gather(batch), shard=shard, now=NOW)


async def done(bench: StoreBench, shard: str, *requests: Request) -> Plan:
    """Planned and written."""
    plan = await planned(bench, shard, *requests)
    await bench.store(shard).apply(plan)
    return plan


async def two_held(bench: StoreBench) -> tuple[str, ...]:
    """Reservations `r-0` and `r-1`, of one code each, by two batches; their codes in this order."""
    await bench.put(TM, 6)
    plans = [await done(bench, shard, a_reserve(request_id=f"r-{n}")) for n, shard in enumerate(RESERVES)]
    return tuple(plan.answers[0].result.code_ids[0] for plan in plans)


def moves(number: int) -> list[tuple[str, Request]]:
    """Both ways out of a hold."""
    return [
        (ASSIGNS, an_assign(request_id=f"a-{number}", reservation_id=f"r-{number}")),
        (RELEASES, a_release(request_id=f"b-{number}", reservation_id=f"r-{number}")),
    ]


async def test_what_agrees_is_not_found(bench: StoreBench) -> None:
    """Held, assigned, released, unknown, or none asked for."""
    await two_held(bench)
    await done(bench, *moves(0)[0])
    store = bench.store(RELEASES)
    assert {} == await store.inconsistent(["r-0", "r-1", "unknown"]) == await store.inconsistent([])

    await done(bench, *moves(1)[1])

    assert {} == await store.inconsistent(["r-0", "r-1"])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (None, "code_ids: 1 of 1 missing"),
        ({"status": "available"}, "code_ids: 1 of 1 available instead of reserved"),
        ({"moved_by": OTHERS}, "code_ids: 1 of 1 of another reservation"),
    ],
)
@pytest.mark.parametrize("way", [0, 1])
async def test_what_disagrees_is_found_and_never_moved(
    bench: StoreBench, changes: dict[str, Any] | None, why: str, way: int
) -> None:
    """Every retry is refused, and only this request is named."""
    first, _ = await two_held(bench)
    await spoiling(bench)("codes", first, changes)
    before = await bench.codes()

    for _ in range(2):
        with pytest.raises(FactsStale):
            await done(bench, *moves(0)[way])

    assert {"r-0": why} == await bench.store(ASSIGNS).inconsistent(["r-0", "r-1"])
    assert (before, "held") == (await bench.codes(), (await bench.reservations())["r-0"])


@pytest.mark.parametrize("way", [0, 1])
async def test_a_code_in_two_reservations_moves_through_its_holder_alone(bench: StoreBench, way: int) -> None:
    """As a restore of some collections leaves it: both look held, and the code is reserved."""
    _, second = await two_held(bench)
    await spoiling(bench)("reservations", "r-0", {"code_ids": (second,)})

    with pytest.raises(FactsStale):
        await done(bench, *moves(0)[way])
    await done(bench, *moves(1)[way])

    assert "held" == (await bench.reservations())["r-0"]
    assert "held" != (await bench.reservations())["r-1"]


async def test_both_in_one_batch_count_no_code_twice(bench: StoreBench) -> None:
    """The guard of a whole batch knows all its holders, so the batch itself must not take one code twice."""
    _, second = await two_held(bench)
    await spoiling(bench)("reservations", "r-0", {"code_ids": (second,)})

    with pytest.raises(FactsStale):
        await done(bench, RELEASES, *(moves(number)[1][1] for number in range(2)))


async def test_codes_of_one_batch_have_one_holder_name_each(bench: StoreBench) -> None:
    """Reservations of many batches end in one: each code goes by its own holder."""
    await two_held(bench)

    plan = await done(bench, RELEASES, *(moves(number)[1][1] for number in range(2)))

    assert {"reserve.requests.v1.0@0", "reserve.requests.v1.1@0"} == plan.holders
    assert {"r-0": "released", "r-1": "released"} == await bench.reservations()
