"""Plain writes of MongoDB: their counts, unique keys, and which writes of a bulk an error leaves done."""

from typing import Any

import pytest
from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure

from tests.contract.clients.mongo_benches import Bench
from tests.contract.clients.mongo_operations import failed


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

        left = await things.find({"campaign_id": "s", "code": {"$in": ["a", "b"]}}).to_list(None)
        assert ["b"] == [document["_id"] for document in left]

    on_mongo(claim)


def test_a_duplicate_in_a_bulk_that_is_not_ordered_leaves_the_others(on_mongo: Any) -> None:
    """The details name the operation, its place and the code."""

    async def claim(bench: Bench) -> None:
        things = bench.db["things"]
        await things.insert_one({"_id": "b"})

        error = await failed(things.insert_many([{"_id": "a"}, {"_id": "b"}, {"_id": "c"}], ordered=False))

        assert isinstance(error, BulkWriteError)
        (wrong,) = error.details["writeErrors"]
        assert (1, 11_000, {"_id": "b"}) == (wrong["index"], wrong["code"], wrong["op"])
        assert (2, 3) == (error.details["nInserted"], await things.count_documents({}))

    on_mongo(claim)


def test_a_bulk_that_is_ordered_stops_at_its_first_error(on_mongo: Any) -> None:
    """What comes before it is done."""

    async def claim(bench: Bench) -> None:
        things = bench.db["things"]
        await things.insert_one({"_id": "b"})

        error = await failed(
            things.bulk_write([InsertOne({"_id": "a"}), InsertOne({"_id": "b"}), InsertOne({"_id": "c"})])
        )

        assert [1] == [wrong["index"] for wrong in error.details["writeErrors"]]
        assert ["a", "b"] == sorted([document["_id"] async for document in things.find()])

    on_mongo(claim)


def test_an_upsert_whose_filter_does_not_match_is_a_duplicate(on_mongo: Any) -> None:
    """A guard beside the `_id` does not let it write over what another one wrote."""

    async def claim(bench: Bench) -> None:
        things = bench.db["things"]
        first = await things.update_one({"_id": "a", "session": None}, {"$set": {"session": "s"}}, upsert=True)

        error = await failed(
            things.update_one({"_id": "a", "session": None}, {"$set": {"session": "t"}}, upsert=True)
        )

        assert isinstance(error, DuplicateKeyError)
        assert isinstance(error, OperationFailure)
        assert (0, "a") == (first.matched_count, first.upserted_id)
        assert {"_id": "a", "session": "s"} == await things.find_one({})

    on_mongo(claim)
