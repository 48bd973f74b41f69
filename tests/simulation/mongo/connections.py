"""A client's way to the server: selection, the pool of connections, and one command on a connection.

In:       commands, with their sessions and deadlines.
Out:      answers, or pymongo's errors.
Promise:  errors are those that pymongo raises: the time-outs by their kind, and the server's by its own functions.
          The pool has more connections than a client has threads: only a fault lets an operation wait for one.
"""

import asyncio
from typing import Any, Final

from pymongo.errors import (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    InvalidOperation,
    NetworkTimeout,
    NotPrimaryError,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)
from pymongo.helpers_shared import _check_command_response

from tests.simulation.kernel.network import ConnectionLost
from tests.simulation.mongo.calls import Call, Send
from tests.simulation.mongo.deployment import NOTICED_S, Deployment
from tests.simulation.mongo.errors import ENDS
from tests.simulation.mongo.limits import Deadline
from tests.simulation.mongo.sessions import ClientSession, SessionPool
from tests.simulation.mongo.values import Document

CHECK_EVERY_S: Final = 0.5
"""pymongo looks at an unknown server at most so often."""
SILENT_S: Final = 30.0
"""After so long without an answer to a heartbeat, the monitor takes a server for unavailable."""
ROUND_TRIP_S: Final = (0.0004, 0.006)
"""What the driver takes for the shortest round trip, and what the server's limit is shorter by."""
WIRE_VERSION: Final = 21


class Connections:
    """Of one client."""

    def __init__(self, deployment: Deployment, timeout_s: float | None) -> None:
        self.deployment = deployment
        self.timeout_s = timeout_s
        self.pool = SessionPool(deployment.random)
        self.is_closed = False
        self._term = deployment.term
        """The election whose primary this client knows; 0: it knows none."""

    async def call(
        self, name: str, send: Send, session: ClientSession | None, *, is_read: bool, retryable: bool = True
    ) -> Any:
        """Run an operation in a session, its own if none is given.

        Raises:
            PyMongoError: see `Call.run`.
        """
        used = session or ClientSession(self.pool)
        may_repeat = retryable and (name in ENDS or not used.in_transaction)
        call = Call(self, name, send, used, Deadline(self.timeout_s), is_read, may_repeat)
        try:
            return await call.run()
        except ConnectionFailure:
            used.mark_dirty()
            raise
        finally:
            if session is None:
                used.end()

    async def select(self, session: ClientSession, deadline: Deadline) -> None:
        """Wait for a primary.

        Raises:
            ServerSelectionTimeoutError: there was none in time.
        """
        if self.is_closed:
            raise InvalidOperation("Cannot use MongoClient after close")
        if not session.in_transaction:
            session.reset()
        try:
            if late_s := self.deployment.delays.selection_s():
                await asyncio.sleep(late_s)
            while not self._knows_primary():
                await self._look(deadline)
        except ServerSelectionTimeoutError as error:
            if session.in_transaction:
                error._add_error_label("TransientTransactionError")
            raise

    def _knows_primary(self) -> bool:
        """A client notices an election a moment later, or by an error."""
        if self._is_silent():
            return False
        if self._term == self.deployment.term:
            return True
        noticed_s = self.deployment.random.uniform(*NOTICED_S)
        return self._term > 0 and asyncio.get_running_loop().time() - self.deployment.changed_s < noticed_s

    async def _look(self, deadline: Deadline) -> None:
        """Look at the server, now or when there is news of it."""
        deployment = self.deployment
        if deployment.has_primary and deployment.server.is_up and not self._is_silent():
            await asyncio.sleep(deployment.random.uniform(*NOTICED_S))
            if deployment.has_primary:
                self._term = deployment.term
                return
        if deadline.left_s <= 0:
            raise ServerSelectionTimeoutError('No replica set members match selector "Primary()"')
        self._term = 0
        await deployment.elected(min(max(deadline.left_s, 0.0), CHECK_EVERY_S))

    def _is_silent(self) -> bool:
        frozen_s = self.deployment.frozen_s
        return frozen_s is not None and asyncio.get_running_loop().time() - frozen_s > SILENT_S

    async def attempt(self, call: Call) -> Any:
        """Send an operation on a connection; its errors change what the client knows of the server.

        Raises:
            WaitQueueTimeoutError: no connection was free in time.
            PyMongoError: see `command`.
        """
        try:
            await self._wait_for_connection(call.deadline)
            return await call.send(call)
        except PyMongoError as error:
            self._handle(error, call.session)
            raise

    async def _wait_for_connection(self, deadline: Deadline) -> None:
        late_s = self.deployment.delays.pool_s()
        if not late_s:
            return
        await asyncio.sleep(min(late_s, max(deadline.left_s, 0.0)))
        if deadline.left_s <= 0:
            raise WaitQueueTimeoutError("Timed out while checking out a connection from connection pool")

    def _handle(self, error: PyMongoError, session: ClientSession) -> None:
        if isinstance(error, ConnectionFailure):
            if session.in_transaction:
                error._add_error_label("TransientTransactionError")
            session.mark_dirty()
        if isinstance(error, NetworkTimeout | WaitQueueTimeoutError):
            return
        if isinstance(error, NotPrimaryError | AutoReconnect):
            self._term = 0

    async def command(self, call: Call, command: Document, *, retryable: bool, checks_concern: bool = False) -> Any:
        """Send one command on a connection, and check its answer.

        Raises:
            PyMongoError: what pymongo makes of the answer, or of its absence.
        """
        call.session.apply_to(command, retryable=retryable)
        left_s = call.deadline.left_s
        if call.deadline.is_limited:
            round_trip_s = self.deployment.random.uniform(*ROUND_TRIP_S)
            if left_s < round_trip_s:
                raise over(left_s)
            command["maxTimeMS"] = int((left_s - round_trip_s) * 1000)
        call.session.sent()
        answer = await self._answer(command, left_s if call.deadline.is_limited else None)
        _check_command_response(answer, WIRE_VERSION, parse_write_concern_error=checks_concern)
        return answer

    async def _answer(self, command: Document, left_s: float | None) -> Document:
        try:
            return await self.deployment.call(command, left_s)
        except TimeoutError:
            raise NetworkTimeout("mongo:27017: timed out") from None
        except ConnectionLost as lost:
            raise AutoReconnect(f"mongo:27017: connection closed ({lost.loss})") from None


def over(left_s: float) -> ExecutionTimeout:
    """The error of an operation that has no time left to be sent."""
    text = f"operation would exceed time limit, remaining timeout:{left_s:.5f}"
    return ExecutionTimeout(text, 50, {"ok": 0, "errmsg": text, "code": 50})
