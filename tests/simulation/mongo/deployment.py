"""A simulated replica set: what production code's MongoDB is, as far as the service relies on it.

In:       commands, as the driver sends them; faults.
Out:      answers, as a server gives them.
Promise:  a write that was acknowledged is never lost. A transaction reads from one snapshot and is applied as a whole
          or not at all. Of two writers of a document the first wins. A repeated commit or retryable write does
          nothing. The same seed gives the same history.

Not modelled:
- members of their own: a primary's successor has a prefix of its log, at least what a majority had;
- secondaries' reads, sharding, change streams, capped collections, views, collations;
- validators: they are stored and listed, and not applied;
- removal by time (`expireAfterSeconds`);
- limits of size: documents, transactions, caches;
- users and rights;
- reads that yield: a batch of documents is read at one moment;
- causal consistency: a plain read in a session does not wait for what the session saw before;
- a frozen server finishes what it has begun, and its answer waits for the thaw;
- commands of more than 100,000 writes or 48 MB are not split;
- an idle cursor or session does not expire; `endSessions` does nothing.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from random import Random
from typing import Any, Final

from stores.mongo.specs import collections
from tests.simulation.kernel.network import ConnectionLost, Network, Server
from tests.simulation.mongo.databases import Databases
from tests.simulation.mongo.delays import Delays
from tests.simulation.mongo.errors import ServerError
from tests.simulation.mongo.log import Log
from tests.simulation.mongo.operations import Operation
from tests.simulation.mongo.serving import ON_ANY_MEMBER, READS_BY_PREFERENCE, Serving
from tests.simulation.mongo.values import Document, copied
from tests.simulation.mongo.versions import View
from tests.simulation.planned import Moment, Planned, PlannedErrors

NOTICED_S: Final = (0.001, 0.1)
"""Until a client's monitor knows of a change."""


