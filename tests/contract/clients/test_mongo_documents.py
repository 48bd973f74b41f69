"""Documents, filters, cursors and definitions of MongoDB, as the stores rely on them."""

from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from bson.errors import InvalidDocument
from pymongo import InsertOne, UpdateOne

from stores.mongo.migration import migrate_database
from tests.contract.clients.mongo_benches import Bench

NOW = datetime(2026, 6, 1, 12, 0, 0, 123_456, tzinfo=UTC)


class Word(StrEnum):
    """An enumeration as the models have them."""

    HELD = "held"


async def ids(bench: Bench, wanted: Any) -> list[str]:
    """The ids of the documents that match."""
    return sorted([document["_id"] async for document in bench.db["things"].find(wanted, {"_id": 1})])


def test_a_document_comes_back_as_bson_has_it(on_mongo: Any) -> None:
    """Dates in UTC and to the millisecond, lists for tuples, texts for enumerations."""

    async def claim(bench: Bench) -> None:
        east = NOW.astimezone(timezone(timedelta(hours=5)))
        given = {"_id": "a", "at": east, "pair": (1, {"x": None}), "word": Word.HELD, "is": True, "part": 0.5}
        await bench.db["things"].insert_one(given)

        found = await bench.db["things"].find_one({"_id": "a"})

        at = NOW.replace(microsecond=123_000)
        wanted = {"_id": "a", "at": at, "pair": [1, {"x": None}], "word": "held", "is": True, "part": 0.5}
        assert wanted == found
        assert (str, timedelta(0)) == (type(found["word"]), found["at"].utcoffset())

    on_mongo(claim)


def test_a_document_that_was_found_is_nobody_elses(on_mongo: Any) -> None:
    """What a reader or the writer changes in it changes nothing on the server."""

    async def claim(bench: Bench) -> None:
        given: dict[str, Any] = {"_id": "a", "list": [1]}
        await bench.db["things"].insert_one(given)
        given["list"].append(2)
        found = await bench.db["things"].find_one({})
        assert found is not None
        found["list"].append(3)

        assert {"_id": "a", "list": [1]} == await bench.db["things"].find_one({})

    on_mongo(claim)


def test_what_bson_has_no_type_for_is_not_sent(on_mongo: Any) -> None:
    """The error is not one of pymongo's, but of bson."""

    async def claim(bench: Bench) -> None:
        with pytest.raises(InvalidDocument):
            await bench.db["things"].insert_one({"_id": "a", "x": object()})
        with pytest.raises(InvalidDocument):
            await bench.db["things"].insert_many([{"_id": "a", "x": {1, 2}}], ordered=False)
        assert [] == await ids(bench, {})

    on_mongo(claim)


def test_filters_find_what_they_name(on_mongo: Any) -> None:
    """Equality and `$in` find elements of arrays; null finds missing fields; ranges compare values of one type."""

    async def claim(bench: Bench) -> None:
        await bench.db["things"].insert_many(
            [
                {"_id": "a", "n": 1, "tags": ["x", "y"]},
                {"_id": "b", "n": 2, "tags": "x"},
                {"_id": "c", "n": None},
                {"_id": "d", "n": "2", "at": NOW},
                {"_id": "e"},
            ]
        )
        filters: list[Any] = [
            {"tags": "x"},
            {"tags": {"$in": ["y", "z"]}},
            {"n": None},
            {"n": {"$nin": [1, 2]}},
            {"n": {"$gte": 1, "$lt": 2}},
            {"n": {"$gt": "1"}},
            {"n": {"$gt": 1}},
            {"at": {"$lte": NOW + timedelta(days=1)}},
            {"_id": {"$in": ["e", "a", "z"]}, "n": {"$ne": 1}},
            {"_id": {"$regex": "^[b-d]$"}},
            {"n": True},
            {"tags": {"$nin": ["x"]}},
        ]
        found = [await ids(bench, wanted) for wanted in filters]
        assert ["ab", "a", "ce", "cde", "a", "d", "b", "d", "e", "bcd", "", "cde"] == [
            "".join(each) for each in found
        ]

    on_mongo(claim)


