"""A document that somebody edited by hand costs the requests that need it, and no others. Real database.

Without this, one such document raises in the gathering, ends the process, and ends the next owner's process too.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any
from unittest import mock
from unittest.mock import AsyncMock

import pytest

from audit.reconcile.comparing import Named, findings
from handlers.requests.consistency import Finding
from handlers.requests.plan import Plan, plan_batch
from ops.settings.load import Settings
from schemas.errors import StoreUnavailable
from schemas.records import Asked
from schemas.requests import Request
from stores.mongo.consistency import Consistency, states_of
from stores.mongo.overdue import OverdueReservations
from stores.mongo.ownership import Ownership
from tests.contract.benches import MongoBench, mongo_bench
from tests.fakes.builders import NOW, TM, a_release, a_reserve, an_assign, an_assign_from_stock, asked

pytestmark = pytest.mark.integration

RESERVES = "reserve.requests.v1.0"
ASSIGNS = "assign.requests.v1.0"
RELEASES = "release.requests.v1.0"
BROKEN, WHOLE = "r-0", "r-1"
UUID_BYTES = 16
STATES = "Input should be 'held', 'assigned', 'released' or 'expired'"


@pytest.fixture
async def bench(settings: Settings) -> AsyncIterator[MongoBench]:
    """Ten codes; two held reservations of one code each."""
    async with mongo_bench(settings) as bench:
        await bench.put(TM, 10)
        await done(bench, RESERVES, a_reserve(request_id=BROKEN), a_reserve(request_id=WHOLE))
        yield bench


async def done(bench: MongoBench, shard: str, *requests: Request, offset: int = 0) -> Plan:
    """Gathered, planned and written."""
    batch: list[Asked[Request]] = [asked(request, offset=offset + n) for n, request in enumerate(requests)]
    store = bench.store(shard, publishes_code_values=shard == ASSIGNS)
    plan = plan_batch(batch, await store.gather(batch), shard=shard, now=NOW)
    await store.apply(plan)
    return plan


async def edit(bench: MongoBench, collection: str, wanted: dict[str, Any], change: dict[str, Any]) -> None:
    """Past the validator, as with `bypassDocumentValidation` or before there was one."""
    documents = getattr(bench.collections, collection)
    edited = await documents.update_one(wanted, change, bypass_document_validation=True)
    assert 1 == edited.modified_count


def set_aside(plan: Plan) -> dict[str, str]:
    """The reasons by request."""
    return {item.asked.request.request_id: item.why.detail for item in plan.set_aside}


def outcomes(plan: Plan) -> dict[str, str]:
    """The outcomes by request."""
    return {answer.result.request_id: answer.result.outcome for answer in plan.answers}


@pytest.mark.parametrize("shard", [ASSIGNS, RELEASES])
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"$unset": {"moved_by": ""}}, "reservations: moved_by: Field required"),
        ({"$set": {"state": "SECRET-1"}}, f"reservations: state: {STATES}"),
    ],
)
async def test_a_reservation_that_cannot_be_read(
    bench: MongoBench, shard: str, change: dict[str, Any], why: str
) -> None:
    """Its request is set aside with the field and the reason; the store's comparison says the same."""
    await edit(bench, "reservations", {"_id": BROKEN}, change)
    move = an_assign if shard == ASSIGNS else a_release

    plan = await done(bench, shard, *(move(request_id=f"x-{held}", reservation_id=held) for held in (BROKEN, WHOLE)))

    assert {"x-r-0": why} == set_aside(plan)
    assert ["x-r-1"] == list(outcomes(plan))
    assert {BROKEN: why} == await bench.store(shard).inconsistent([BROKEN, WHOLE])


async def test_an_id_whose_reservation_cannot_be_read_is_taken(bench: MongoBench) -> None:
    """The ledger forgot it: a second reservation under its id would be two for one request."""
    await edit(bench, "reservations", {"_id": BROKEN}, {"$unset": {"fan_id": ""}})
    await bench.forget(BROKEN)

    plan = await done(bench, RESERVES, a_reserve(request_id=BROKEN), offset=5)

    assert ["request_id_reused"] == [answer.result.reason for answer in plan.answers]


async def test_a_held_code_without_a_value(bench: MongoBench) -> None:
    """The fan could be given nothing; and the code is never a candidate."""
    [code_id] = await bench.collections.reservations.distinct("code_ids", {"_id": BROKEN})
    await edit(bench, "codes", {"_id": code_id}, {"$unset": {"code": ""}})
    moves = [an_assign(request_id=f"x-{held}", reservation_id=held) for held in (BROKEN, WHOLE)]

    plan = await done(bench, ASSIGNS, *moves)

    assert {"x-r-0": "code_ids: codes: code: Field required"} == set_aside(plan)
    assert {"x-r-1": "assigned"} == outcomes(plan)


async def test_a_code_without_a_value_is_given_to_nobody(bench: MongoBench) -> None:
    """It looks available, and is left out of the stock."""
    left = await bench.collections.codes.distinct("_id", {"status": "available"})
    for number, code_id in enumerate(left[1:]):
        await edit(bench, "codes", {"_id": code_id}, {"$set": {"code": number}})

    plan = await done(bench, ASSIGNS, an_assign_from_stock(request_id="x-0"), an_assign_from_stock(request_id="x-1"))

    assert {"x-0": "assigned", "x-1": "refused"} == outcomes(plan)
    assert (left[0],) == plan.answers[0].result.code_ids


