"""How the server serves commands: in sessions and transactions, until a majority has what was written.

In:       operations.
Out:      answers; at the end of a session or of the primary, errors for what is in flight.
Promise:  a session runs one statement at a time. An error of a statement aborts its transaction.
"""

import asyncio
from typing import Final

from tests.simulation.mongo.databases import Databases
from tests.simulation.mongo.errors import ENDS, NotModelled, ServerError, labels_of
from tests.simulation.mongo.log import Log
from tests.simulation.mongo.operations import Operation
from tests.simulation.mongo.reads import READS, Reads
from tests.simulation.mongo.transactions import LIFE_S, Session, Transaction
from tests.simulation.mongo.values import Document
from tests.simulation.mongo.versions import View
from tests.simulation.mongo.writes import STATEMENTS, Writer, Writes

DEFINITIONS: Final = frozenset({"create", "collMod", "createIndexes", "dropDatabase"})
PLAIN: Final = frozenset({"ping", "hello", "endSessions"})
CONFIRMED: Final = DEFINITIONS | ENDS | STATEMENTS.keys()
"""Commands that answer when a majority has what was written."""
INTERRUPTED: Final = 11_601
TOO_OLD: Final = 290


class Serving:
    """Lives as long as its deployment."""

    def __init__(self, databases: Databases, log: Log) -> None:
        self._databases = databases
        self._log = log
        self._reads = Reads(databases)
        self._writes = Writes(databases)
        self._sessions: dict[bytes, Session] = {}
        self._running: dict[Operation, None] = {}
        self._open: list[Transaction] = []

    async def run(self, operation: Operation, *, slow_s: float, error: ServerError | None) -> Document:
        """The answer. `error`: what it fails with, instead of having an effect."""
        self._running[operation] = None
        try:
            if slow_s:
                await operation.pause(slow_s)
            if error is not None:
                raise error
            return await self._in_session(operation)
        except ServerError as why:
            return self.failed(operation, why)
        finally:
            del self._running[operation]

    def failed(self, operation: Operation, why: ServerError) -> Document:
        """The answer to an operation that fails; its transaction is aborted, unless it was the commit."""
        command = operation.command
        if command.get("autocommit") is False and operation.name not in ENDS:
            session = self._session_of(operation)
            if session.number == command["txnNumber"]:
                session.abort()
        return why.answer(command)

    async def _in_session(self, operation: Operation) -> Document:
        command = operation.command
        if "txnNumber" not in command:
            return await self._confirmed(operation, await self._plain(operation))
        session = self._session_of(operation)
        while session.busy is not None:
            await operation.wait(session.busy)
        session.busy = busy = asyncio.get_running_loop().create_future()
        try:
            answer = await self._numbered(operation, session)
        finally:
            session.busy = None
            busy.set_result(None)
        if command.get("autocommit") is False and operation.name not in ENDS:
            return answer
        return await self._confirmed(operation, answer)

    async def _plain(self, operation: Operation) -> Document:
        command, name = operation.command, operation.name
        if name in STATEMENTS:
            return await self._writes.run(command, self._writer(operation, None), None)
        if name in READS:
            return self._reads.run(command, View(self._log.majority(asyncio.get_running_loop().time())))
        if name in DEFINITIONS:
            return self._databases.run(command)
        if name == "killSessions":
            self._kill(command["killSessions"])
        elif name not in PLAIN:
            raise NotModelled(f"the command {name}")
        return {"ok": 1.0}

    async def _numbered(self, operation: Operation, session: Session) -> Document:
        """A statement or the end of a transaction, or a retryable write."""
        command, name = operation.command, operation.name
        number = command["txnNumber"]
        if name == "commitTransaction":
            return self._commit(session, number)
        if name == "abortTransaction":
            session.current(number)
            session.abort()
            return {"ok": 1.0}
        if command.get("autocommit") is not False:
            session.begin(number)
            session.state = "retryable"
            return await self._writes.run(command, self._writer(operation, None), session)
        transaction = self._begun(session, number) if command.get("startTransaction") else session.current(number)
        return await self._statement(operation, transaction)

    async def _statement(self, operation: Operation, transaction: Transaction) -> Document:
        if operation.name in READS:
            return self._reads.run(operation.command, transaction.view())
        if operation.name not in STATEMENTS:
            raise NotModelled(f"the command {operation.name} in a transaction")
        answer = await self._writes.run(operation.command, self._writer(operation, transaction), None)
        if "writeErrors" in answer:
            transaction.session.abort()
        return answer

    def _begun(self, session: Session, number: int) -> Transaction:
        if number == session.number and session.state != "none":
            raise ServerError(251, f"Cannot start a transaction at given transaction number {number}")
        session.begin(number)
        transaction = Transaction(session, self._log.last)
        transaction.timer = asyncio.get_running_loop().call_later(LIFE_S, self._expire, transaction)
        session.state, session.transaction = "open", transaction
        self._open.append(transaction)
        return transaction

    def _commit(self, session: Session, number: int) -> Document:
        if number == session.number and session.state == "committed":
            return {"ok": 1.0}
        transaction = session.current(number)
        now_s, horizon = asyncio.get_running_loop().time(), self._horizon()
        place = self._log.append(now_s) if transaction.writes else self._log.last
        for collection, documents in transaction.writes.items():
            for document_id, after in documents.items():
                collection.commit(document_id, after, place, horizon)
        session.state, session.place, session.transaction = "committed", place, None
        transaction.release()
        return {"ok": 1.0}

    async def _confirmed(self, operation: Operation, answer: Document) -> Document:
        """The same answer once a majority has everything that was written so far, or with the reason why not yet."""
        asked = operation.command.get("writeConcern", {}).get("w")
        if asked is None or operation.name not in CONFIRMED:
            return answer  # the default of servers before 5.0: what this server has is enough
        if asked != "majority":
            raise NotModelled(f"the write concern {asked}")
        place = self._log.last
        loop = asyncio.get_running_loop()
        try:
            while self._log.majority(loop.time()) < place:
                if self._log.has_majority:
                    await operation.pause(self._log.after_s(place, loop.time()))
                else:
                    await operation.wait(self._log.changed())
        except ServerError as why:
            labels = labels_of(why.code, operation.command, in_write_concern=True)
            more = {"errorLabels": list(labels)} if labels else {}
            return {**answer, "writeConcernError": why.body(), **more}
        return answer

    def _writer(self, operation: Operation, transaction: Transaction | None) -> Writer:
        return Writer(self._log, self._horizon, operation, transaction)

    def _horizon(self) -> int:
        """The place before which nobody reads."""
        oldest = [transaction.snapshot for transaction in self.open_transactions()]
        return min([self._log.majority(asyncio.get_running_loop().time()), *oldest])

    @property
    def is_idle(self) -> bool:
        """Whether no operation runs."""
        return not self._running

    def open_transactions(self) -> list[Transaction]:
        """Those that are neither committed nor aborted."""
        self._open = [transaction for transaction in self._open if transaction.session.transaction is transaction]
        return self._open

    def _session_of(self, operation: Operation) -> Session:
        assert operation.session_id is not None
        return self._sessions.setdefault(operation.session_id, Session())

    def _expire(self, transaction: Transaction) -> None:
        """Its time is over."""
        if transaction.session.transaction is not transaction:
            return
        for operation in list(self._running):
            if self._sessions.get(operation.session_id or b"") is transaction.session:
                operation.interrupt(ServerError(TOO_OLD))
        transaction.session.abort()

    def _kill(self, sessions: list[Document]) -> None:
        killed = {bytes(wanted["id"]) for wanted in sessions}
        for operation in list(self._running):
            if operation.session_id in killed and operation.name != "killSessions":
                operation.interrupt(ServerError(INTERRUPTED, "operation was interrupted"))
        for session_id in sorted(killed & self._sessions.keys()):
            self._sessions[session_id].abort()

    def lose_primary(self, error: BaseException, kept: int) -> None:
        """Interrupt what runs, abort what is open, and roll back what came later in the log than `kept`."""
        for operation in list(self._running):
            operation.interrupt(error)
        for session in self._sessions.values():
            session.abort()
            session.roll_back(kept)
        for collection in self._databases.all():
            collection.roll_back(kept)
        self._reads.cursors.clear()
        self._log.cut(kept, asyncio.get_running_loop().time())
