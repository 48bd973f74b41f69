"""Sessions and transactions as the server keeps them.

In:       session ids, transaction numbers.
Out:      open transactions with their uncommitted writes; what a session remembers of its last one.
Promise:  a session has one transaction at a time; a higher number ends an open one. What a retryable write or a
          commit did is remembered by its number, so that a repeat does nothing.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tests.simulation.mongo.errors import ServerError
from tests.simulation.mongo.values import Document
from tests.simulation.mongo.versions import StoredCollection, View

LIFE_S: Final = 60.0
"""`transactionLifetimeLimitSeconds`."""

State = Literal["none", "open", "committed", "aborted", "retryable"]


@dataclass(eq=False, slots=True)
class Transaction:
    """Open, until it is committed or aborted."""

    session: "Session"
    snapshot: int
    """The place in the log that it reads at."""
    writes: dict[StoredCollection, dict[Any, Document | None]] = field(default_factory=dict)
    ended: "list[asyncio.Future[None]]" = field(default_factory=list)
    """Set at its end: plain writes wait for it."""
    timer: asyncio.TimerHandle | None = None

    def view(self) -> View:
        """What its statements see."""
        return View(self.snapshot, self)

    def hold(self, collection: StoredCollection, document_id: Any, after: Document | None) -> None:
        """An uncommitted write."""
        self.writes.setdefault(collection, {})[document_id] = after
        collection.held[document_id] = self
        collection.note(document_id, after)

    def release(self) -> None:
        """Its documents are free again."""
        for collection, documents in self.writes.items():
            for document_id in documents:
                del collection.held[document_id]
        self.writes.clear()
        if self.timer is not None:
            self.timer.cancel()
        for waiting in self.ended:
            if not waiting.done():
                waiting.set_result(None)


@dataclass(eq=False, slots=True)
class Session:
    """What the server knows of one session id."""

    number: int = -1
    """The highest transaction number so far."""
    state: State = "none"
    transaction: Transaction | None = None
    place: int = 0
    """Where in the log its last commit or retryable write is."""
    results: dict[int, tuple[int, Document]] = field(default_factory=dict)
    """What the statements of the retryable write with `number` did: the place in the log, and the answer's part."""
    busy: "asyncio.Future[None] | None" = None
    """Set when the statement that runs in it has ended."""

    def begin(self, number: int) -> None:
        """A retryable write or a transaction with a new number.

        Raises:
            ServerError: 225, the number is an old one.
        """
        if number < self.number:
            raise ServerError(225, f"txnNumber {number} is less than the last one, {self.number}")
        if number > self.number:
            self.abort()
            self.number, self.state = number, "none"
            self.results.clear()

    def current(self, number: int) -> Transaction:
        """The open transaction.

        Raises:
            ServerError: 225, 251 or 256, there is none with this number.
        """
        if number < self.number:
            raise ServerError(225, f"txnNumber {number} is less than the last one, {self.number}")
        if number == self.number and self.state == "committed":
            raise ServerError(256, f"Transaction with number {number} has been committed")
        if number > self.number or self.transaction is None:
            raise ServerError(251, f"Transaction with number {number} is not in progress or has been aborted")
        return self.transaction

    def abort(self) -> None:
        """End an open transaction without its writes."""
        if self.transaction is not None:
            transaction, self.transaction = self.transaction, None
            self.state = "aborted"
            transaction.release()

    def roll_back(self, place: int) -> None:
        """What came later in the log never happened."""
        self.results = {statement: kept for statement, kept in self.results.items() if kept[0] <= place}
        if self.state == "committed" and self.place > place:
            self.state = "aborted"
