"""Cursors and aggregations of MongoDB, as the stores rely on them."""

from typing import Any

from tests.contract.clients.mongo_benches import Bench
from tests.contract.clients.mongo_operations import begun


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
        session = await begun(things)
        inside = things.find({"n": 0}, batch_size=2, session=session)
        outside = things.find({"n": 0}, batch_size=2)
        first = [len(await inside.to_list(2)), len(await outside.to_list(2))]
        await things.delete_many({})

        assert [2, 2] == first
        assert [7, 0] == [len(await cursor.to_list(None)) for cursor in (inside, outside)]
        await session.abort_transaction()

    on_mongod(claim)


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