class Deployment:
    """Lives for one history. Faults are its methods, and those of its delays."""

    def __init__(self, network: Network, random: Random) -> None:
        self.network = network
        self.random = random
        self.server = Server("mongo")
        self.databases = Databases()
        self.log = Log(random)
        self.serving = Serving(self.databases, self.log)
        self.has_primary = True
        self.term = 1
        """Counts elections."""
        self.changed_s = 0.0
        """When there last began or ended to be a primary."""
        self.frozen_s: float | None = None
        """Since when it does not answer."""
        self.delays = Delays(random)
        self._planned = PlannedErrors[ServerError]()
        self._elected: list[asyncio.Future[None]] = []

    async def call(self, command: Document, timeout_s: float | None = None) -> Document:
        """What a connection does with a command.

        Raises:
            ConnectionLost: the request or the answer was lost.
            TimeoutError: there was no answer in time.
        """
        term = self.term
        return await self.network.call(self.server, next(iter(command)), lambda: self.run(command, term), timeout_s)

    async def run(self, command: Document, term: int) -> Document:
        """What the server does with a command that was sent to the primary of this term."""
        operation = Operation(command, asyncio.get_running_loop().time())
        is_primary = self.has_primary and term == self.term
        if not is_primary and operation.name not in ON_ANY_MEMBER:
            is_read = operation.name in READS_BY_PREFERENCE and "txnNumber" not in command
            return ServerError(13_435 if is_read else 10_107).answer(command)
        planned = self._planned.next_for(operation.name)
        slow_s = self.delays.command_s(operation.name)
        error = planned.error if planned is not None and planned.moment == "before" else None
        answer = await self.serving.run(operation, slow_s=slow_s, error=error)
        if planned is not None and planned.moment == "after":
            return self.serving.failed(operation, planned.error)
        return answer

    def elected(self, timeout_s: float) -> "asyncio.Future[None]":
        """Set when there is a primary again, or after so long."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._elected.append(future)
        loop.call_later(timeout_s, _set, future)
        return future

    # Faults

    def step_down(self, election_s: float) -> None:
        """The primary steps down; after so long there is another one.

        Operations in flight fail, open transactions are aborted, cursors are gone. Of the writes that a majority did
        not confirm yet, the new primary has some, in the order of the log, or none.
        """
        self._lose_primary(ServerError(11_602, "operation was interrupted"))
        self._later(election_s, self._elect)

    def crash(self) -> None:
        """The server is killed: connections are gone, and what a majority did not confirm is lost or not."""
        self.server.crash()
        self._lose_primary(ConnectionLost("answer"))

    def restart(self, election_s: float = 0.0) -> None:
        """It is up again, and primary after so long."""
        self.server.start()
        self._later(election_s, self._elect)

    def freeze(self) -> None:
        """The server does not answer: what is sent to it waits."""
        self.server.freeze()
        self.frozen_s = asyncio.get_running_loop().time()

    def thaw(self) -> None:
        """It goes on; transactions whose time was over are aborted."""
        self.server.thaw()
        self.frozen_s = None

    def isolate(self, election_s: float) -> None:
        """Nothing reaches the primary, and it reaches nobody; after so long the others have a new one."""
        self.freeze()
        self.lose_majority()
        asyncio.get_running_loop().call_later(
            election_s, self._replace, self.term, context=self.network.outside.copy()
        )

    def lose_majority(self) -> None:
        """Writes are done, and not confirmed."""
        self.log.lose_majority()

    def regain_majority(self) -> None:
        """Writes are confirmed again."""
        self.log.regain_majority(asyncio.get_running_loop().time())

    def slow_majority(self, late_s: float) -> None:
        """Each write is confirmed so much later; 0 ends it."""
        self.log.late_s = late_s

    def fail(
        self,
        code: int,
        operation: str | None = None,
        *,
        moment: Moment = "before",
        labels: tuple[str, ...] | None = None,
        count: int = 1,
    ) -> None:
        """The next commands of this name, or of any, get an error. `labels`: None for those that a server adds."""
        self._planned.add(Planned(ServerError(code, labels=labels), operation, moment, count))

    def heal(self) -> None:
        """All faults end; a server that is down must be restarted, and an election runs to its end."""
        self._planned.clear()
        self.delays.end()
        self.slow_majority(0.0)
        self.regain_majority()
        self.thaw()

    def _later(self, seconds: float, step: Callable[[int], None]) -> None:
        """Outside of every process; a later election makes the step void."""
        context = self.network.outside.copy()
        asyncio.get_running_loop().call_later(seconds, step, self.term, context=context)

    def _lose_primary(self, error: Exception) -> None:
        now_s = asyncio.get_running_loop().time()
        self.has_primary, self.changed_s = False, now_s
        self.term += 1
        kept = self.random.randint(self.log.majority(now_s), self.log.last)
        self.serving.lose_primary(error, kept)

    def _replace(self, term: int) -> None:
        if term == self.term:
            self._lose_primary(ConnectionLost("answer"))
            self.thaw()
            self._elect(self.term)

    def _elect(self, term: int) -> None:
        if self.has_primary or term != self.term or not self.server.is_up:
            return
        self.has_primary, self.changed_s = True, asyncio.get_running_loop().time()
        elected, self._elected = self._elected, []
        for future in elected:
            _set(future)

    def prepare(self, database: str, ledger_days: int = 30) -> None:
        """Make the service's collections and indexes at once, as its migration would, without validators."""
        for spec in collections(ledger_days):
            self.databases.run({"create": spec.name, "$db": database})
            indexes = [{"name": index.name, "key": index.keys, **index.options()} for index in spec.indexes]
            self.databases.run({"createIndexes": spec.name, "indexes": indexes, "$db": database})

    # Read-outs

    def documents(self, database: str) -> Mapping[str, list[Document]]:
        """All documents by collection, the newest versions."""
        newest = View(1 << 62)
        return {
            name: [copied(document) for document in collection.found({}, newest)]
            for name, collection in self.databases.of(database).items()
        }

    def is_settled(self) -> bool:
        """Whether nothing runs, no transaction is open, and a majority has everything."""
        now_s = asyncio.get_running_loop().time()
        is_confirmed = self.log.majority(now_s) >= self.log.last
        return self.has_primary and is_confirmed and self.serving.is_idle and not self.open_transactions()

    def open_transactions(self) -> int:
        """How many are neither committed nor aborted."""
        return len(self.serving.open_transactions())


def _set(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


DEPLOYMENT: ContextVar[Any] = ContextVar("DEPLOYMENT")
"""The deployment that new clients connect to."""
