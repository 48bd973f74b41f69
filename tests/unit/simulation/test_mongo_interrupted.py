"""Transactions of the simulated MongoDB that the server ends: after a minute, and with their session."""

import asyncio
from typing import Any

import pymongo

from tests.simulation.mongo.deployment import Deployment
from tests.unit.simulation.mongo_histories import TRANSIENT, begun, failed, on_simulated


def test_a_transaction_lives_for_a_minute() -> None:
    """Then its documents are free, and its commit fails with 251."""

    async def history(_deployment: Deployment, db: Any) -> None:
        session = await begun(db)
        with pymongo.timeout(120):
            await db["things"].update_one({"_id": "a", "n": 0}, {"$set": {"n": 2}})
        assert 59 < asyncio.get_running_loop().time() < 61

        error = await failed(session.commit_transaction())

        assert (251, True) == (error.code, error.has_error_label(TRANSIENT))

    on_simulated(history)


def test_a_statement_that_runs_when_its_transaction_is_a_minute_old_is_interrupted() -> None:
    """With 290."""

    async def history(deployment: Deployment, db: Any) -> None:
        session = await begun(db)
        await asyncio.sleep(58)
        deployment.delays.slow(4.0, "insert")

        error = await failed(db["things"].insert_one({"_id": "b"}, session=session))

        assert (290, False) == (error.code, error.has_error_label(TRANSIENT))

    on_simulated(history)


def test_a_statement_that_runs_when_its_session_is_killed_is_interrupted() -> None:
    """With 11601."""

    async def history(deployment: Deployment, db: Any) -> None:
        session = await begun(db)
        deployment.delays.slow(4.0, "insert")
        late = asyncio.ensure_future(db["things"].insert_one({"_id": "b"}, session=session))
        await asyncio.sleep(1)

        await db.client.admin.command("killSessions", [session.session_id])

        error = await failed(late)
        assert 11_601 == error.code
        assert 1 == (await db["things"].update_one({"_id": "a", "n": 0}, {"$set": {"n": 2}})).matched_count

    on_simulated(history)
