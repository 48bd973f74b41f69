"""motor's client, session, database and collection, on a simulated deployment.

In:       calls of the service, with motor's arguments.
Out:      motor's futures, with pymongo's results and errors.
Promise:  an argument that is not simulated raises an error that names it.
"""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace, TracebackType
from typing import Any, Final, Self

from bson import Binary
from pymongo.client_session_shared import _UNKNOWN_COMMIT_ERROR_CODES, _TxnState
from pymongo.errors import ConnectionFailure, OperationFailure, WTimeoutError
from pymongo.read_concern import ReadConcern

from tests.simulation.mongo.calls import Call
from tests.simulation.mongo.collection import SimulatedCollection
from tests.simulation.mongo.connections import Connections
from tests.simulation.mongo.cursors import SimulatedCursor
from tests.simulation.mongo.deployment import DEPLOYMENT, Deployment
from tests.simulation.mongo.errors import NotModelled
from tests.simulation.mongo.sessions import ClientSession
from tests.simulation.mongo.threads import Threads
from tests.simulation.mongo.values import Document, encoded

EXPECTED: Final[Mapping[str, Any]] = {
    "appname": "codes",
    "datetime_conversion": "DATETIME_AUTO",
    "journal": True,
    "readConcernLevel": "majority",
    "retryReads": True,
    "retryWrites": True,
    "tz_aware": True,
    "unicode_decode_error_handler": "strict",
    "w": "majority",
    "wtimeoutMS": 0,
}
"""What the simulation is true for."""
ALSO_KNOWN: Final = frozenset({"read_preference", "serverSelectionTimeoutMS", "timeoutMS"})
MAJORITY: Final = {"w": "majority", "j": True}


class SimulatedMotorClient:
    """Stands in for `AsyncIOMotorClient`."""

    def __init__(self, uri: str, **options: Any) -> None:
        wrong = {name for name in options.keys() - ALSO_KNOWN if options[name] != EXPECTED.get(name)}
        missing = EXPECTED.keys() - options.keys()
        if not uri.startswith("mongodb://") or wrong or missing:
            raise NotModelled(f"a client with {sorted(wrong)}, without {sorted(missing)}")
        deployment: Deployment = DEPLOYMENT.get()
        timeout_s = options["timeoutMS"] / 1000
        self.options = SimpleNamespace(timeout=timeout_s)
        self.connections = Connections(deployment, timeout_s)
        self.threads = Threads()

    def __getitem__(self, name: str) -> "SimulatedDatabase":
        return SimulatedDatabase(self, name)

    @property
    def admin(self) -> "SimulatedDatabase":
        """The database of commands."""
        return self["admin"]

    @property
    def topology_description(self) -> SimpleNamespace:
        """One replica set, as its primary shows it."""
        primary = SimpleNamespace(server_type_name="RSPrimary")
        return SimpleNamespace(server_descriptions=lambda: {("mongo", 27017): primary})

    async def start_session(self) -> "SimulatedSession":
        """A session; its id is taken when it is first needed."""
        return SimulatedSession(self)

    async def drop_database(self, name: str) -> None:
        """Drop it."""
        await self[name].command({"dropDatabase": 1, "writeConcern": MAJORITY})

    def close(self) -> None:
        """No operation begins any more."""
        self.connections.is_closed = True


class SimulatedSession:
    """Stands in for `AsyncIOMotorClientSession`."""

    def __init__(self, client: SimulatedMotorClient) -> None:
        self.client = client
        self.delegate = ClientSession(client.connections.pool)

    @property
    def in_transaction(self) -> bool:
        """See pymongo."""
        return self.delegate.in_transaction

    @property
    def session_id(self) -> Mapping[str, Binary]:
        """See pymongo."""
        return self.delegate.server_session.session_id

    def start_transaction(self, read_concern: ReadConcern | None = None) -> None:
        """See pymongo; nothing is sent yet."""
        self.delegate.begin(read_concern)

    def commit_transaction(self) -> "asyncio.Future[None]":
        """See pymongo."""
        return self.client.threads.run(self._commit)

    def abort_transaction(self) -> "asyncio.Future[None]":
        """See pymongo: what goes wrong is ignored."""
        return self.client.threads.run(self._abort)

    def end_session(self) -> "asyncio.Future[None]":
        """Abort what is open, and return the session."""
        return self.client.threads.run(self._end)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def _commit(self) -> None:
        if not self.delegate.check_may_commit():
            return
        try:
            await self._finish("commitTransaction")
        except ConnectionFailure as error:
            error._remove_error_label("TransientTransactionError")
            error._add_error_label("UnknownTransactionCommitResult")
            raise
        except OperationFailure as error:
            if isinstance(error, WTimeoutError) or error.code in _UNKNOWN_COMMIT_ERROR_CODES:
                error._add_error_label("UnknownTransactionCommitResult")
            raise
        finally:
            self.delegate.state = _TxnState.COMMITTED

    async def _abort(self) -> None:
        if not self.delegate.check_may_abort():
            return
        try:
            await self._finish("abortTransaction")
        except (OperationFailure, ConnectionFailure):
            pass
        finally:
            self.delegate.state = _TxnState.ABORTED

    async def _end(self) -> None:
        if self.delegate.has_ended:
            return
        try:
            if self.delegate.in_transaction:
                await self._abort()
        finally:
            self.delegate.end()

    async def _finish(self, name: str) -> None:
        connections = self.client.connections

        async def send(call: Call) -> None:
            self.delegate.attempts += 1
            command = {name: 1, "$db": "admin", "writeConcern": MAJORITY}
            await connections.command(call, command, retryable=False, checks_concern=True)

        await connections.call(name, send, self.delegate, is_read=False)


class SimulatedDatabase:
    """Stands in for `AsyncIOMotorDatabase`."""

    def __init__(self, client: SimulatedMotorClient, name: str) -> None:
        self.client = client
        self.name = name

    def __getitem__(self, name: str) -> SimulatedCollection:
        return SimulatedCollection(self, name)

    def command(self, command: str | Document, value: Any = 1) -> "asyncio.Future[Document]":
        """Run a command; it is not repeated."""
        wanted = {command: value} if isinstance(command, str) else command

        async def send(call: Call) -> Any:
            body = {**encoded(wanted), "$db": self.name}
            return await self.client.connections.command(call, body, retryable=False)

        name = next(iter(wanted))
        return self.client.threads.run(
            lambda: self.client.connections.call(name, send, None, is_read=True, retryable=False)
        )

    def list_collections(self, filter: Mapping[str, Any] | None = None) -> "asyncio.Future[SimulatedCursor]":  # noqa: A002  # pymongo's name
        """The collections, in a cursor."""

        async def listed() -> SimulatedCursor:
            command = {"listCollections": 1, "$db": self.name, "filter": encoded(filter or {})}
            cursor = SimulatedCursor(self.client.connections, self.client.threads, command, None)
            await cursor.refresh()
            return cursor

        return self.client.threads.run(listed)

    def list_collection_names(self) -> "asyncio.Future[list[str]]":
        """Their names."""

        async def names() -> list[str]:
            command = {"listCollections": 1, "$db": self.name, "nameOnly": True}
            cursor = SimulatedCursor(self.client.connections, self.client.threads, command, None)
            await cursor.refresh()
            return [listed["name"] async for listed in cursor]

        return self.client.threads.run(names)
