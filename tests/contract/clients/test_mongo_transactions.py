"""Transactions of MongoDB, as the stores rely on them: snapshots, conflicts, commits, killed sessions."""

import asyncio
from typing import Any

import pytest
from bson import Binary
from pymongo.errors import BulkWriteError, InvalidOperation, OperationFailure, PyMongoError

from tests.contract.clients.mongo_benches import Bench

TRANSIENT = "TransientTransactionError"


async def prepared(bench: Bench) -> Any:
    """Two documents, `a` and `b`, with `n` 0."""
    things = bench.db["things"]
    await things.insert_many([{"_id": "a", "n": 0}, {"_id": "b", "n": 0}])
    return things


async def begun(bench: Bench, client: Any = None) -> Any:
    """A session with a transaction that nothing was sent of."""
    session = await (client or bench.db.client).start_session()
    session.start_transaction()
    return session


async def failed(work: Any) -> PyMongoError:
    """The error of an operation that fails."""
    with pytest.raises(PyMongoError) as raised:
        await work
    return raised.value


def test_a_transaction_reads_from_one_snapshot(on_mongo: Any) -> None:
    """Documents that others change or insert meanwhile are as they were, in finds and in aggregations."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        session = await begun(bench)
        assert {"_id": "a", "n": 0} == await things.find_one({"_id": "a"}, session=session)

        await things.update_one({"_id": "a"}, {"$set": {"n": 1}})
        await things.insert_one({"_id": "c", "n": 0})

        found = await things.find({}, session=session).to_list(None)
        counted = things.aggregate(
            [{"$match": {}}, {"$group": {"_id": {"n": "$n"}, "count": {"$sum": 1}}}], session=session
        )
        assert [("a", 0), ("b", 0)] == sorted((document["_id"], document["n"]) for document in found)
        assert [{"_id": {"n": 0}, "count": 2}] == [group async for group in counted]
        await session.abort_transaction()
        assert 3 == await things.count_documents({})

    on_mongo(claim)


def test_a_transaction_sees_its_own_writes_and_others_see_them_after_the_commit(on_mongo: Any) -> None:
    """All of them at once."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        session = await begun(bench)
        await things.insert_many([{"_id": "c", "n": 5}], ordered=False, session=session)
        await things.update_many({"_id": {"$in": ["a", "b"]}}, {"$set": {"n": 1}}, session=session)

        own = await things.find({"n": {"$gte": 1}}, session=session).to_list(None)
        others = await things.find({"n": {"$gte": 1}}).to_list(None)
        assert [["a", "b", "c"], []] == [sorted(document["_id"] for document in found) for found in (own, others)]

        await session.commit_transaction()
        assert 3 == await things.count_documents({"n": {"$gte": 1}})

    on_mongo(claim)


def test_an_aborted_transaction_leaves_nothing(on_mongo: Any) -> None:
    """Its documents can be written at once."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        session = await begun(bench)
        await things.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=session)
        await session.abort_transaction()
        assert not session.in_transaction

        done = await things.update_one({"_id": "a", "n": 0}, {"$set": {"n": 2}})

        assert 1 == done.matched_count

    on_mongo(claim)


def test_the_second_writer_of_a_document_gets_a_conflict(on_mongo: Any) -> None:
    """At once, while the first one is open; with the label for transactions that may be repeated."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        first, second = await begun(bench), await begun(bench)
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
        session = await begun(bench)
        await things.find_one({"_id": "b"}, session=session)
        await things.update_one({"_id": "a"}, {"$set": {"n": 1}})

        error: Any = await failed(things.update_many({"n": 0}, {"$set": {"n": 2}}, session=session))

        assert (112, True) == (error.code, error.has_error_label(TRANSIENT))

    on_mongo(claim)


