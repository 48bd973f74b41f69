"""Documents of MongoDB as the stores rely on them: what BSON makes of them, and what filters find."""

from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from bson.errors import InvalidDocument

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
