"""What claims about MongoDB do with collections and sessions.

Out: `prepared`, `begun`, `failed`, `kill`; labels of errors.
"""

from typing import Any, Final

import pytest
from bson import Binary
from pymongo.errors import PyMongoError

from tests.contract.clients.mongo_benches import Bench

TRANSIENT: Final = "TransientTransactionError"
UNKNOWN: Final = "UnknownTransactionCommitResult"


async def prepared(bench: Bench) -> Any:
    """Two documents, `a` and `b`, with `n` 0."""
    things = bench.db["things"]
    await things.insert_many([{"_id": "a", "n": 0}, {"_id": "b", "n": 0}])
    return things


async def begun(things: Any) -> Any:
    """A session of the collection's client, with a transaction that nothing was sent of."""
    session = await things.database.client.start_session()
    session.start_transaction()
    return session


async def failed(work: Any) -> Any:
    """The error of an operation that fails."""
    with pytest.raises(PyMongoError) as raised:
        await work
    return raised.value


async def kill(session: Any, client: Any = None) -> None:
    """Kill a session as another process does, which knows its id only."""
    killed = {"id": Binary(bytes(session.session_id["id"]), 4)}
    await (client or session.client).admin.command("killSessions", [killed])
