"""A campaign has one salt, and without it nothing can be imported; on the real database."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ops.settings.load import Settings
from schemas.errors import DatabaseTooOld, StoreRefused
from stores.mongo.imports import MongoImportStore
from stores.mongo.lookups import Lookups
from tests.contract.benches import MongoBench, mongo_bench
from tests.fakes.builders import CAMPAIGN, TM
from tests.fakes.stocking import SALT, a_code, code_id

pytestmark = pytest.mark.integration


@pytest.fixture
async def bench(settings: Settings) -> AsyncIterator[MongoBench]:
    """An empty database with validators and indexes, gone afterwards."""
    async with mongo_bench(settings) as bench:
        yield bench


def importer(bench: MongoBench, number: int = 0) -> MongoImportStore:
    """The store of one partition of commands."""
    return MongoImportStore(bench.parts, f"import.commands.v1.{number}")


async def test_importers_of_a_new_campaign_agree_on_a_salt(bench: MongoBench) -> None:
    """All at once, and again later; another campaign has another one."""
    first = await asyncio.gather(*(importer(bench, number).salt("new") for number in range(6)))
    later = await importer(bench).salt("new")

    assert {later} == set(first)
    assert later != await importer(bench).salt("other")


async def test_without_the_salt_of_its_codes_nothing_is_imported(bench: MongoBench) -> None:
    """A new one would give the same value another id: it would be in the campaign twice."""
    await bench.put(TM, 1)
    await bench.collections.campaigns.delete_many({})

    with pytest.raises(StoreRefused, match="salt"):
        await importer(bench).salt(CAMPAIGN)
    assert 0 == await bench.collections.campaigns.count_documents({})


@pytest.mark.parametrize("salt", [None, 7, "", "not hex", "ab"])
async def test_a_salt_that_was_edited_is_refused(bench: MongoBench, salt: object) -> None:
    """Nobody can know whether ids were made with it."""
    await bench.collections.database.command({"collMod": "campaigns", "validationLevel": "off"})
    await bench.collections.campaigns.insert_one({"_id": CAMPAIGN, "salt": salt})

    with pytest.raises(StoreRefused, match="salt"):
        await importer(bench).salt(CAMPAIGN)


async def test_another_code_with_the_same_id_is_an_error(bench: MongoBench) -> None:
    """It is no duplicate, neither of another value nor of another campaign; the text has no value."""
    await bench.collections.codes.insert_one({**a_code(CAMPAIGN, "tm", "A"), "_id": "same"})
    store = importer(bench)

    assert {"A": "import-1"} == await store.look_up({"A": {"_id": "same"}}, CAMPAIGN)
    for value, campaign_id in (("B", CAMPAIGN), ("A", "winter")):
        with pytest.raises(StoreRefused) as refused:
            await store.look_up({value: {"_id": "same"}}, campaign_id)
        assert ("collision", "codes: another code has the id of one of these") == (
            refused.value.cause,
            str(refused.value),
        )


async def test_codes_are_marked_once_others_of_the_campaign_are_taken(bench: MongoBench) -> None:
    """Not before: a mark costs an entry of an index."""
    await bench.put(TM, 1)
    store = importer(bench)
    assert await store.mark(CAMPAIGN) is None

    await bench.collections.inventory.update_one({}, {"$set": {"walked": [0, 5]}})

    assert code_id(CAMPAIGN, "A")[:8] == (await store.mark(CAMPAIGN) or "")[:8]


async def test_a_code_is_found_by_its_value(bench: MongoBench) -> None:
    """Only in its campaign, and not without the salt."""
    await bench.put(TM, 1)
    [value] = (await bench.values()).values()
    lookups = Lookups(bench.collections)

    assert code_id(CAMPAIGN, value) == getattr(await lookups.code_by_value(CAMPAIGN, value), "id", None)
    assert [None, None] == [await lookups.code_by_value(*asked) for asked in (("winter", value), (CAMPAIGN, "no"))]
    assert SALT.hex() == (await bench.collections.campaigns.find_one({}) or {})["salt"]


async def test_roles_do_not_serve_a_database_of_an_older_version(bench: MongoBench) -> None:
    """A code of it would be imported a second time."""
    await bench.collections.codes.insert_one({**a_code(CAMPAIGN, "tm", "A"), "draw": 7})

    with pytest.raises(DatabaseTooOld):
        await importer(bench).take_over()
    with pytest.raises(DatabaseTooOld):
        await bench.store("reserve.requests.v1.0").take_over()
