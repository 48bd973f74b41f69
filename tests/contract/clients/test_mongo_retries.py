"""What the driver does with errors and lost answers, and what it does in its threads, as the stores rely on it."""

import asyncio
from contextlib import suppress
from typing import Any

import pymongo
import pytest
from bson import Binary
from pymongo import InsertOne, UpdateOne
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
)

from tests.contract.clients.mongo_benches import Bench, eventually

TRANSIENT = "TransientTransactionError"
UNKNOWN = "UnknownTransactionCommitResult"


async def failed(work: Any) -> Any:
    """The error of an operation that fails."""
    with pytest.raises(PyMongoError) as raised:
        await work
    return raised.value


async def count(bench: Bench, wanted: Any) -> int:
    """How many documents match."""
    found: int = await bench.db["things"].count_documents(wanted)
    return found


def test_an_insert_whose_answer_is_lost_is_repeated_and_done_once(on_mongo: Any) -> None:
    """Without an error of a duplicate key: the server knows the write by its number."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (client, fail):
            things = client[bench.db.name]["things"]
            await things.insert_one({"_id": "z"})
            fail("insert", "things", manner="cut")

            await things.insert_one({"_id": "a", "n": 1})

            assert {"_id": "a", "n": 1} == await things.find_one({"_id": "a"})

    on_mongo(claim)


def test_an_update_whose_answer_is_lost_reports_what_it_did_first(on_mongo: Any) -> None:
    """Although the document does not match its filter any more."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (client, fail):
            things = client[bench.db.name]["things"]
            await things.insert_one({"_id": "a", "run": 1})
            fail("update", "things", manner="cut")

            done = await things.update_one({"_id": "a", "run": 1}, {"$set": {"run": 2}})

            assert (1, 1) == (done.matched_count, done.modified_count)
            assert {"_id": "a", "run": 2} == await things.find_one({"_id": "a"})

    on_mongo(claim)


def test_a_bulk_whose_answer_is_lost_is_done_once(on_mongo: Any) -> None:
    """Its counts are those of the first time."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (client, fail):
            things = client[bench.db.name]["things"]
            await things.insert_one({"_id": "a", "version": 1})
            fail("update", "things", manner="cut")
            writes = [
                UpdateOne({"_id": "a", "version": 1}, {"$set": {"version": 2}}),
                InsertOne({"_id": "b", "version": 1}),
            ]

            done = await things.bulk_write(writes, ordered=False)

            assert (1, 1) == (done.matched_count, done.inserted_count)

    on_mongo(claim)


def test_an_update_of_many_is_not_repeated(on_mongo: Any) -> None:
    """It has no number: the error is raised, and it may have been done."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (client, fail):
            things = client[bench.db.name]["things"]
            await things.insert_many([{"_id": "a", "n": 0}, {"_id": "b", "n": 0}])
            fail("update", "things", manner="cut")

            error = await failed(things.update_many({}, {"$set": {"n": 1}}))

            assert isinstance(error, AutoReconnect)
            assert not error.timeout
            assert 2 == await count(bench, {"n": 1})

    on_mongo(claim)


def test_a_read_whose_answer_is_lost_is_repeated(on_mongo: Any) -> None:
    """A find, and a count."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (client, fail):
            things = client[bench.db.name]["things"]
            await things.insert_one({"_id": "a"})
            fail("find", "things", manner="cut")
            assert [{"_id": "a"}] == await things.find({}).to_list(None)

            fail("count", "things", manner="cut")
            assert 1 == await things.estimated_document_count()

    on_mongo(claim)


def test_a_commit_whose_answer_is_lost_is_repeated(on_mongo: Any) -> None:
    """It succeeds, and was done once."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (client, fail):
            things = client[bench.db.name]["things"]
            session = await client.start_session()
            session.start_transaction()
            await things.insert_one({"_id": "a"}, session=session)
            fail("commitTransaction", manner="cut")

            await session.commit_transaction()

            assert not session.in_transaction
            assert 1 == await count(bench, {})

    on_mongo(claim)


def test_a_statement_whose_answer_is_lost_is_not_repeated(on_mongo: Any) -> None:
    """The error has the label for transactions that may be repeated; the transaction is still to be aborted."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (client, fail):
            things = client[bench.db.name]["things"]
            session = await client.start_session()
            session.start_transaction()
            fail("insert", "things", manner="cut")

            error = await failed(things.insert_one({"_id": "a"}, session=session))

            assert isinstance(error, ConnectionFailure)
            assert (True, True) == (error.has_error_label(TRANSIENT), session.in_transaction)
            await session.abort_transaction()
            assert 0 == await count(bench, {})

    on_mongo(claim)


def test_an_error_that_the_driver_does_not_know_is_not_repeated(on_mongo: Any) -> None:
    """Neither a read nor a write; nothing was done."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (client, fail):
            things = client[bench.db.name]["things"]
            await things.insert_one({"_id": "a"})
            fail("find", "things", manner="instead", code=13)
            fail("insert", "things", manner="instead", code=8000)

            errors = [await failed(things.find_one({"_id": "a"})), await failed(things.insert_one({"_id": "b"}))]

            assert [13, 8000] == [error.code for error in errors]
            assert 1 == await count(bench, {})

    on_mongo(claim)


