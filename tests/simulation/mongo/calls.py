"""One operation of the driver, with its retries, as pymongo's `_ClientConnectionRetryable` runs it.

In:       what to send once there is a connection.
Out:      its result, or pymongo's error with the labels that pymongo adds.
Promise:  server selection and the wait for a connection come first; only then the session's transaction is looked at.
          So an operation whose transaction was aborted meanwhile is sent as a plain one, as with pymongo.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError, ServerSelectionTimeoutError
from pymongo.helpers_shared import _RETRYABLE_ERROR_CODES
from pymongo.mongo_client_shared import _add_retryable_write_error

from tests.simulation.mongo.limits import Deadline
from tests.simulation.mongo.sessions import ClientSession

if TYPE_CHECKING:
    from tests.simulation.mongo.connections import Connections

Send = Callable[["Call"], Awaitable[Any]]

WITHOUT_DEADLINE: Final = 1
"""Retries of an operation without a time-out; with one it is retried until its end."""


@dataclass(slots=True, eq=False)
class Call:
    """One operation."""

    connections: "Connections"
    name: str
    send: Send
    session: ClientSession
    deadline: Deadline
    is_read: bool
    retryable: bool
    is_retrying: bool = False
    attempts: int = 0
    last_error: PyMongoError | None = None

    async def run(self) -> Any:
        """Send it, and repeat it while that may help.

        Raises:
            PyMongoError: the last error, or the one that says most.
        """
        if self.retryable and not self.is_read and not self.session.in_transaction:
            self.session.next_number()
        while True:
            self._check_last_error(only_when_over=True)
            try:
                return await self._attempt()
            except ServerSelectionTimeoutError:
                self._check_last_error()
                raise
            except PyMongoError as error:
                if not self._may_repeat(error):
                    raise
                self.attempts += 1
                self.is_retrying = True
                self.last_error = error

    def _may_repeat(self, error: PyMongoError) -> bool:
        if not self.retryable or (self.is_retrying and self.attempts >= self._attempts_max):
            return False
        if not self.is_read:
            return error.has_error_label("RetryableWriteError")
        if isinstance(error, OperationFailure):
            return error.code in _RETRYABLE_ERROR_CODES
        return isinstance(error, ConnectionFailure)

    @property
    def _attempts_max(self) -> float:
        return float("inf") if self.deadline.is_limited else WITHOUT_DEADLINE

    async def _attempt(self) -> Any:
        try:
            await self.connections.select(self.session, self.deadline)
            return await self.connections.attempt(self)
        except PyMongoError as error:
            if self.retryable and not self.is_read:
                _add_retryable_write_error(error)
            raise

    def _check_last_error(self, *, only_when_over: bool = False) -> None:
        if self.last_error is not None and (not only_when_over or self.deadline.left_s <= 0):
            raise self.last_error
