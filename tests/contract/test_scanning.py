"""A search without an index finds each document once, in ranges; on the real database."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from ops.settings.load import Settings
from stores.mongo.collections import to_document
from stores.mongo.histories import Histories
from stores.mongo.questions import codes_with_value
from stores.mongo.scanning import ranges_of
from tests.contract.benches import MongoBench, mongo_bench
from tests.fakes.builders import FAN, TM, a_release, a_reservation, a_reserve, a_result, an_entry, asked
from tests.fakes.filled_view import FilledView
from tests.fakes.stocking import code_id, put_codes
from tests.fakes.web_client import GUARDED, api, bearer
from web.past import Past, Source

pytestmark = pytest.mark.integration


@pytest.fixture
async def bench(settings: Settings) -> AsyncIterator[MongoBench]:
    """An empty database with validators and indexes, gone afterwards."""
    async with mongo_bench(settings) as bench:
        yield bench


@pytest.mark.parametrize("count", [0, 1, 3, 7])
async def test_every_document_is_in_one_range(bench: MongoBench, count: int) -> None:
    """Also where a range ends with the last document."""
    holds = [to_document(a_reservation(_id=f"r-{number}", fan_id=f"f-{number % 2}")) for number in range(count)]
    if holds:
        await bench.collections.reservations.insert_many(holds)

    ranges = [found async for found in ranges_of(bench.collections.reservations, {"fan_id": "f-0"}, size=3)]

    assert [f"r-{number}" for number in range(0, count, 2)] == [row["_id"] for found in ranges for row in found]
    assert count // 3 + 1 == len(ranges)


async def test_a_fans_requests_include_releases_that_name_nobody(bench: MongoBench) -> None:
    """Of the fan's own reservations; those of other fans are not the fan's."""
    held, other = a_reservation(), a_reservation(_id="r-2", fan_id="fan-2")
    await bench.collections.reservations.insert_many([to_document(held), to_document(other)])
    refused = {"operation": "release", "outcome": "refused", "reason": "reservation_expired", "expires_at": None}
    for number, hold, fan in ((1, "r-1", None), (2, "r-2", None), (3, "r-1", "fan-2"), (4, "r-9", FAN)):
        request = a_release(request_id=f"b-{number}", reservation_id=hold, fan_id=fan)
        outcome = a_result(request_id=request.request_id, reservation_id=hold, fan_id=fan, code_ids=(), **refused)
        await bench.collections.requests.insert_one(to_document(an_entry(asked(request), outcome)))

    found = await Histories(bench.collections).of_fan(FAN)

    assert (["r-1"], ["b-1", "b-4"], True) == (
        [hold.id for hold in found.reservations],
        sorted(entry.id for entry in found.entries),
        found.is_complete,
    )


async def test_a_token_of_a_campaign_gets_its_part_of_a_history(bench: MongoBench) -> None:
    """Of a fan what is about its campaigns, of another campaign's fan and code the same as of none."""
    await put_codes(bench.collections.database, "summer", 1)
    [summer_code] = await bench.values()
    for number, name, fan in ((1, "spring", FAN), (2, "summer", FAN), (3, "summer", "fan-2")):
        hold = a_reservation(_id=f"r-{number}", campaign_id=name, fan_id=fan)
        outcome = a_result(request_id=f"r-{number}", reservation_id=f"r-{number}", campaign_id=name, fan_id=fan)
        entry = an_entry(asked(a_reserve(request_id=f"r-{number}", campaign_id=name, fan_id=fan)), outcome)
        await bench.collections.reservations.insert_one(to_document(hold))
        await bench.collections.requests.insert_one(to_document(entry))
    past = Past(Source(bench.collections, lambda: None))
    async with api(FilledView(), GUARDED, past=past) as client:

        async def read(path: str, **claims: Any) -> tuple[int, str]:
            answer = await client.get(f"/api/v1/{path}", headers=bearer(**claims))
            return answer.status, await answer.text()

        whole = await read(f"fans/{FAN}", supreme=True)
        own = await read(f"fans/{FAN}", campaigns=["spring"])
        others = [
            await read(path, campaigns=["spring"])
            for path in (f"fans/{FAN}?campaign_id=summer", "fans/fan-2", "fans/none")
        ]
        codes = [
            await read(f"codes/{summer_code}", **claims) for claims in ({"campaigns": ["spring"]}, {"supreme": True})
        ]

    assert (200, True, True) == (whole[0], "summer" in whole[1], "spring" in whole[1])
    assert (200, False, True) == (own[0], "summer" in own[1], "spring" in own[1])
    assert [others[-1]] * 3 == others
    assert [404, 404, 200] == [others[0][0], *(status for status, _ in codes)]


async def test_more_than_the_limit_is_said(bench: MongoBench) -> None:
    """A sender may use one id for all fans."""
    holds = [to_document(a_reservation(_id=f"r-{number}")) for number in range(5)]
    await bench.collections.reservations.insert_many(holds)

    found = await Histories(bench.collections, found_max=4).of_fan(FAN)

    assert (4, False) == (len(found.reservations), found.is_complete)


async def test_a_value_is_found_in_every_campaign_that_has_it(bench: MongoBench) -> None:
    """Each campaign gives it another id."""
    await bench.put(TM, 1)
    [value] = (await bench.values()).values()
    database = bench.collections.database
    await put_codes(database, "winter", 1)
    await put_codes(database, "autumn", 0)

    assert [code_id(TM.campaign_id, value)] == [code.id for code in await codes_with_value(bench.collections, value)]
    assert [] == await codes_with_value(bench.collections, "no")