def test_a_cursor_gives_pages_in_order(on_mongo: Any) -> None:
    """Each `to_list` the next ones, and an empty list at the end; a limit ends it before."""

    async def claim(bench: Bench) -> None:
        things = bench.db["things"]
        await things.insert_many([{"_id": f"{number:03}", "n": -number} for number in range(250)])
        cursor = things.find({}, {"_id": 1}, sort=[("n", 1)], batch_size=100)
        pages = [await cursor.to_list(100) for _ in range(4)]
        assert [100, 100, 50, 0] == [len(page) for page in pages]
        assert ["249", "149", "049"] == [page[0]["_id"] for page in pages[:3]]

        limited = await things.find({}, batch_size=10).sort("_id", 1).limit(25).to_list(None)
        assert [f"{number:03}" for number in range(25)] == [document["_id"] for document in limited]
        assert 250 == len([document async for document in things.find({})])
        assert {"_id": "249", "n": -249} == await things.find_one({}, sort=[("n", 1)])

    on_mongo(claim)


def test_a_later_batch_is_not_of_the_first_ones_time(on_mongod: Any) -> None:
    """Outside of a transaction; in one, all batches are of its snapshot."""

    async def claim(bench: Bench) -> None:
        things = bench.db["things"]
        await things.insert_many([{"_id": f"{number}", "n": 0} for number in range(9)])
        session = await bench.db.client.start_session()
        session.start_transaction()
        inside = things.find({"n": 0}, batch_size=2, session=session)
        outside = things.find({"n": 0}, batch_size=2)
        first = [len(await inside.to_list(2)), len(await outside.to_list(2))]
        await things.delete_many({})

        assert [2, 2] == first
        assert [7, 0] == [len(await cursor.to_list(None)) for cursor in (inside, outside)]
        await session.abort_transaction()

    on_mongod(claim)


def test_fields_can_be_chosen(on_mongo: Any) -> None:
    """With the `_id` unless it is excluded; missing ones are left out."""

    async def claim(bench: Bench) -> None:
        await bench.db["things"].insert_one({"_id": "a", "x": 1, "y": 2})
        found = [
            await bench.db["things"].find_one({}, fields)
            for fields in ({"x": 1, "z": 1}, {"_id": 0, "y": 1}, {"_id": 1}, {})
        ]
        assert [{"_id": "a", "x": 1}, {"y": 2}, {"_id": "a"}, {"_id": "a", "x": 1, "y": 2}] == found

    on_mongo(claim)


def test_an_update_counts_what_matched_and_what_changed(on_mongo: Any) -> None:
    """A document that has the values already matches, and is not changed."""

    async def claim(bench: Bench) -> None:
        things = bench.db["things"]
        await things.insert_many([{"_id": "a", "n": 1}, {"_id": "b", "n": 2}])
        done = await things.update_many({}, {"$set": {"n": 2}})
        none = await things.update_one({"_id": "z"}, {"$set": {"n": 2}})
        made = await things.update_one({"_id": "z"}, {"$set": {"n": 2}}, upsert=True)

        assert (2, 1) == (done.matched_count, done.modified_count)
        assert (0, None) == (none.matched_count, none.upserted_id)
        assert (0, "z") == (made.matched_count, made.upserted_id)
        deleted = [await things.delete_one({"n": 2}), await things.delete_many({"n": 2})]
        assert [1, 2] == [each.deleted_count for each in deleted]

    on_mongo(claim)


