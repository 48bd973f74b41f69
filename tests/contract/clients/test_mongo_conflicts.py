"""Two writers of one document or one key, of which at least one is in a transaction."""

import asyncio
from typing import Any

from pymongo.errors import BulkWriteError, OperationFailure

from tests.contract.clients.mongo_benches import Bench
from tests.contract.clients.mongo_operations import TRANSIENT, begun, failed, prepared


def test_the_second_writer_of_a_document_gets_a_conflict(on_mongo: Any) -> None:
    """At once, while the first one is open; with the label for transactions that may be repeated."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        first, second = await begun(things), await begun(things)
        await things.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=first)

        error = await failed(things.update_one({"_id": "a"}, {"$set": {"n": 2}}, session=second))

        assert isinstance(error, OperationFailure)
        assert (112, True) == (error.code, error.has_error_label(TRANSIENT))
        assert second.in_transaction
        await first.commit_transaction()
        assert {"_id": "a", "n": 1} == await things.find_one({"_id": "a"})

    on_mongo(claim)


def test_a_write_to_a_document_that_changed_after_the_snapshot_is_a_conflict(on_mongo: Any) -> None:
    """The first writer has committed before the second one tries."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        session = await begun(things)
        await things.find_one({"_id": "b"}, session=session)
        await things.update_one({"_id": "a"}, {"$set": {"n": 1}})

        error: Any = await failed(things.update_many({"n": 0}, {"$set": {"n": 2}}, session=session))

        assert (112, True) == (error.code, error.has_error_label(TRANSIENT))

    on_mongo(claim)


def test_after_a_conflict_the_server_knows_the_transaction_no_more(on_mongod: Any) -> None:
    """Its other writes are undone, and further statements and the commit fail with 251."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        first, second = await begun(things), await begun(things)
        await things.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=first)
        await things.update_one({"_id": "b"}, {"$set": {"n": 2}}, session=second)
        await failed(things.update_one({"_id": "a"}, {"$set": {"n": 2}}, session=second))

        done = await things.update_one({"_id": "b", "n": 0}, {"$set": {"n": 3}})
        errors: list[Any] = [
            await failed(things.find_one({"_id": "b"}, session=second)),
            await failed(second.commit_transaction()),
        ]

        assert 1 == done.matched_count
        assert [(251, True), (251, True)] == [(error.code, error.has_error_label(TRANSIENT)) for error in errors]
        await first.abort_transaction()

    on_mongod(claim)


def test_a_plain_write_waits_for_an_open_transaction(on_mongod: Any) -> None:
    """Then it finds what the transaction left: here a document that does not match any more, and one that does."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        session = await begun(things)
        await things.update_many({}, {"$set": {"n": 1}}, session=session)
        stale = asyncio.ensure_future(things.update_one({"_id": "a", "n": 0}, {"$set": {"n": 5}}))
        fresh = asyncio.ensure_future(things.update_one({"_id": "b"}, {"$set": {"n": 5}}))
        await asyncio.sleep(0.3)
        assert [False, False] == [stale.done(), fresh.done()]

        await session.commit_transaction()

        assert [0, 1] == [(await stale).matched_count, (await fresh).matched_count]

    on_mongod(claim)


def test_a_plain_insert_waits_for_a_transaction_with_the_same_id(on_mongod: Any) -> None:
    """It is done if that one is aborted."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        session = await begun(things)
        await things.insert_one({"_id": "c", "n": 1}, session=session)
        waiting = asyncio.ensure_future(things.insert_one({"_id": "c", "n": 2}))
        await asyncio.sleep(0.3)
        assert not waiting.done()

        await session.abort_transaction()
        await waiting

        assert {"_id": "c", "n": 2} == await things.find_one({"_id": "c"})

    on_mongod(claim)


def test_two_transactions_cannot_insert_the_same_key(on_mongo: Any) -> None:
    """Of an `_id` and of a unique index: while the first is open, and after its commit."""

    async def claim(bench: Bench) -> None:
        codes = bench.db["things"]
        await codes.create_index([("campaign_id", 1), ("code", 1)], name="unique", unique=True)
        first, second, third = await begun(codes), await begun(codes), await begun(codes)
        await codes.find_one({"_id": "z"}, session=third)
        await codes.insert_one({"_id": "a", "campaign_id": "x", "code": "C"}, session=first)

        errors: list[Any] = [
            await failed(codes.insert_one({"_id": "b", "campaign_id": "x", "code": "C"}, session=second))
        ]
        await first.commit_transaction()
        errors.append(await failed(codes.insert_one({"_id": "c", "campaign_id": "x", "code": "C"}, session=third)))

        assert [112, 112] == [error.code for error in errors]

    on_mongo(claim)


def test_a_duplicate_in_a_transaction_ends_it(on_mongod: Any) -> None:
    """A bulk write that is not ordered stops too; it reports the first error and nothing as inserted after it."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        session = await begun(things)

        error = await failed(
            things.insert_many([{"_id": "c"}, {"_id": "a"}, {"_id": "b"}], ordered=False, session=session)
        )

        assert isinstance(error, BulkWriteError)
        assert [(1, 11_000)] == [(wrong["index"], wrong["code"]) for wrong in error.details["writeErrors"]]
        gone: Any = await failed(session.commit_transaction())
        assert 251 == gone.code
        assert 2 == await things.count_documents({})

    on_mongod(claim)
