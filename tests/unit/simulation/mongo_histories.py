"""Runs a history on a simulated MongoDB, through the clients as the stores make them.

In:   a history: a coroutine function that is given a deployment and a database.
Out:  `on_simulated`; `begun`, `failed`.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

import pytest
from pymongo.errors import PyMongoError

from ops.settings.load import load_settings
from stores.mongo.connection import connect, database
from tests.simulation.kernel import clocks
from tests.simulation.kernel.world import World, run_world
from tests.simulation.mongo.deployment import DEPLOYMENT, Deployment
from tests.simulation.mongo.replacements import PACKAGES, replacements

History = Callable[[Deployment, Any], Coroutine[Any, Any, None]]
TRANSIENT: Final = "TransientTransactionError"


def on_simulated(history: History, seed: int = 1, timeout_ms: int = 5_000) -> int:
    """Run a history on a deployment with the document `a`; the number of steps it took."""
    settings = load_settings({"CODES_MONGO__TIMEOUT_MS": str(timeout_ms)})
    steps = 0

    async def run(world: World) -> None:
        nonlocal steps
        deployment = Deployment(world.network, world.random)
        DEPLOYMENT.set(deployment)
        db = database(connect(settings.mongo), settings.mongo)
        await db["things"].insert_one({"_id": "a", "n": 0})
        await history(deployment, db)
        steps = world.loop.steps

    with clocks.replaced({**clocks.CLOCKS, **replacements()}, ("stores", *PACKAGES)):
        run_world(seed, run)
    return steps


async def failed(work: Any) -> Any:
    """The error of an operation that fails."""
    with pytest.raises(PyMongoError) as raised:
        await work
    return raised.value


async def begun(db: Any) -> Any:
    """A session with a transaction that has written the document."""
    session = await db.client.start_session()
    session.start_transaction()
    await db["things"].update_one({"_id": "a"}, {"$set": {"n": 1}}, session=session)
    return session
