"""Motor runs operations in threads: what goes on when nobody waits for it any more."""

import asyncio
from contextlib import suppress
from typing import Any

from tests.contract.clients.mongo_benches import Bench, eventually
from tests.contract.clients.mongo_operations import begun


def test_an_operation_goes_on_when_its_task_is_cancelled(on_mongo: Any) -> None:
    """Motor runs it in a thread, which nothing stops."""

    async def claim(bench: Bench) -> None:
        things = bench.db["things"]
        await things.insert_one({"_id": "z"})
        bench.slow_selection(0.3)

        async def insert() -> None:
            await things.insert_one({"_id": "a"})

        task = asyncio.create_task(insert())
        await bench.selecting()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        bench.slow_selection(0.0)

        async def is_there() -> bool:
            return await things.count_documents({"_id": "a"}) == 1

        assert not await is_there()
        assert await eventually(is_there)

    on_mongo(claim)


def test_a_statement_whose_transaction_is_aborted_before_it_is_sent_is_a_plain_write(on_mongo: Any) -> None:
    """The driver looks at the session's transaction only when it has a server and a connection."""

    async def claim(bench: Bench) -> None:
        things = bench.db["things"]
        await things.insert_one({"_id": "z"})
        session = await begun(things)
        await things.insert_one({"_id": "a"}, session=session)
        bench.slow_selection(0.3)
        late = asyncio.ensure_future(things.insert_one({"_id": "b"}, session=session))
        await bench.selecting()
        bench.slow_selection(0.0)
        await session.abort_transaction()

        await late

        async def is_there() -> bool:  # nobody asked for a majority
            return await things.count_documents({"_id": "b"}) == 1

        assert await eventually(is_there)
        assert 0 == await things.count_documents({"_id": "a"})

    on_mongo(claim)