def test_a_read_that_meets_a_primary_that_steps_down_is_repeated(on_mongo: Any) -> None:
    """As soon as there is a primary."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (client, fail):
            things = client[bench.db.name]["things"]
            await things.insert_one({"_id": "a"})
            fail("find", "things", manner="instead", code=11_602)

            assert {"_id": "a"} == await things.find_one({"_id": "a"})

    on_mongo(claim)


def test_a_statement_that_meets_a_primary_that_steps_down_fails(on_mongo: Any) -> None:
    """The driver's error is `NotPrimaryError`, with the server's code in its details and the server's label."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (client, fail):
            things = client[bench.db.name]["things"]
            session = await client.start_session()
            session.start_transaction()
            fail("insert", "things", manner="instead", code=189)

            error = await failed(things.insert_one({"_id": "a"}, session=session))

            assert isinstance(error, NotPrimaryError)
            assert isinstance(error.details, dict)
            assert (189, True) == (error.details["code"], error.has_error_label(TRANSIENT))

    on_mongo(claim)


def test_an_error_of_a_commit_after_its_effect_may_be_untrue(on_mongo: Any) -> None:
    """The transaction is committed, whatever the error; the session is in none any more."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (client, fail):
            things = client[bench.db.name]["things"]
            session = await client.start_session()
            session.start_transaction()
            await things.insert_one({"_id": "a"}, session=session)
            fail("commitTransaction", manner="after", code=50)

            error = await failed(session.commit_transaction())

            assert (50, True, True) == (error.code, error.timeout, error.has_error_label(UNKNOWN))
            assert not session.in_transaction
            assert 1 == await count(bench, {})

    on_mongo(claim)


def test_an_error_of_an_abort_is_not_raised(on_mongo: Any) -> None:
    """The session is in no transaction then."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (client, fail):
            things = client[bench.db.name]["things"]
            session = await client.start_session()
            session.start_transaction()
            await things.insert_one({"_id": "a"}, session=session)
            fail("abortTransaction", manner="instead", code=8000)

            await session.abort_transaction()

            assert not session.in_transaction
            await client.admin.command("killSessions", [{"id": Binary(bytes(session.session_id["id"]), 4)}])

    on_mongo(claim)


def test_an_operation_goes_on_when_its_task_is_cancelled(on_mongo: Any) -> None:
    """Motor runs it in a thread, which nothing stops."""

    async def claim(bench: Bench) -> None:
        await bench.db["things"].insert_one({"_id": "z"})
        bench.slow_selection(0.3)

        async def insert() -> None:
            await bench.db["things"].insert_one({"_id": "a"})

        task = asyncio.create_task(insert())
        await asyncio.sleep(0.05)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        bench.slow_selection(0.0)

        async def is_there() -> bool:
            return await count(bench, {"_id": "a"}) == 1

        assert not await is_there()
        assert await eventually(is_there)

    on_mongo(claim)


def test_a_statement_whose_transaction_is_aborted_before_it_is_sent_is_a_plain_write(on_mongo: Any) -> None:
    """The driver looks at the session's transaction only when it has a server and a connection."""

    async def claim(bench: Bench) -> None:
        things = bench.db["things"]
        await things.insert_one({"_id": "z"})
        session = await bench.db.client.start_session()
        session.start_transaction()
        await things.insert_one({"_id": "a"}, session=session)
        bench.slow_selection(0.3)
        late = asyncio.ensure_future(things.insert_one({"_id": "b"}, session=session))
        await asyncio.sleep(0.05)
        bench.slow_selection(0.0)
        await session.abort_transaction()

        await late

        async def is_there() -> bool:  # nobody asked for a majority
            return await count(bench, {"_id": "b"}) == 1

        assert await eventually(is_there)
        assert 0 == await count(bench, {"_id": "a"})

    on_mongo(claim)


def test_a_time_out_limits_an_operation(on_mongo: Any) -> None:
    """`pymongo.timeout`, the shorter one of two; the error says that it is a time-out."""

    async def claim(bench: Bench) -> None:
        things = bench.db["things"]
        await things.insert_one({"_id": "a", "n": 0})
        session = await bench.db.client.start_session()
        session.start_transaction()
        await things.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=session)
        loop = asyncio.get_running_loop()
        began_s = loop.time()

        with pymongo.timeout(0.4), pymongo.timeout(30):
            error = await failed(things.update_one({"_id": "a"}, {"$set": {"n": 2}}))

        assert error.timeout
        assert 0.3 < loop.time() - began_s < 3
        await session.abort_transaction()
        await asyncio.sleep(0.5)
        assert {"_id": "a", "n": 0} == await things.find_one({"_id": "a"})

    on_mongo(claim)


def test_a_time_out_limits_the_selection_of_a_server(on_mongo: Any) -> None:
    """Nothing was sent."""

    async def claim(bench: Bench) -> None:
        things = bench.db["things"]
        await things.insert_one({"_id": "z"})
        bench.slow_selection(0.6)

        with pymongo.timeout(0.3):
            error = await failed(things.insert_one({"_id": "a"}))

        assert error.timeout
        bench.slow_selection(0.0)
        assert 1 == await count(bench, {})

    on_mongo(claim)


def test_a_client_has_its_time_out_as_an_option(on_mongo: Any) -> None:
    """In seconds, also by way of a session."""

    async def claim(bench: Bench) -> None:
        session: Any = await bench.db.client.start_session()
        assert 5.0 == session.client.options.timeout

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
        assert (2, 3) == (error.details["nInserted"], await count(bench, {}))

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