async def test_a_ledger_entry_that_cannot_be_read(bench: MongoBench) -> None:
    """Its request is not decided again, and is not refused either: its first answer may have been another one."""
    await edit(bench, "requests", {"_id": BROKEN}, {"$set": {"outcome.outcome": "SECRET-1"}})

    plan = await done(bench, RESERVES, a_reserve(request_id=BROKEN), a_reserve(request_id=WHOLE), offset=5)

    assert [True] == [item.is_in_ledger for item in plan.set_aside]
    assert "requests: outcome.outcome: Input should be" in set_aside(plan)[BROKEN]
    assert "SECRET" not in set_aside(plan)[BROKEN]
    assert {WHOLE: "reserved"} == outcomes(plan)


@pytest.mark.parametrize("change", [{"$set": {"session": "SECRET-1"}}, {"$unset": {"session": ""}}])
async def test_an_owner_that_cannot_be_read(bench: MongoBench, change: dict[str, Any]) -> None:
    """The new owner writes its own session over it."""
    store = bench.store(RESERVES)
    await store.take_over()
    await edit(bench, "owners", {"_id": RESERVES}, change)

    await bench.store(RESERVES).take_over()

    [owner] = await bench.collections.owners.find().to_list(None)
    assert len(bytes.fromhex(owner["session"])) == UUID_BYTES


@pytest.mark.parametrize(
    "change",
    [
        {"$unset": {"fan_id": ""}},
        {"$set": {"fan_id": 5}},
        {"$set": {"campaign_id": "summer sale"}},
    ],
)
async def test_an_overdue_reservation_that_cannot_be_requested(bench: MongoBench, change: dict[str, Any]) -> None:
    """The expirer passes over it, and finds the others."""
    await edit(bench, "reservations", {"_id": BROKEN}, change)

    until = NOW + timedelta(days=400)
    overdue = OverdueReservations(bench.collections)

    pages = overdue.pages(since=None, until=until, size=10)
    assert [[WHOLE]] == [[hold.reservation_id for hold in page] async for page in pages]
    assert isinstance(await overdue.oldest(since=None, until=until), datetime)


async def test_a_late_write_of_a_former_take_over_changes_nothing(bench: MongoBench) -> None:
    """A cancelled take-over may be written by its thread after the next owner's: that one stays the owner."""
    former, heir = Ownership(bench.parts.client, bench.collections, RESERVES), bench.store(RESERVES)
    await former.take_over()
    read = await bench.collections.owners.find_one({"_id": RESERVES})
    await heir.take_over()
    own = await bench.collections.owners.find_one({"_id": RESERVES})

    with mock.patch.object(former._owners, "find_one", AsyncMock(return_value=read)), pytest.raises(StoreUnavailable):
        await former.take_over()

    assert own == await bench.collections.owners.find_one({"_id": RESERVES})


async def test_all_are_named_for_the_operator(bench: MongoBench) -> None:
    """By what `codes reconcile --reservations` runs, also one in a state that nobody knows."""
    await edit(bench, "reservations", {"_id": BROKEN}, {"$set": {"state": "SECRET-1"}})

    with closing(sqlite3.connect("")) as database:
        found = [finding async for finding in findings(Consistency(bench.collections), (), Named(database))]

    assert Finding("reservation", "unknown", BROKEN, f"reservations: state: {STATES}") in found
    assert WHOLE not in {finding.id for finding in found}


async def test_a_shard_that_cannot_be_read(bench: MongoBench) -> None:
    """What would move its totals is set aside: they could not be true afterwards. Other code types go on."""
    await edit(bench, "inventory", {"_id": f"summer:tm:{RESERVES}"}, {"$unset": {"version": ""}})

    plan = await done(
        bench,
        RESERVES,
        a_reserve(request_id="x-0"),
        a_reserve(request_id="x-1", code_type="external"),
        a_reserve(request_id="x-2", quantity=100),
        offset=5,
    )

    assert {"x-0": "inventory: version: Field required"} == set_aside(plan)
    assert {"x-1": "refused", "x-2": "refused"} == outcomes(plan)


async def test_a_request_that_is_set_aside_takes_no_code(bench: MongoBench) -> None:
    """Else the next one finds the stock empty, and is refused for good although the codes are there."""
    await edit(bench, "inventory", {"_id": f"summer:tm:{RESERVES}"}, {"$unset": {"version": ""}})

    plan = await done(bench, RESERVES, *(a_reserve(request_id=f"x-{n}", quantity=3) for n in range(4)), offset=5)

    assert {"x-0", "x-1", "x-2", "x-3"} == set_aside(plan).keys()
    assert {} == outcomes(plan)


def test_a_status_of_any_type_is_no_known_status() -> None:
    """A list cannot be looked for in a set: that would end the process."""
    [state] = states_of([{"_id": "c-1", "status": ["reserved"], "moved_by": "b"}]).values()

    assert "of no known status" == state.status