def test_a_bulk_counts_each_kind(on_mongo: Any) -> None:
    """A guarded update that does not match counts nothing."""

    async def claim(bench: Bench) -> None:
        things = bench.db["things"]
        await things.insert_many([{"_id": "a", "version": 1}, {"_id": "b", "version": 2}])
        writes: list[InsertOne[dict[str, Any]] | UpdateOne] = [
            UpdateOne({"_id": "a", "version": 1}, {"$set": {"version": 2}}),
            UpdateOne({"_id": "b", "version": 1}, {"$set": {"version": 2}}),
            InsertOne({"_id": "c", "version": 1}),
        ]
        counts = [
            (done.matched_count, done.inserted_count)
            for done in [await things.bulk_write(writes[:2]), await things.bulk_write(writes, ordered=False)]
        ]
        assert [(1, 0), (0, 1)] == counts

    on_mongo(claim)


def test_groups_are_counted_by_their_key(on_mongo: Any) -> None:
    """And `distinct` gives each value once."""

    async def claim(bench: Bench) -> None:
        things = bench.db["things"]
        await things.insert_many(
            [{"_id": f"{number}", "kind": "tm" if number % 3 else "x", "is": number % 2 == 0} for number in range(6)]
        )
        pipeline: list[Any] = [
            {"$match": {"kind": {"$in": ["tm", "x"]}}},
            {"$group": {"_id": {"kind": "$kind", "is": "$is"}, "count": {"$sum": 1}}},
        ]
        groups = {
            (group["_id"]["kind"], group["_id"]["is"]): group["count"] async for group in things.aggregate(pipeline)
        }
        assert {("tm", True): 2, ("tm", False): 2, ("x", True): 1, ("x", False): 1} == groups
        assert ["tm", "x"] == sorted(await things.distinct("kind", {"is": True}))
        assert [6, 3] == [await things.estimated_document_count(), await things.count_documents({"is": True})]

    on_mongo(claim)


def test_a_unique_index_takes_each_key_once(on_mongo: Any) -> None:
    """Also by an update; the key of a document that was deleted or changed is free."""

    async def claim(bench: Bench) -> None:
        things = bench.db["things"]
        await things.create_index([("campaign_id", 1), ("code", 1)], name="unique", unique=True)
        await things.insert_many([{"_id": name, "campaign_id": "s", "code": name} for name in "ab"])
        with pytest.raises(Exception, match="E11000"):
            await things.insert_one({"_id": "c", "campaign_id": "s", "code": "a"})
        with pytest.raises(Exception, match="E11000"):
            await things.update_one({"_id": "b"}, {"$set": {"code": "a"}})
        await things.insert_one({"_id": "c", "campaign_id": "t", "code": "a"})

        await things.update_one({"_id": "a"}, {"$set": {"code": "z"}})
        await things.update_one({"_id": "b"}, {"$set": {"code": "a"}})

        assert ["b"] == await ids(bench, {"campaign_id": "s", "code": {"$in": ["a", "b"]}})

    on_mongo(claim)


def test_a_migration_that_was_done_changes_nothing(on_mongo: Any) -> None:
    """Collections, validators and indexes are listed as they were made."""

    async def claim(bench: Bench) -> None:
        await migrate_database(bench.db, ledger_days=30, check=False)
        again = await migrate_database(bench.db, ledger_days=30, check=False)
        longer = await migrate_database(bench.db, ledger_days=31, check=False)
        names = set(await bench.db.list_collection_names())

        assert [] == again
        assert ["index"] == [step.kind for step in longer]
        assert {"codes", "requests", "reservations", "inventory"} <= names

    on_mongo(claim)


def test_a_command_can_be_sent(on_mongo: Any) -> None:
    """`ping`; and the kill of a session that nobody knows."""

    async def claim(bench: Bench) -> None:
        session = await bench.db.client.start_session()
        answers = [
            await bench.db.client.admin.command("ping"),
            await bench.db.client.admin.command("killSessions", [session.session_id]),
        ]
        assert [1, 1] == [answer["ok"] for answer in answers]

    on_mongo(claim)
