"""The driver's sessions: pymongo's state machine of a transaction, and the pool of server sessions.

In:       operations that use a session.
Out:      what they add to a command: session id, transaction number, beginning of a transaction.
Promise:  the states change at the moments at which pymongo changes them.
"""

from collections import deque
from random import Random
from typing import Any, Final

from bson import Binary, Int64
from pymongo.client_session_shared import _TxnState
from pymongo.errors import InvalidOperation
from pymongo.read_concern import ReadConcern

from tests.simulation.mongo.values import Document

UUID_BITS: Final = 128
OPEN: Final = frozenset({_TxnState.STARTING, _TxnState.IN_PROGRESS})


class ServerSession:
    """A session id and its transaction number."""

    __slots__ = ("is_dirty", "number", "session_id")

    def __init__(self, random: Random) -> None:
        self.session_id = {"id": Binary(random.getrandbits(UUID_BITS).to_bytes(16, "big"), 4)}
        self.number = 0
        self.is_dirty = False


class SessionPool:
    """Server sessions that nobody uses; the last one returned is the next one taken."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._free: deque[ServerSession] = deque()

    def take(self) -> ServerSession:
        """A used one, or a new one."""
        return self._free.popleft() if self._free else ServerSession(self._random)

    def give_back(self, session: ServerSession) -> None:
        """One with a network error is dropped: its last write may still be on its way."""
        if not session.is_dirty:
            self._free.appendleft(session)


class ClientSession:
    """What pymongo's `ClientSession` is to the service, without the commands."""

    def __init__(self, pool: SessionPool) -> None:
        self._pool = pool
        self._server_session: ServerSession | None = None
        self._has_ended = False
        self.state = _TxnState.NONE
        self.read_concern: ReadConcern | None = None
        self.attempts = 0
        """Of its commit."""

    @property
    def in_transaction(self) -> bool:
        """See pymongo."""
        return self.state in OPEN

    @property
    def server_session(self) -> ServerSession:
        """Taken from the pool when it is first needed."""
        if self._has_ended:
            raise InvalidOperation("Cannot use ended session")
        if self._server_session is None:
            self._server_session = self._pool.take()
        return self._server_session

    def begin(self, read_concern: ReadConcern | None) -> None:
        """Nothing is sent yet."""
        if self._has_ended:
            raise InvalidOperation("Cannot use ended session")
        if self.in_transaction:
            raise InvalidOperation("Transaction already in progress")
        self.read_concern = read_concern
        self.reset()
        self.state = _TxnState.STARTING
        self.next_number()

    def reset(self) -> None:
        """At the selection of a server for an operation outside of a transaction."""
        self.state = _TxnState.NONE
        self.attempts = 0

    def next_number(self) -> None:
        """A new transaction or retryable write."""
        self.server_session.number += 1

    def mark_dirty(self) -> None:
        """After a network error."""
        if self._server_session is not None:
            self._server_session.is_dirty = True

    def apply_to(self, command: Document, *, retryable: bool) -> None:
        """What a command says of its session."""
        command["lsid"] = self.server_session.session_id
        if retryable:
            command["txnNumber"] = Int64(self.server_session.number)
            return
        if not self.in_transaction:
            return
        if self.state == _TxnState.STARTING:
            command["startTransaction"] = True
            if self.read_concern is not None and self.read_concern.document:
                command["readConcern"] = self.read_concern.document
        command["txnNumber"] = Int64(self.server_session.number)
        command["autocommit"] = False

    def sent(self) -> None:
        """A command is about to be sent."""
        if self.state == _TxnState.STARTING:
            self.state = _TxnState.IN_PROGRESS

    def end(self) -> None:
        """Back to the pool."""
        if self._server_session is not None:
            self._pool.give_back(self._server_session)
        self._server_session = None
        self._has_ended = True

    @property
    def has_ended(self) -> bool:
        """Whether it cannot be used any more."""
        return self._has_ended

    def check_may_commit(self) -> bool:
        """Whether there is something to commit.

        Raises:
            InvalidOperation: no transaction was begun, or it was aborted.
        """
        if self._has_ended:
            raise InvalidOperation("Cannot use ended session")
        if self.state == _TxnState.NONE:
            raise InvalidOperation("No transaction started")
        if self.state == _TxnState.ABORTED:
            raise InvalidOperation("Cannot call commitTransaction after calling abortTransaction")
        if self.state in {_TxnState.STARTING, _TxnState.COMMITTED_EMPTY}:
            self.state = _TxnState.COMMITTED_EMPTY
            return False
        self.state = _TxnState.IN_PROGRESS
        return True

    def check_may_abort(self) -> bool:
        """Whether there is something to abort.

        Raises:
            InvalidOperation: no transaction was begun, or it has ended.
        """
        if self._has_ended:
            raise InvalidOperation("Cannot use ended session")
        wrong: dict[Any, str] = {
            _TxnState.NONE: "No transaction started",
            _TxnState.ABORTED: "Cannot call abortTransaction twice",
            _TxnState.COMMITTED: "Cannot call abortTransaction after calling commitTransaction",
            _TxnState.COMMITTED_EMPTY: "Cannot call abortTransaction after calling commitTransaction",
        }
        if self.state in wrong:
            raise InvalidOperation(wrong[self.state])
        if self.state == _TxnState.STARTING:
            self.state = _TxnState.ABORTED
            return False
        return True
