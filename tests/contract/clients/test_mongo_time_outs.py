"""Time-outs of the driver, as the stores set them."""

import asyncio
from typing import Any

import pymongo

from tests.contract.clients.mongo_benches import Bench
from tests.contract.clients.mongo_operations import begun, failed


def test_a_time_out_limits_an_operation(on_mongod: Any) -> None:
    """`pymongo.timeout`, the shorter one of two; the error says that it is a time-out."""

    async def claim(bench: Bench) -> None:
        things = bench.db["things"]
        await things.insert_one({"_id": "a", "n": 0})
        session = await begun(things)
        await things.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=session)
        loop = asyncio.get_running_loop()
        began_s = loop.time()

        with pymongo.timeout(0.4), pymongo.timeout(30):
            error = await failed(things.update_one({"_id": "a"}, {"$set": {"n": 2}}))

        assert error.timeout
        assert 0.3 < loop.time() - began_s < 3
        await asyncio.sleep(0.5)  # a server that waits for a transaction looks at the clock now and then
        await session.abort_transaction()
        await asyncio.sleep(0.3)
        assert {"_id": "a", "n": 0} == await things.find_one({"_id": "a"})

    on_mongod(claim)


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
        assert 1 == await things.count_documents({})

    on_mongo(claim)


def test_a_client_has_its_time_out_as_an_option(on_mongo: Any) -> None:
    """In seconds, also by way of a session."""

    async def claim(bench: Bench) -> None:
        session: Any = await bench.db.client.start_session()
        assert 5.0 == session.client.options.timeout

    on_mongo(claim)
