"""A simulated MongoDB that is frozen, killed, slow, or without a majority."""

import asyncio
from typing import Any

import pytest
from pymongo.errors import (
    AutoReconnect,
    NetworkTimeout,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WTimeoutError,
)

from tests.simulation.mongo.deployment import Deployment
from tests.unit.simulation.mongo_histories import TRANSIENT, begun, failed, on_simulated


def test_a_frozen_server_does_later_what_reached_it() -> None:
    """The client gives up after its time-out."""

    async def history(deployment: Deployment, db: Any) -> None:
        deployment.freeze()

        error = await failed(db["things"].insert_one({"_id": "b"}))

        assert isinstance(error, NetworkTimeout)
        assert error.timeout
        deployment.thaw()
        await asyncio.sleep(1)
        assert 2 == await db["things"].count_documents({})

    on_simulated(history)


def test_a_server_that_is_frozen_for_long_is_not_selected() -> None:
    """The driver's monitor gives it up after half a minute."""

    async def history(deployment: Deployment, db: Any) -> None:
        deployment.freeze()
        await asyncio.sleep(31)
        assert isinstance(await failed(db["things"].find_one()), ServerSelectionTimeoutError)
        deployment.thaw()
        assert {"_id": "a", "n": 0} == await db["things"].find_one()

    on_simulated(history)


def test_a_crash_loses_connections() -> None:
    """A statement of a transaction fails without a time-out, and its transaction is gone."""

    async def history(deployment: Deployment, db: Any) -> None:
        session = await begun(db)
        deployment.delays.slow(1.0)
        late = asyncio.ensure_future(db["things"].insert_one({"_id": "b"}, session=session))
        await asyncio.sleep(0.5)
        deployment.crash()

        error = await failed(late)

        assert isinstance(error, AutoReconnect)
        assert (False, True) == (error.timeout, error.has_error_label(TRANSIENT))
        deployment.restart(0.5)
        deployment.delays.slow(0.0)
        assert [{"_id": "a", "n": 0}] == await db["things"].find().to_list(None)

    on_simulated(history)


def test_a_write_without_a_majority_is_a_time_out_and_stays() -> None:
    """The error says that the majority did not confirm it; readers see it when it does."""

    async def history(deployment: Deployment, db: Any) -> None:
        deployment.lose_majority()

        error = await failed(db["things"].insert_one({"_id": "b"}))

        assert isinstance(error, WTimeoutError | NetworkTimeout)
        assert error.timeout
        assert 1 == await db["things"].count_documents({})
        deployment.regain_majority()
        await asyncio.sleep(0.1)
        assert 2 == await db["things"].count_documents({})

    on_simulated(history)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("slow_pool", WaitQueueTimeoutError), ("slow_selection", PyMongoError), ("slow", PyMongoError)],
)
def test_whatever_is_slow_is_a_time_out(fault: str, kind: type[Exception]) -> None:
    """A connection, a server, a command."""

    async def history(deployment: Deployment, db: Any) -> None:
        getattr(deployment.delays, fault)(6.0)

        error = await failed(db["things"].find_one())

        assert (True, True) == (isinstance(error, kind), error.timeout)
        deployment.heal()
        assert {"_id": "a", "n": 0} == await db["things"].find_one()

    on_simulated(history)
