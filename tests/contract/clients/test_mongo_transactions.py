"""Transactions of MongoDB, as the stores rely on them: what they see, how they end, and their sessions."""

from typing import Any

import pytest
from pymongo.errors import InvalidOperation

from tests.contract.clients.mongo_benches import Bench
from tests.contract.clients.mongo_operations import TRANSIENT, begun, failed, kill, prepared


def test_a_transaction_reads_from_one_snapshot(on_mongo: Any) -> None:
    """Documents that others change or insert meanwhile are as they were, in finds and in aggregations."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        session = await begun(things)
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
        session = await begun(things)
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
        session = await begun(things)
        await things.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=session)
        await session.abort_transaction()
        assert not session.in_transaction

        done = await things.update_one({"_id": "a", "n": 0}, {"$set": {"n": 2}})

        assert 1 == done.matched_count

    on_mongo(claim)


def test_a_repeated_commit_does_nothing(on_mongo: Any) -> None:
    """It succeeds, also when the document was changed since."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        session = await begun(things)
        await things.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=session)
        await session.commit_transaction()
        await things.update_one({"_id": "a"}, {"$set": {"n": 2}})

        await session.commit_transaction()

        assert {"_id": "a", "n": 2} == await things.find_one({"_id": "a"})

    on_mongo(claim)


def test_a_transaction_without_statements_is_not_sent(on_mongo: Any) -> None:
    """Its commit and its abort succeed, and then a transaction can begin."""

    async def claim(bench: Bench) -> None:
        session = await begun(bench.db["things"])
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
        session = await begun(things)
        await things.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=session)

        await session.end_session()

        assert 1 == (await things.update_one({"_id": "a", "n": 0}, {"$set": {"n": 2}})).matched_count

    on_mongo(claim)


def test_a_session_keeps_its_id_over_its_transactions(on_mongo: Any) -> None:
    """16 bytes; two open sessions have different ones."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        first, second = await begun(things), await begun(things)
        before = bytes(first.session_id["id"])
        await things.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=first)
        await first.commit_transaction()
        first.start_transaction()

        assert before == bytes(first.session_id["id"])
        assert (16, False) == (len(before), before == bytes(second.session_id["id"]))

    on_mongo(claim)


def test_a_killed_session_has_no_transaction(on_mongo: Any) -> None:
    """Its documents are free at once; a late statement and a late commit fail, and write nothing."""

    async def claim(bench: Bench) -> None:
        things = await prepared(bench)
        mine = bench.client()[bench.db.name]["things"]
        session = await begun(mine)
        await mine.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=session)

        await kill(session, bench.db.client)

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
        session = await begun(things)
        await things.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=session)
        await kill(session, bench.db.client)
        await session.abort_transaction()

        session.start_transaction()
        await things.update_one({"_id": "a"}, {"$set": {"n": 3}}, session=session)
        await session.commit_transaction()

        assert {"_id": "a", "n": 3} == await things.find_one({"_id": "a"})

    on_mongo(claim)