def test_after_a_conflict_the_server_knows_the_transaction_no_more(on_mongod: Any) -> None:
    """Its other writes are undone, and further statements and the commit fail with 251."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        first, second = await begun(bench), await begun(bench)
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
        session = await begun(bench)
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
        session = await begun(bench)
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
        first, second, third = await begun(bench), await begun(bench), await begun(bench)
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
        session = await begun(bench)

        error = await failed(
            things.insert_many([{"_id": "c"}, {"_id": "a"}, {"_id": "b"}], ordered=False, session=session)
        )

        assert isinstance(error, BulkWriteError)
        assert [(1, 11_000)] == [(wrong["index"], wrong["code"]) for wrong in error.details["writeErrors"]]
        gone: Any = await failed(session.commit_transaction())
        assert 251 == gone.code
        assert 2 == await things.count_documents({})

    on_mongod(claim)


def test_a_killed_session_has_no_transaction(on_mongo: Any) -> None:
    """Its documents are free at once; a late statement and a late commit fail, and write nothing."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        session = await begun(bench, bench.client())
        mine = session.client[bench.db.name]["things"]
        await mine.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=session)

        await bench.db.client.admin.command("killSessions", [{"id": Binary(bytes(session.session_id["id"]), 4)}])

        done = await things.update_one({"_id": "a", "n": 0}, {"$set": {"n": 2}})
        errors: list[Any] = [
            await failed(mine.update_one({"_id": "b"}, {"$set": {"n": 1}}, session=session)),
            await failed(session.commit_transaction()),
        ]
        assert 1 == done.matched_count
        assert [(251, True), (251, True)] == [(error.code, error.has_error_label(TRANSIENT)) for error in errors]
        assert not session.in_transaction

    on_mongo(claim)


def test_a_session_that_was_killed_can_begin_another_transaction(on_mongo: Any) -> None:
    """The kill ends what is open, not the session id."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        session = await begun(bench)
        await things.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=session)
        await bench.db.client.admin.command("killSessions", [{"id": Binary(bytes(session.session_id["id"]), 4)}])
        await session.abort_transaction()

        session.start_transaction()
        await things.update_one({"_id": "a"}, {"$set": {"n": 3}}, session=session)
        await session.commit_transaction()

        assert {"_id": "a", "n": 3} == await things.find_one({"_id": "a"})

    on_mongo(claim)


def test_a_repeated_commit_does_nothing(on_mongo: Any) -> None:
    """It succeeds, also when the document was changed since."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        session = await begun(bench)
        await things.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=session)
        await session.commit_transaction()
        await things.update_one({"_id": "a"}, {"$set": {"n": 2}})

        await session.commit_transaction()

        assert {"_id": "a", "n": 2} == await things.find_one({"_id": "a"})

    on_mongo(claim)


def test_a_transaction_without_statements_is_not_sent(on_mongo: Any) -> None:
    """Its commit and its abort succeed, and then a transaction can begin."""

    async def claim(bench: Bench) -> None:
        session = await begun(bench)
        await session.commit_transaction()
        session.start_transaction()
        await session.abort_transaction()
        session.start_transaction()

        with pytest.raises(InvalidOperation):
            session.start_transaction()

        assert session.in_transaction
        await session.end_session()

    on_mongo(claim)


def test_the_end_of_a_session_aborts_its_transaction(on_mongo: Any) -> None:
    """Its document can be written at once."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        session = await begun(bench)
        await things.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=session)

        await session.end_session()

        assert 1 == (await things.update_one({"_id": "a", "n": 0}, {"$set": {"n": 2}})).matched_count

    on_mongo(claim)


def test_a_session_keeps_its_id_over_its_transactions(on_mongo: Any) -> None:
    """16 bytes; two open sessions have different ones."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        first, second = await begun(bench), await begun(bench)
        before = bytes(first.session_id["id"])
        await things.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=first)
        await first.commit_transaction()
        first.start_transaction()

        assert before == bytes(first.session_id["id"])
        assert (16, False) == (len(before), before == bytes(second.session_id["id"]))

    on_mongo(claim)
