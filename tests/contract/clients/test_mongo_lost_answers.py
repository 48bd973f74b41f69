"""What the driver repeats when an answer is lost, and that the server does it once."""

from typing import Any

from pymongo import InsertOne, UpdateOne
from pymongo.errors import AutoReconnect, ConnectionFailure

from tests.contract.clients.mongo_benches import Bench
from tests.contract.clients.mongo_operations import TRANSIENT, begun, failed


def test_an_insert_whose_answer_is_lost_is_repeated_and_done_once(on_mongod: Any) -> None:
    """Without an error of a duplicate key: the server knows the write by its number."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (things, fail):
            await things.insert_one({"_id": "z"})
            fail("insert", "things", manner="cut")

            await things.insert_one({"_id": "a", "n": 1})

            assert {"_id": "a", "n": 1} == await things.find_one({"_id": "a"})

    on_mongod(claim)


def test_an_update_whose_answer_is_lost_reports_what_it_did_first(on_mongod: Any) -> None:
    """Although the document does not match its filter any more."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (things, fail):
            await things.insert_one({"_id": "a", "run": 1})
            fail("update", "things", manner="cut")

            done = await things.update_one({"_id": "a", "run": 1}, {"$set": {"run": 2}})

            assert (1, 1) == (done.matched_count, done.modified_count)
            assert {"_id": "a", "run": 2} == await things.find_one({"_id": "a"})

    on_mongod(claim)


def test_a_bulk_whose_answer_is_lost_is_done_once(on_mongod: Any) -> None:
    """Its counts are those of the first time."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (things, fail):
            await things.insert_one({"_id": "a", "version": 1})
            fail("update", "things", manner="cut")
            writes = [
                UpdateOne({"_id": "a", "version": 1}, {"$set": {"version": 2}}),
                InsertOne({"_id": "b", "version": 1}),
            ]

            done = await things.bulk_write(writes, ordered=False)

            assert (1, 1) == (done.matched_count, done.inserted_count)

    on_mongod(claim)


def test_an_update_of_many_is_not_repeated(on_mongo: Any) -> None:
    """It has no number: the error is raised, and it may have been done."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (things, fail):
            await things.insert_many([{"_id": "a", "n": 0}, {"_id": "b", "n": 0}])
            fail("update", "things", manner="cut")

            error = await failed(things.update_many({}, {"$set": {"n": 1}}))

            assert isinstance(error, AutoReconnect)
            assert not error.timeout
            assert 2 == await things.count_documents({"n": 1})

    on_mongo(claim)


def test_a_read_whose_answer_is_lost_is_repeated(on_mongo: Any) -> None:
    """A find, and a count."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (things, fail):
            await things.insert_one({"_id": "a"})
            fail("find", "things", manner="cut")
            assert [{"_id": "a"}] == await things.find({}).to_list(None)

            fail("count", "things", manner="cut")
            assert 1 == await things.estimated_document_count()

    on_mongo(claim)


def test_a_commit_whose_answer_is_lost_is_repeated(on_mongo: Any) -> None:
    """It succeeds, and was done once."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (things, fail):
            session = await begun(things)
            await things.insert_one({"_id": "a"}, session=session)
            fail("commitTransaction", manner="cut")

            await session.commit_transaction()

            assert not session.in_transaction
            assert 1 == await things.count_documents({})

    on_mongo(claim)


def test_a_statement_whose_answer_is_lost_is_not_repeated(on_mongo: Any) -> None:
    """The error has the label for transactions that may be repeated; the transaction is still to be aborted."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (things, fail):
            session = await begun(things)
            fail("insert", "things", manner="cut")

            error = await failed(things.insert_one({"_id": "a"}, session=session))

            assert isinstance(error, ConnectionFailure)
            assert (True, True) == (error.has_error_label(TRANSIENT), session.in_transaction)
            await session.abort_transaction()
            assert 0 == await things.count_documents({})

    on_mongo(claim)
