"""What the driver makes of errors that the server gives, before or after the effect."""

from typing import Any

from pymongo.errors import NotPrimaryError

from tests.contract.clients.mongo_benches import Bench
from tests.contract.clients.mongo_operations import TRANSIENT, UNKNOWN, begun, failed, kill


def test_an_error_that_the_driver_does_not_know_is_not_repeated(on_mongo: Any) -> None:
    """Neither a read nor a write; nothing was done."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (things, fail):
            await things.insert_one({"_id": "a"})
            fail("find", "things", manner="instead", code=13)
            fail("insert", "things", manner="instead", code=8000)

            errors = [await failed(things.find_one({"_id": "a"})), await failed(things.insert_one({"_id": "b"}))]

            assert [13, 8000] == [error.code for error in errors]
            assert 1 == await things.count_documents({})

    on_mongo(claim)


def test_a_read_that_meets_a_primary_that_steps_down_is_repeated(on_mongo: Any) -> None:
    """As soon as there is a primary."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (things, fail):
            await things.insert_one({"_id": "a"})
            fail("find", "things", manner="instead", code=11_602)

            assert {"_id": "a"} == await things.find_one({"_id": "a"})

    on_mongo(claim)


def test_a_statement_that_meets_a_primary_that_steps_down_fails(on_mongo: Any) -> None:
    """The driver's error is `NotPrimaryError`, with the server's code in its details and the server's label."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (things, fail):
            session = await begun(things)
            fail("insert", "things", manner="instead", code=189)

            error = await failed(things.insert_one({"_id": "a"}, session=session))

            assert isinstance(error, NotPrimaryError)
            assert isinstance(error.details, dict)
            assert (189, True) == (error.details["code"], error.has_error_label(TRANSIENT))

    on_mongo(claim)


def test_an_error_of_a_commit_after_its_effect_may_be_untrue(on_mongo: Any) -> None:
    """The transaction is committed, whatever the error; the session is in none any more."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (things, fail):
            session = await begun(things)
            await things.insert_one({"_id": "a"}, session=session)
            fail("commitTransaction", manner="after", code=50)

            error = await failed(session.commit_transaction())

            assert (50, True, True) == (error.code, error.timeout, error.has_error_label(UNKNOWN))
            assert not session.in_transaction
            assert 1 == await things.count_documents({})

    on_mongo(claim)


def test_an_error_of_an_abort_is_not_raised(on_mongo: Any) -> None:
    """The session is in no transaction then."""

    async def claim(bench: Bench) -> None:
        async with bench.failing() as (things, fail):
            session = await begun(things)
            await things.insert_one({"_id": "a"}, session=session)
            fail("abortTransaction", manner="instead", code=8000)

            await session.abort_transaction()

            assert not session.in_transaction
            await kill(session)

    on_mongo(claim)
